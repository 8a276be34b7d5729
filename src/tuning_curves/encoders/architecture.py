"""Which encoders can be used, told by their configuration alone, before anything heavy is loaded.

Those of a known family (`families`). Relatives of theirs are refused although they would load:
MPNet, say, adds a position bias outside the attention function. Code that a checkpoint brings along
(`auto_map`) is never run, so what asks for it is refused.
"""

from pathlib import Path
from typing import Any

from tuning_curves.encoders.families import find_family, known_types
from tuning_curves.encoders.families.base import Family
from tuning_curves.util.errors import DataError, UsageError, quoted
from tuning_curves.util.files import read_json

FIX_ENCODER = "fetch the encoder again"
MOST_LAYERS, MOST_WIDTH = 1_000, 100_000  # far above any; what lies beyond is a damaged number
NEEDS_CODE = "asks for Python code of its own ('auto_map'), which is never run"


def read_architecture(path: Path) -> tuple[Family, dict[str, Any]]:
    """The family of a config.json and what the file holds.

    Raises:
        DataError: no configuration of an encoder, or one with sizes that cannot be.
        UsageError: an architecture that this package cannot feed as the library does, a variant
            that is computed otherwise, or one that comes with code of its own.
    """
    config = read_json(path, what="the encoder's configuration", fix=FIX_ENCODER)
    if not isinstance(config, dict) or "model_type" not in config:
        raise DataError(
            f"{path}: no 'model_type' (expected the configuration of a Hugging Face encoder)",
            fix=FIX_ENCODER,
        )
    refuse_code(path, config)
    try:
        family = find_family(config["model_type"])
    except KeyError:
        raise UsageError(
            f"{path}: model_type {config['model_type']!r}{_called(config)} (expected "
            f"{', '.join(known_types())}: other encoders would load, and compute something else "
            "without padding)",
            fix=_fix_choice(),
        ) from None
    _check_variant(path, config, family)
    _check_sizes(path, config, family)
    return family, config


def _fix_choice() -> str:
    *others, last = known_types()
    return f"choose an encoder of model_type {', '.join(others)} or {last}"


def refuse_code(path: Path, config: Any) -> None:
    """Refuse a config.json or tokenizer_config.json that asks for code beside it."""
    if isinstance(config, dict) and config.get("auto_map"):
        raise UsageError(f"{path}: {NEEDS_CODE}", fix=_fix_choice())


def _called(config: dict[str, Any]) -> str:
    """The architecture as the checkpoint calls it, for the message."""
    names = config.get("architectures")
    first = names[0] if isinstance(names, list) and names else None
    return f", {quoted(first)}" if isinstance(first, str) else ""


def _check_variant(path: Path, config: dict[str, Any], family: Family) -> None:
    """Variants that the library computes otherwise than this package does."""
    for key, (plain, reason) in family.variants.items():
        value = _look_up(config, key)
        if value not in (plain, None):
            raise UsageError(
                f"{path}: {key} is {value!r}, expected {plain!r} ({reason})",
                fix=_fix_choice(),
            )


def _look_up(config: dict[str, Any], key: str) -> Any:
    """The value of a key, or of one inside another (`outer.inner`); None if there is none."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _check_sizes(path: Path, config: dict[str, Any], family: Family) -> None:
    """Numbers that would be asked of memory before anything else notices them."""
    most = dict.fromkeys(("width", "embedding_width", "feed_forward"), MOST_WIDTH)
    most |= {"layers": MOST_LAYERS, "positions": 10 * MOST_WIDTH}
    most |= {"vocabulary": 100 * MOST_WIDTH, "types": MOST_LAYERS, "padding": 100 * MOST_WIDTH}
    for name, limit in most.items():
        key, least = family.keys.get(name), 0 if name == "padding" else 1
        value = 1 if key is None else config.get(key, 1)
        if type(value) is not int or not least <= value <= limit:
            raise DataError(
                f"{path}: {key} is {value!r}, expected a whole number from {least} to {limit:,}",
                fix=FIX_ENCODER,
            )
