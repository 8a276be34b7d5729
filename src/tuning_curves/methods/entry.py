"""A method's one declaration: its name, what it trains, how it looks and where it comes from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tuning_curves.encoders.families.base import Trains
from tuning_curves.methods.extent import Adds, trains_nothing

Dashes = tuple[float, ...] | None  # lengths of line and gap in points; None is a solid line
MAIN = "main methods"


@dataclass(frozen=True, kw_only=True)
class MethodEntry:
    """One way of tuning, as studies, paths, tables, legends and the paper name it.

    Attributes:
        name: of a method that carries a size, without it (`adapter-houlsby`, `top`).
        label: as legends and tables write it.
        order: place in legends and tables: the method's own, and its variant's.
        group: of the methods that a figure shows together; `main` ones are a group of their own.
        marker: matplotlib's sign; filled: whether its face has the colour or is white.
        equation: what is trained, in the notation of the source; `{size}` stands for the size.
        source: paper and section.
        rates: learning rates to begin a grid with, for BERT-base, and whose they are.
        deviations: where this package departs from the source, as sentences.
        trains: which parameters of the encoder are trained whole.
        like: a method, as many single numbers as which are trained besides.
        adds: how many numbers the modules have that the method puts into the model.
        needs: parameters that an encoder's layers must have, as `q.bias`; replaces: those that they
            must not have, since the method adds them; instead: what to use where it does not apply.
        size: whether the name has a size: "never", "may" or "must"; at_none: the size that the
            equation names without one; resized: what else changes with it.
        pretrained: whether what it trains starts from the encoder's own weights.
        packages: what its arithmetic needs besides the engine's packages; records state versions.
    """

    name: str
    label: str
    order: tuple[int, int]
    group: str
    colour: str
    marker: str
    dashes: Dashes = None
    filled: bool = True
    main: bool = False
    equation: str
    source: str
    rates: tuple[float, ...] = ()
    rates_source: str = "ours"
    deviations: str = ""
    trains: Trains = trains_nothing
    like: str | None = None
    adds: Adds | None = None
    needs: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    instead: str = ""
    size: str = "never"
    at_none: str = ""
    resized: Callable[[int], dict[str, Any]] = lambda _size: {}
    pretrained: bool = True
    packages: tuple[str, ...] = ()

    def at(self, size: int | None) -> "MethodEntry":
        """The entry of the method with this size in its name."""
        if size is None:
            return replace(self, equation=self.equation.replace("{size}", self.at_none))
        label = f"{self.label[:-1]}, {size})" if ")" in self.label else f"{self.label} ({size})"
        variant = vary(self, label, size, size.bit_length())
        equation = self.equation.replace("{size}", str(size))
        changes = {"name": f"{self.name}-{size}", "equation": equation, **self.resized(size)}
        return replace(variant, **changes)


def vary(base: MethodEntry, label: str, place: int, pattern: int) -> MethodEntry:
    """A method's variant: white face, and dots between its dashes."""
    return replace(
        base,
        label=label,
        order=(base.order[0], place),
        dashes=dotted(pattern),
        filled=not base.filled,
        main=False,
    )


def dotted(pattern: int) -> Dashes:
    """One to nine dots between dashes."""
    return (5.0, 1.5) + (1.0, 1.5) * (1 + (pattern - 1) % 9)
