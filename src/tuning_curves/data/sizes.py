"""How large a file may be that is read whole."""

from tuning_curves.util.errors import DataError

LARGEST_BYTES = 1 << 29  # reading takes several times a file's size, 30 MB in our studies


def check_size(size: int, name: str) -> None:
    """Refuse what is too large."""
    if size > LARGEST_BYTES:
        raise DataError(
            f"{name}: {size:,} bytes, expected {LARGEST_BYTES:,} or fewer",
            fix="write the examples that are to be used into a file of their own",
        )
