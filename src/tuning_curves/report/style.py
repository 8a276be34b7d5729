"""Colours, markers, dashes, labels and order of the methods, in one table; the figures' theme.

Hues are those of Okabe and Ito, and of Tol for the families that theirs do not reach; both can be
told apart by readers with any colour vision. A family shares a hue; inside it marker, fill and
dashes differ, so that a figure can also be read in grey.
"""

import difflib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import write_whole

Dashes = tuple[float, ...] | None  # lengths of line and gap in points; None is a solid line

BLACK, GREY = "#000000", "#5F5F5F"
VERMILION, ORANGE, BLUE, SKY = "#D55E00", "#E69F00", "#0072B2", "#56B4E9"
GREEN, PURPLE = "#009E73", "#CC79A7"
WINE, OLIVE = "#882255", "#84841A"


@dataclass(frozen=True, kw_only=True)
class MethodStyle:
    """How a method looks everywhere.

    Attributes:
        order: place in legends and tables; variants follow their family.
        marker: matplotlib's sign; filled: whether its face has the colour or is white.
    """

    label: str
    order: tuple[int, int]
    colour: str
    marker: str
    dashes: Dashes
    filled: bool = True


def _row(
    label: str, order: int, colour: str, marker: str, dashes: Dashes, filled: bool = True
) -> MethodStyle:
    return MethodStyle(
        label=label, order=(order, 0), colour=colour, marker=marker, dashes=dashes, filled=filled
    )


STYLES: dict[str, MethodStyle] = {
    "full": _row("full fine-tuning", 0, BLACK, "o", None),
    "bitfit": _row("BitFit", 1, VERMILION, "s", (6, 2)),
    "adapter-houlsby": _row("adapter (Houlsby)", 2, BLUE, "^", (4, 1.5, 1, 1.5)),
    "adapter-pfeiffer": _row("adapter (Pfeiffer)", 3, SKY, "v", (3, 1, 1, 1, 1, 1)),
    "head": _row("head only", 4, GREY, "X", (1, 1.5)),
    "top": _row("top layers", 5, GREEN, "D", (8, 2)),
    "layernorm": _row("LayerNorm only", 6, PURPLE, "P", (5, 1.5)),
    "attention": _row("attention only", 7, PURPLE, "p", (2, 1), False),
    "random-mask": _row("random mask", 8, ORANGE, "<", (3, 3)),
    "random-rows": _row("random rows", 9, ORANGE, ">", (1, 3), False),
    "fisher-mask": _row("Fisher mask", 10, ORANGE, "d", (7, 1.5, 1, 1.5)),
    "lora": _row("LoRA", 11, WINE, "h", (10, 2)),
    "ia3": _row("IA3", 12, WINE, "*", (5, 1, 2, 1)),
    "prefix": _row("prefix tuning", 13, WINE, "H", (2, 2), False),
    "scratch": _row("from scratch", 14, OLIVE, "o", (1, 1), False),
    "rnn": _row("BiLSTM reader", 15, OLIVE, "s", (4, 4), False),
    "fixed-window": _row("fixed-window reader", 16, OLIVE, "D", (2, 4), False),
}
PLAIN = tuple(name for name in STYLES if name != "top")
TERMS = {
    "qm2": "D", "q": "o", "k": "s", "v": "d", "m1": "<", "ln1": "P", "m2": ">", "m3": "p",
    "ln2": "X",
}  # fmt: skip
FAMILIES = (  # name, and the places in the order of legends that it takes in
    ("some of the biases", range(1, 2)),
    ("added modules", (2, 3, 11, 12, 13)),
    ("by depth or type", range(5, 8)),
    ("single parameters", range(8, 11)),
    ("without pre-training", range(14, 17)),
)
MAIN = "main methods"
SINGLY = 8  # so many methods have a sentence each; of more, only the main ones have
SIZED = re.compile(r"(adapter-houlsby|adapter-pfeiffer|lora|prefix)-([1-9]\d*)")
TOP = re.compile(r"top-([1-9]\d*)")
BIASES = re.compile(r"bitfit-([a-z0-9]+)")


def method_style(name: str) -> MethodStyle:
    """The style of a method, sized variants included.

    Raises:
        UsageError: no method has this name.
    """
    if name in PLAIN:
        return STYLES[name]
    if name == "random-mask-qm2":
        return _variant(STYLES["random-mask"], "random mask (q, m2)", 1, 1)
    if match := SIZED.fullmatch(name):
        base, size = STYLES[match[1]], int(match[2])
        label = f"{base.label[:-1]}, {size})" if ")" in base.label else f"{base.label} ({size})"
        return _variant(base, label, size, size.bit_length())
    if match := TOP.fullmatch(name):
        layers = int(match[1])
        label = "top layer" if layers == 1 else f"top {layers} layers"
        return replace(_variant(STYLES["top"], label, layers, layers), **_digits(layers))
    if (match := BIASES.fullmatch(name)) and match[1] in TERMS:
        place = list(TERMS).index(match[1]) + 1
        terms = "q, m2" if match[1] == "qm2" else match[1].replace("ln", "LN")
        style = _variant(STYLES["bitfit"], f"BitFit ({terms})", place, place)
        return replace(style, marker=TERMS[match[1]])
    near = difflib.get_close_matches(name, PLAIN, n=1)
    raise UsageError(
        f"no style for the method {name!r} (known: {', '.join(PLAIN)}, an adapter, lora or "
        "prefix with its size, top-K, and bitfit with one of its terms)",
        fix=f"did you mean {near[0]!r}?" if near else "add it to STYLES in report/style.py",
    )


def _variant(base: MethodStyle, label: str, place: int, pattern: int) -> MethodStyle:
    """A family's member: white face, and one to nine dots between its dashes."""
    dashes = (5.0, 1.5) + (1.0, 1.5) * (1 + (pattern - 1) % 9)
    return replace(
        base, label=label, order=(base.order[0], place), dashes=dashes, filled=not base.filled
    )


def _digits(layers: int) -> dict[str, Any]:
    """The number itself as the mark, in its own colour."""
    return {"marker": f"$\\mathbf{{{layers}}}$", "filled": True}


def families(names: Any) -> dict[str, list[str]]:
    """Methods by family, both in the order of legends; the main five are a family of their own."""
    found: dict[str, list[str]] = {}
    for name in ordered(names):
        family, place = method_style(name).order
        main = family < 5 and place == 0
        title = MAIN if main else next(t for t, members in FAMILIES if family in members)
        found.setdefault(title, []).append(name)
    titles = [MAIN, *(title for title, _ in FAMILIES)]
    return {title: found[title] for title in titles if title in found}


def main_ones(names: Any) -> list[str]:
    """The methods that have a sentence each: all of a few, the main ones of many."""
    found = ordered(names)
    return found if len(found) <= SINGLY else families(found).get(MAIN, [])


def label(name: str) -> str:
    """The method's name as legends and tables write it."""
    return method_style(name).label


def ordered(names: Any) -> list[str]:
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


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write `<stem>.svg` and `<stem>.pdf`; equal figures give equal bytes.

    Returns:
        the files, SVG first.
    """
    undated = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}
    figure.draw_without_rendering()  # the layout settles in the first drawing
    paths = []
    for kind, metadata in undated.items():
        path = stem.with_name(f"{stem.name}.{kind}")
        with theme(), write_whole(path) as stream:
            figure.savefig(stream, format=kind, metadata=metadata)
        paths.append(path)
    return paths
