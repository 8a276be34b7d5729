"""Methods from a person's own files: a study's `plugins: [my_method.py]`.

A plug-in is one Python file with `METHOD = PluginMethod(...)`. It is run when a study that names it
is read, and travels as text with the study and its jobs, so that a training process needs no path.
The sha256 of its bytes is in the identity of every run of its method. What it imports besides is
in no identity: one file, and packages that are installed. Nothing here loads torch.
"""

import functools
import hashlib
import importlib.metadata
import re
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.encoders.families.base import TERMS, EncoderShape, Place, Trains
from tuning_curves.methods import registry
from tuning_curves.methods.entry import Dashes, MethodEntry
from tuning_curves.methods.extent import trains_nothing
from tuning_curves.util.errors import ResourceError, TuningCurvesError, UsageError, one_line

if TYPE_CHECKING:
    import torch

    from tuning_curves.encoders.model import EncoderModel

GROUP = "plug-ins"
KINDS = ("weight", "bias")
PARTS = (
    *TERMS, "qkv", "preLN1", "preLN2",
    "word", "position", "type", "LN", "projection", "topLN", "pooler",
)  # fmt: skip
NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
MARKERS = ["o", "v", "^", "<", ">", "s", "p", "P", "*", "h", "H", "X", "D", "d", "8"]
# Looks for those that name none: hues that no built-in method has, and unlike each other in grey.
COLOURS = ("#332288", "#7B3F00", "#117777", "#AA2299")
FREE_MARKERS = ("8", "p", "h")
DASHES: tuple[Dashes, ...] = ((9, 1.5, 3, 1.5), (3, 1, 3, 1, 1, 1), (12, 3), (6, 1, 1, 1, 1, 1))
MOST = len(COLOURS) * len(FREE_MARKERS)  # plug-ins of one study: so many looks there are
FIX_FILE = "correct the file; docs/your-method.md shows one in ten lines"


@dataclass(frozen=True)
class Plugin:
    """A plug-in's file: what it is called in messages, and its text."""

    file: str
    text: str

    def __post_init__(self) -> None:
        if not (isinstance(self.file, str) and isinstance(self.text, str)):
            raise TypeError("a plug-in's file and text are strings")
        self.text.encode("utf-8")  # raises ValueError for what no file holds

    @functools.cached_property
    def sha256(self) -> str:
        """Of the file's bytes."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    def to_json(self) -> dict[str, str]:
        """As a job holds it."""
        return {"file": self.file, "text": self.text}


@dataclass(frozen=True, kw_only=True)
class PluginMethod:
    """What a plug-in's file says of its method.

    Attributes:
        name: as studies and paths have it: lower case, digits and hyphens.
        label: as legends and tables have it.
        equation: what is trained, in a line; the paper quotes it.
        trains: the canonical parts that are trained, of every layer that has them (`q.bias`, `m2`,
            `LN1`; `encoders.families.base` has the list), or a predicate (`methods.extent`).
        adds: how many numbers `extend` adds to an encoder of a shape.
        extend: puts parameters into a model, in place; they are trained.
        initialise: draws them anew from a generator; None where `extend` leaves them as they start.
        needs: parts that the encoder must have besides those that are named in `trains`.
        source: paper and section; the file where there is none.
        deviations: where it departs from its source, in sentences.
        colour, marker: `#rrggbb` and matplotlib's sign; None: free ones.
        packages: distributions that its arithmetic needs; records state their versions.
    """

    name: str
    label: str
    equation: str
    trains: Sequence[str] | Trains = ()
    adds: Callable[[EncoderShape], int] | None = None
    extend: "Callable[[EncoderModel], None] | None" = None
    initialise: "Callable[[EncoderModel, torch.Generator], None] | None" = None
    needs: Sequence[str] = ()
    source: str = ""
    deviations: str = ""
    colour: str | None = None
    marker: str | None = None
    packages: Sequence[str] = ()


def read_plugin(path: Path, file: str | None = None) -> Plugin:
    """A plug-in's file.

    Args:
        file: what it is called in messages; its path if None.

    Raises:
        ResourceError: it cannot be read.
        UsageError: not UTF-8.
    """
    try:
        return Plugin(file or str(path), path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 ({error})", fix=FIX_FILE) from None
    except OSError as error:
        raise ResourceError(
            f"{path}: the plug-in cannot be read ({error.strerror})",
            fix="correct the path, which in a study is relative to the study's file",
        ) from None


def register_plugin(plugin: Plugin) -> str:
    """Run a plug-in's file and add its method, unless this process has it; returns its name.

    Raises:
        UsageError: not Python, it stops, has no method, or one that cannot be meant; another
            method has its name, label or colour.
    """
    known = {sha256: name for name, sha256 in registry.plugin_names().items()}
    if plugin.sha256 not in known:
        method = _method_of(plugin)
        _check(plugin, method)
        entry = _entry(plugin, method)
        registry.register(entry, lambda _size: _implement(plugin, method), plugin.sha256)
        return entry.name
    return known[plugin.sha256]


def check_plugin(name: str, sha256: str | None) -> None:
    """Make sure that a run's method is the one that this process has under its name.

    Args:
        sha256: of the file that defined the run's method; None: the package did.

    Raises:
        UsageError: the plug-in is not at hand, or another one has its name.
    """
    found = registry.plugin_sha256(name)
    if found == sha256:
        return
    if found is None:
        raise UsageError(
            f"{name!r} is the method of a plug-in, whose file has sha256 {sha256}",
            fix="give that file with --plugin",
        )
    raise UsageError(
        f"the plug-in of {name!r} has sha256 {found}, and this was trained with {sha256}: the file "
        "has changed since",
        fix="give the file as it was then, or train again with this one",
    )


def _method_of(plugin: Plugin) -> PluginMethod:
    module = types.ModuleType(f"tuning_curves_plugin_{plugin.sha256[:12]}")
    sys.modules[module.__name__] = module  # dataclasses and pickling look their module up
    try:
        code = compile(plugin.text.encode("utf-8"), plugin.file, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # a person's own file, which their study names
    except (SyntaxError, ValueError) as error:
        if not isinstance(error, SyntaxError) or error.filename != plugin.file:
            raise stopped(plugin, "its top level", error) from None
        raise UsageError(
            f"{plugin.file}, line {error.lineno}: not Python ({error.msg})", fix=FIX_FILE
        ) from None
    except TuningCurvesError:
        raise
    except (Exception, SystemExit) as error:
        raise stopped(plugin, "its top level", error) from None
    found = getattr(module, "METHOD", None)
    if not isinstance(found, PluginMethod):
        what = "no METHOD" if found is None else f"a METHOD that is {type(found).__name__}"
        raise UsageError(
            f"{plugin.file}: has {what}, expected `METHOD = PluginMethod(...)`", fix=FIX_FILE
        )
    return found


def stopped(plugin: Plugin, what: str, error: BaseException) -> UsageError:
    """The error of a plug-in whose code raises one, with the last line of its own."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((f", line {f.lineno}" for f in frames[::-1] if f.filename == plugin.file), "")
    reason = one_line(error)
    return UsageError(
        f"{plugin.file}{line}: {what} stops with {type(error).__name__}"
        + (f": {reason[:300]}" if reason else ""),
        fix="correct the file; a plug-in imports installed packages, and no file beside it"
        if isinstance(error, ImportError)
        else FIX_FILE,
    )


def _check(plugin: Plugin, method: PluginMethod) -> None:
    """Whether the method can be meant, and is told apart from all that there are."""
    for key in ("name", "label", "equation", "source", "deviations"):
        value = getattr(method, key)
        if not isinstance(value, str) or not value.isprintable():
            raise _refused(plugin, key, value, "text on one line")
    if not re.fullmatch(NAME, method.name):
        raise _refused(plugin, "name", method.name, "lower case, digits and hyphens, as my-method")
    if not 1 <= len(method.label) <= 40:
        raise _refused(plugin, "label", method.label, "1 to 40 characters")
    if not method.equation:
        raise _refused(plugin, "equation", "", "what is trained, in a line")
    for key in ("adds", "extend", "initialise"):
        value = getattr(method, key)
        if value is not None and not callable(value):
            raise _refused(plugin, key, value, "a function")
    if (method.adds is None) != (method.extend is None):
        raise UsageError(
            f"{plugin.file}: has {'extend' if method.adds is None else 'adds'} alone, expected "
            "both: `extend` adds parameters, and `adds` says how many of an encoder's shape",
            fix=FIX_FILE,
        )
    if method.extend is None and not callable(method.trains) and not method.trains:
        raise UsageError(
            f"{plugin.file}: trains nothing and adds nothing, which is the method 'head'",
            fix=FIX_FILE,
        )
    for key in ("needs", *(() if callable(method.trains) else ("trains",))):
        _check_parts(plugin, key, getattr(method, key))
    if isinstance(method.packages, str) or not all(isinstance(p, str) for p in method.packages):
        raise _refused(plugin, "packages", method.packages, "a list of distributions' names")
    _check_look(plugin, method)
    _check_taken(plugin, method)


def _refused(plugin: Plugin, key: str, value: Any, expected: str) -> UsageError:
    return UsageError(f"{plugin.file}: {key} is {value!r}, expected {expected}", fix=FIX_FILE)


def _check_parts(plugin: Plugin, key: str, names: Any) -> None:
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise _refused(plugin, key, names, "a list of parts, such as ['q.bias', 'LN1']")
    for name in names:
        part, _, kind = str(name).partition(".")
        if part not in PARTS or kind not in ("", *KINDS):
            raise _refused(
                plugin, key, name, f"one of {', '.join(PARTS)}, alone or with .weight or .bias"
            )


def _check_look(plugin: Plugin, method: PluginMethod) -> None:
    colour, marker = method.colour, method.marker
    if colour is not None:
        if not isinstance(colour, str) or not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
            raise _refused(plugin, "colour", colour, "six hexadecimal digits, as '#332288'")
        if colour.upper() in registry.colours():
            raise _refused(plugin, "colour", colour, "one that no other method has; or none")
    if marker is not None and marker not in MARKERS:
        raise _refused(plugin, "marker", marker, f"one of {' '.join(MARKERS)}")


def _check_taken(plugin: Plugin, method: PluginMethod) -> None:
    """A name of the package's, sizes and all, or of another plug-in's."""
    try:
        base, _ = registry.parse_name(method.name)
    except UsageError:
        pass
    else:
        other = registry.plugin_sha256(base)
        if other is None:
            whose, fix = "the package has a method", "rename it"
        else:
            whose = f"another plug-in (sha256 {other[:12]}…) has one"
            fix = "rename one of them; after an edit, start the process anew"
        raise UsageError(
            f"{plugin.file}: name is {method.name!r}, and {whose} of this name", fix=fix
        )
    taken = {registry.describe(name).label: name for name in registry.list_names()}
    if method.label in taken:
        raise UsageError(
            f"{plugin.file}: label is {method.label!r}, which {taken[method.label]!r} has already",
            fix="choose another label",
        )


def _entry(plugin: Plugin, method: PluginMethod) -> MethodEntry:
    """The method's entry, beside those of `table`."""
    place = len(registry.plugin_names())
    trains, own = _trains(method.trains)
    adds = method.adds
    file = Path(plugin.file).name
    about = (
        f"No method of the package: the study's {file} (sha256 {plugin.sha256[:12]}…) defines it. "
        f"It trains: {method.equation}. {method.deviations}"
    )
    return MethodEntry(
        name=method.name,
        label=method.label,
        order=(1_000 + place, 0),
        group=GROUP,
        colour=method.colour or _free_colour(place),
        marker=method.marker or FREE_MARKERS[place % len(FREE_MARKERS)],
        dashes=DASHES[place % len(DASHES)],
        equation=method.equation,
        source=method.source or file,
        deviations=about.strip(),
        trains=_guarded(plugin, "trains", trains),
        adds=None if adds is None else _count(plugin, adds),
        needs=tuple(name if "." in name else f"{name}.weight" for name in (*own, *method.needs)),
        packages=tuple(method.packages),
    )


def _free_colour(place: int) -> str:
    taken = registry.colours()
    order = [COLOURS[(place + step) % len(COLOURS)] for step in range(len(COLOURS))]
    return next((colour for colour in order if colour not in taken), order[0])


def _trains(asked: Sequence[str] | Trains) -> tuple[Trains, Sequence[str]]:
    """The predicate, and the parts that it names."""
    if callable(asked):
        return asked, ()
    pairs = {(part, kind) for part, _, kind in (name.partition(".") for name in asked)}

    def trains(place: Place, _layers: int) -> bool:
        return (place.part, "") in pairs or (place.part, place.kind) in pairs

    return trains if pairs else trains_nothing, asked


def _count(plugin: Plugin, adds: Callable[[EncoderShape], int]) -> Callable[..., int]:
    """The plug-in's formula as an entry has it."""
    count = _guarded(plugin, "adds", adds)

    def added(shape: EncoderShape, _size: int | None) -> int:
        found = count(shape)
        if type(found) is not int or found < 0:
            raise _refused(plugin, "what adds gives", found, "a whole number, 0 or more")
        return found

    return added


def _guarded(plugin: Plugin, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The plug-in's function, whose errors are told with their line."""

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except (TuningCurvesError, MemoryError):
            raise
        except Exception as error:
            raise stopped(plugin, f"`{what}`", error) from error

    return call


def _implement(plugin: Plugin, method: PluginMethod) -> Any:
    """The method's `Implementation`, once what it needs is known to be there."""
    from tuning_curves.methods.base import Implementation

    for package in method.packages:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            raise ResourceError(
                f"{plugin.file}: needs the package {package}, which is not installed",
                fix=f"pip install {package}",
            ) from None
    functions = {key: getattr(method, key) for key in ("extend", "initialise")}
    return Implementation(**{key: f and _guarded(plugin, key, f) for key, f in functions.items()})
