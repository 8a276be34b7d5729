"""How numbers and lists are written in tables, figures and sentences."""

from collections.abc import Iterable, Sequence

import pandas as pd

from tuning_curves.util import errors

plural = errors.plural  # `1 run`, `3,000 runs`

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"  # what a table shows where there is no value


def number(value: float, decimals: int, *, sign: bool = False) -> str:
    """Fixed decimals, thousands apart, a true minus; `sign` also writes a plus."""
    if pd.isna(value):
        return NOTHING
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def whole(value: float) -> str:
    """A count: 1,000."""
    return number(value, 0)


def points(value: float) -> str:
    """A score in percent: 34.8."""
    return number(value, 1)


def difference(value: float) -> str:
    """A difference of scores: +6.0."""
    return number(value, 1, sign=True)


def significant(value: float, digits: int = 3) -> str:
    """So many significant digits, never in powers of ten: 0.0041, 12.3, 1,230."""
    if pd.isna(value):
        return NOTHING
    if value == 0:
        return "0"
    exponent = int(f"{abs(value):.{digits - 1}e}".partition("e")[2])
    return number(value, max(0, digits - 1 - exponent))


def percent(share: float) -> str:
    """A fraction as percent without the sign: 0.114."""
    return significant(100 * share)


def rate(value: float) -> str:
    """A learning rate: 1.5e-4."""
    if pd.isna(value):
        return NOTHING
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def megabytes(value: float) -> str:
    """Bytes as MB of 10^6 bytes, without the unit."""
    return significant(value / 1e6)


def billions(value: float) -> str:
    """Operations in units of 10^9, without the unit."""
    return significant(value / 1e9)


def power(value: float) -> str:
    """A value of any size, in powers of ten where it is small: 0.0123, 4.1e-9."""
    if pd.isna(value):
        return NOTHING
    return significant(value) if value == 0 or abs(value) >= 1e-4 else rate(value)


def p_value(value: float) -> str:
    """A probability; what four decimals cannot show is written as a bound."""
    if pd.isna(value):
        return NOTHING
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """`[32.1, 37.0]`, or a dash where there is none."""
    if pd.isna(low) or pd.isna(high):
        return NOTHING
    return f"[{number(low, 1, sign=sign)}, {number(high, 1, sign=sign)}]"


def size_interval(low: float, high: float) -> str:
    """`[240, 420]` for training sizes."""
    return NOTHING if pd.isna(low) or pd.isna(high) else f"[{whole(low)}, {whole(high)}]"


def plain_interval(low: float, high: float) -> str:
    """`[0.31, 12.4]` where the unit is the reader's to know."""
    if pd.isna(low) or pd.isna(high):
        return NOTHING
    return f"[{significant(low)}, {significant(high)}]"


def power_interval(low: float, high: float) -> str:
    """`[0.31, 12.4]` of values of any size."""
    return NOTHING if pd.isna(low) or pd.isna(high) else f"[{power(low)}, {power(high)}]"


def join(items: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    listed = list(items)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"


def span(values: Iterable[float]) -> str:
    """Least and greatest of some counts: `3`, `2 to 10`."""
    least, *_, greatest = sorted([*values] * 2)
    return whole(least) if least == greatest else f"{whole(least)} to {whole(greatest)}"


def sizes(values: Sequence[int]) -> str:
    """`n = 100, 250 and 1,000`."""
    return f"n = {join(whole(n) for n in values)}"


def few_sizes(values: Sequence[int]) -> str:
    """As `sizes`; of a long list, the ends and the count."""
    if len(values) <= 4:
        return sizes(values)
    return f"{len(values)} sizes from n = {whole(values[0])} to {whole(values[-1])}"


def capital(text: str) -> str:
    """The first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]


def percent_level(level: float) -> str:
    """The level of the intervals: `95 %`, with a space that does not break."""
    return f"{significant(100 * level, 3).rstrip('0').rstrip('.')}\N{NO-BREAK SPACE}%"
