"""Count what methods train, on an encoder's configuration: no model, no weights, no torch."""

from pathlib import Path
from typing import Any

from tuning_curves.encoders.architecture import read_architecture
from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.families.base import EncoderShape
from tuning_curves.methods.entry import MethodEntry
from tuning_curves.methods.extent import trains_everything
from tuning_curves.methods.registry import describe, list_names, parse_name
from tuning_curves.methods.requirements import applicable_names, check_applies, why_not
from tuning_curves.util.errors import UsageError


def count_methods(
    config: Path, names: list[str] | None = None, pooler: bool = False, *, outputs: int = 2
) -> list[dict[str, Any]]:
    """One row per method: method, trainable counts, total, share (a fraction).

    Args:
        names: of the methods; None is all that apply to the encoder.
        pooler: whether the pooler is part of the encoder, as a task that reads it has it.
        outputs: width of the head.

    Raises:
        DataError: not an encoder's configuration.
        UsageError: an unknown method or one that does not apply, an architecture this package does
            not feed, or one without the pooler that is asked for.
    """
    family, stated = read_architecture(config)
    if pooler and family.pooler is None:
        raise UsageError(
            f"{config}: encoders of type {stated['model_type']} have no pooler",
            fix="leave out --pooler",
        )
    shape = family.shape(stated, pooler)
    entries = [describe(name) for name in (applicable_names(shape) if names is None else names)]
    whole, head = shape.count(trains_everything), outputs * (shape.width + 1)
    rows = []
    for entry in entries:
        backbone, added = count_entry(entry, shape)
        rows.append(
            {
                "method": entry.name,
                "trainable_backbone": backbone,
                "trainable_added": added,
                "trainable_head": head,
                "total": whole + head,
                "share": (backbone + added) / whole,
            }
        )
    return rows


def count_entry(entry: MethodEntry, shape: EncoderShape) -> tuple[int, int]:
    """What a method trains of the encoder as it was, and of what it adds.

    Raises:
        UsageError: a method that does not apply to the encoder.
    """
    check_applies(entry, shape)
    backbone = shape.count(entry.trains)
    if entry.like is not None:
        backbone += shape.count(describe(entry.like).trains)
    size = parse_name(entry.name)[1]
    return backbone, 0 if entry.adds is None else entry.adds(shape, size)


ENCODERS = {  # vocabulary, width, layers, heads: of BERT cased, as the authors of BitFit have it
    "BERT-base": (28_996, 768, 12, 12),
    "BERT-large": (28_996, 1_024, 24, 16),
    "MiniLM": (30_522, 384, 6, 12),
}
OPENING = """\
# Methods

Made by `python -m tuning_curves.methods.counting` from `methods/table.py`: not edited by hand.

Every method also trains the task's head. Counts are of the parameters that a method trains besides
it, with their share of the untouched encoder: BERT-base and BERT-large cased, all-MiniLM-L6-v2, and
ModernBERT-base, without the pooler, which only a task that reads it has (`tuning-curves methods
--pooler` counts it in: 102,912 numbers of `bitfit` in BERT-base). RoBERTa's, ELECTRA's and
DistilBERT's layers count as BERT's. A size may follow the name of an adapter (its bottleneck,
`adapter-houlsby-8`), of `lora` and `lora-all` (the rank) and of `prefix` (its virtual tokens);
`top-k` takes any k up to the encoder's number of layers. A dash: the method does not apply, since
the encoder lacks what it trains, or has what it adds. The learning rates are those to begin a grid
with for BERT-base; small encoders want larger ones.
"""


def page() -> str:
    """The whole page, in Markdown: one row per method."""
    shapes = [published_shape(name) for name in ENCODERS]
    shapes.append(find_family("modernbert").shape({}))
    names = (*ENCODERS, "ModernBERT-base")
    heads = ["method", "trains", "source", *names, "learning rates", "our deviations"]
    rows = [_row(describe(name), shapes) for name in list_names()]
    lines = [_line(heads), _line(["---"] * len(heads)), *map(_line, rows)]
    return OPENING + "\n" + "\n".join(lines) + "\n"


def published_shape(name: str) -> EncoderShape:
    """The sizes of one of `ENCODERS`."""
    vocabulary, width, layers, heads = ENCODERS[name]
    bert = find_family("bert")
    sizes = {
        "vocabulary": vocabulary,
        "width": width,
        "layers": layers,
        "heads": heads,
        "feed_forward": 4 * width,
    }
    return bert.shape({bert.keys[size]: value for size, value in sizes.items()})


def _row(entry: MethodEntry, shapes: list[EncoderShape]) -> list[str]:
    rates = ", ".join(f"{rate:.0e}".replace("e-0", "e-") for rate in entry.rates)
    return [
        f"`{entry.name}`",
        entry.equation,
        entry.source,
        *(_count(entry, shape) for shape in shapes),
        f"{rates} ({entry.rates_source})" if rates else "none published",
        entry.deviations or "none",
    ]


def _count(entry: MethodEntry, shape: EncoderShape) -> str:
    if why_not(entry, shape) is not None:
        return "—"
    trained = sum(count_entry(entry, shape))
    return f"{trained:,} ({100 * trained / shape.count(trains_everything):.4g} %)"


def _line(fields: list[str]) -> str:
    return "| " + " | ".join(fields) + " |"


if __name__ == "__main__":
    print(page(), end="")
