"""The names of the methods, known without loading torch; `methods` says what each one trains."""

import difflib
import re

from tuning_curves.util.errors import UsageError

PLAIN = (
    "full",
    "head",
    "bitfit",
    *(f"bitfit-{term}" for term in ("qm2", "q", "k", "v", "m1", "ln1", "m2", "m3", "ln2")),
    "layernorm",
    "attention",
    "random-mask",
    "random-mask-qm2",
    "random-rows",
    "fisher-mask",
    "ia3",
    "scratch",
    "rnn",
    "fixed-window",
)
# may carry a size: a bottleneck (adapter-houlsby-8), a rank (lora-16), virtual tokens (prefix-30)
SIZED = ("adapter-houlsby", "adapter-pfeiffer", "lora", "prefix")
NUMBERED = ("top",)  # must carry a number: top-2


def parse_name(name: str) -> tuple[str, int | None]:
    """The family of a method's name, and the size it carries, if any.

    Raises:
        UsageError: no method has this name; the nearest one is offered.
    """
    if name in PLAIN or name in SIZED:
        return name, None
    match = re.fullmatch(rf"({'|'.join(SIZED + NUMBERED)})-([1-9]\d*)", name)
    if match is not None:
        return match[1], int(match[2])
    known = [*PLAIN, *SIZED]
    near = difflib.get_close_matches(name, [*known, *(f"{n}-1" for n in NUMBERED)], n=1)
    raise UsageError(
        f"unknown method {name!r} (expected one of {', '.join(known)}; {', '.join(SIZED)} may "
        "carry a size, a whole number of 1 or more, such as adapter-houlsby-8; top-1, top-2 and "
        "so on, up to the encoder's number of layers)",
        fix=f"did you mean {near[0]!r}?" if near else "see `tuning-curves methods --help`",
    )
