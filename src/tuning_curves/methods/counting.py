"""Count what methods train, on the shapes of an encoder's configuration, without weights."""

import copy
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, BertConfig, PretrainedConfig

from tuning_curves.encoders.model import EncoderModel, check_architecture
from tuning_curves.methods import Counts, Method, apply_method, list_methods, resolve_method
from tuning_curves.util.errors import DataError, one_line


def count_methods(config: Path, names: list[str] | None = None) -> list[dict[str, Any]]:
    """One row per method (all, or these): method, trainable counts, total, share (a fraction).

    Raises:
        DataError: not an encoder's configuration.
        UsageError: an unknown method, or an architecture this package does not feed.
    """
    methods = list_methods() if names is None else [resolve_method(name) for name in names]
    blank = empty_model(config)
    rows = []
    for method in methods:
        counts = count_one(method, blank)
        rows.append(
            {
                "method": method.name,
                "trainable_backbone": counts.backbone,
                "trainable_added": counts.added,
                "trainable_head": counts.head,
                "total": counts.total,
                "share": counts.share,
            }
        )
    return rows


def count_one(method: Method, blank: EncoderModel) -> Counts:
    """What a method trains in a model of shapes alone, which stays as it is."""
    with torch.device("meta"):
        return apply_method(method, copy.deepcopy(blank), None)


def empty_model(config: Path) -> EncoderModel:
    """The model that a config.json describes, on the meta device: shapes without numbers."""
    check_architecture(config)
    try:
        settings = AutoConfig.from_pretrained(config, trust_remote_code=False)
    except (ValueError, OSError, KeyError) as error:
        reason = one_line(error)[:200]
        raise DataError(
            f"{config}: not an encoder's configuration ({reason})",
            fix="give the config.json of a BERT-like encoder",
        ) from None
    return blank_model(settings)


def blank_model(settings: PretrainedConfig, outputs: int = 2) -> EncoderModel:
    """The model of a configuration with so many logits a token, on the meta device."""
    with torch.device("meta"):
        return EncoderModel(AutoModel.from_config(settings, add_pooling_layer=False), outputs)


ENCODERS = {  # vocabulary, width, layers, heads: of BERT cased, as the authors of BitFit have it
    "BERT-base": (28_996, 768, 12, 12),
    "BERT-large": (28_996, 1_024, 24, 16),
    "MiniLM": (30_522, 384, 6, 12),
}
OPENING = """\
# Methods

Made by `python -m tuning_curves.methods.counting` from the methods themselves: not edited by hand.

Every method also trains the span head (two logits a token). Counts are of the parameters that a
method trains besides it, with their share of the untouched encoder, which has no pooler: BERT-base
and BERT-large cased, and all-MiniLM-L6-v2. A size may follow the name of an adapter (its
bottleneck, `adapter-houlsby-8`), of `lora` (its rank) and of `prefix` (its virtual tokens);
`top-k` takes any k up to the encoder's number of layers. The learning rates are those to begin a
grid with for BERT-base; small encoders want larger ones.
"""


def page() -> str:
    """The whole page, in Markdown: one row per method."""
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


def _row(method: Method, blanks: list[EncoderModel]) -> list[str]:
    rates = ", ".join(f"{rate:.0e}".replace("e-0", "e-") for rate in method.rates)
    return [
        f"`{method.name}`",
        method.equation,
        method.source,
        *(_count(method, blank) for blank in blanks),
        f"{rates} ({method.rates_source})" if rates else "none published",
        method.deviations or "none",
    ]


def _count(method: Method, blank: EncoderModel) -> str:
    counts = count_one(method, blank)
    return f"{counts.backbone + counts.added:,} ({100 * counts.share:.4g} %)"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(page(), end="")
