"""The methods' looks as matplotlib takes them, their order and groups; the figures' theme.

What each method looks like is stated with the method itself (`methods.table`).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from tuning_curves.methods import table
from tuning_curves.methods.entry import MAIN, MethodEntry
from tuning_curves.methods.registry import describe
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import write_whole

BLACK, GREY, VERMILION = table.BLACK, table.GREY, table.VERMILION
SINGLY = 8  # so many methods have a sentence each; of more, only the main ones have


def method_style(name: str) -> MethodEntry:
    """The entry of a method, which has its look; sized variants included.

    Raises:
        UsageError: no method has this name.
    """
    try:
        return describe(name)
    except UsageError as error:
        raise UsageError(
            f"no style for the method {name!r}: {error.message}", fix=error.fix
        ) from None


def families(names: Iterable[str]) -> dict[str, list[str]]:
    """Methods by group, both in the order of legends; the main five are a group of their own."""
    found: dict[str, list[str]] = {}
    for name in ordered(names):
        entry = method_style(name)
        found.setdefault(MAIN if entry.main else entry.group, []).append(name)
    titles = [*table.GROUPS, *(title for title in found if title not in table.GROUPS)]
    return {title: found[title] for title in titles if title in found}


def main_ones(names: Iterable[str]) -> list[str]:
    """The methods that have a sentence each: all of a few, the main ones of many."""
    found = ordered(names)
    return found if len(found) <= SINGLY else families(found).get(MAIN, [])


def label(name: str) -> str:
    """The method's name as legends and tables write it."""
    return method_style(name).label


def ordered(names: Iterable[str]) -> list[str]:
    """Each of these methods once, in the order of legends and tables."""
    return sorted(set(names), key=lambda name: method_style(name).order)


def line_options(name: str) -> dict[str, Any]:
    """A method's look as options of `Axes.plot` and `Axes.errorbar`."""
    style = method_style(name)
    dashes = "solid" if style.dashes is None else (0, style.dashes)
    return {
        "color": style.colour,
        "linestyle": dashes,
        "marker": style.marker,
        "markerfacecolor": style.colour if style.filled else "white",
        "markeredgecolor": style.colour if not style.filled else "white",
        "markeredgewidth": 0.9 if not style.filled else 0.5,
        "label": style.label,
    }


SETTINGS = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.linewidth": 0.7,
    "axes.edgecolor": "#444444",
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "lines.linewidth": 1.4,
    "lines.markersize": 5.5,
    "svg.hashsalt": "tuning-curves",  # else the ids of an SVG are random
    "svg.fonttype": "path",  # a paper then needs no font of this machine
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}


@contextmanager
def theme() -> Iterator[None]:
    """The look of all figures, for as long as the block lasts."""
    import seaborn

    with seaborn.axes_style("ticks"), rc_context(SETTINGS):
        yield


UNDATED: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None},
}


def save(figure: Figure, stem: Path, kinds: Iterable[str] = tuple(UNDATED)) -> list[Path]:
    """Write `<stem>.svg` and `<stem>.pdf`, or one of them; equal figures give equal bytes.

    Returns:
        the files, in the order of `kinds`.
    """
    figure.draw_without_rendering()  # the layout settles in the first drawing
    paths = []
    for kind in kinds:
        path = stem.with_name(f"{stem.name}.{kind}")
        with theme(), write_whole(path) as stream:
            figure.savefig(stream, format=kind, metadata=UNDATED[kind])
        paths.append(path)
    return paths
