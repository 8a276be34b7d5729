"""The page `docs/methods.md`, made from the registry: what each method is, and its counts.

Counts are taken on the shapes of three encoders, without weights or network.

    $ python -m tuning_curves.methods.page > docs/methods.md
"""

from transformers import BertConfig

from tuning_curves.methods import Method, list_methods
from tuning_curves.methods.counting import blank_model, count_one
from tuning_curves.encoders.model import SpanModel

ENCODERS = {  # vocabulary, width, layers, heads: of BERT cased, as the authors of BitFit have it
    "BERT-base": (28_996, 768, 12, 12),
    "BERT-large": (28_996, 1_024, 24, 16),
    "MiniLM": (30_522, 384, 6, 12),
}
OPENING = """\
# Methods

Made by `python -m tuning_curves.methods.page` from the methods themselves: not edited by hand.

Every method also trains the span head (two logits a token). Counts are of the parameters that a
method trains besides it, with their share of the untouched encoder, which has no pooler: BERT-base
and BERT-large cased, and all-MiniLM-L6-v2. A size may follow the name of an adapter (its
bottleneck, `adapter-houlsby-8`), of `lora` (its rank) and of `prefix` (its virtual tokens);
`top-k` takes any k up to the encoder's number of layers. The learning rates are those to begin a
grid with for BERT-base; small encoders want larger ones.
"""


def page() -> str:
    """The whole page, in Markdown: a row a method."""
    blanks = [blank_model(_settings(*shape)) for shape in ENCODERS.values()]
    heads = ["method", "trains", "source", *ENCODERS, "learning rates", "our deviations"]
    rows = [_row(method, blanks) for method in list_methods()]
    lines = [_line(heads), _line(["---"] * len(heads)), *map(_line, rows)]
    return OPENING + "\n" + "\n".join(lines) + "\n"


def _settings(vocabulary: int, width: int, layers: int, heads: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
    )


def _row(method: Method, blanks: list[SpanModel]) -> list[str]:
    rates = ", ".join(f"{rate:.0e}".replace("e-0", "e-") for rate in method.rates)
    return [
        f"`{method.name}`",
        method.equation,
        method.source,
        *(_count(method, blank) for blank in blanks),
        f"{rates} ({method.rates_source})" if rates else "none published",
        method.deviations or "none",
    ]


def _count(method: Method, blank: SpanModel) -> str:
    counts = count_one(method, blank)
    return f"{counts.backbone + counts.added:,} ({100 * counts.share:.4g} %)"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(page(), end="")
