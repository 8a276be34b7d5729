"""Which encoders can be used, told by their configuration alone, before anything heavy is loaded.

BERT, whatever its size. Its relatives are refused although they would load: RoBERTa counts
positions from 2, MPNet adds a position bias outside the attention function. Code that a
checkpoint brings along (`auto_map`) is never run, so what asks for it is refused.
"""

from pathlib import Path
from typing import Any

from tuning_curves.util.errors import DataError, UsageError, quoted
from tuning_curves.util.files import read_json

SUPPORTED = ("bert",)  # values of `model_type` that are fed exactly as the library feeds them
FIX_ENCODER = "fetch the encoder again"
FIX_CHOICE = f"choose an encoder of model_type {' or '.join(SUPPORTED)}"
MOST_LAYERS, MOST_WIDTH = 1_000, 100_000  # far above any; what lies beyond is a damaged number
NEEDS_CODE = "asks for Python code of its own ('auto_map'), which is never run"


def check_architecture(path: Path) -> None:
    """Refuse a config.json whose encoder this package cannot feed as the library does.

    Raises:
        DataError: no configuration of an encoder, or one with sizes that cannot be.
        UsageError: another architecture, a variant of BERT that is computed otherwise, or one
            that comes with code of its own.
    """
    config = read_json(path, what="the encoder's configuration", fix=FIX_ENCODER)
    if not isinstance(config, dict) or "model_type" not in config:
        raise DataError(
            f"{path}: no 'model_type' (expected the configuration of a Hugging Face encoder)",
            fix=FIX_ENCODER,
        )
    refuse_code(path, config)
    if config["model_type"] not in SUPPORTED:
        raise UsageError(
            f"{path}: model_type {config['model_type']!r}{_called(config)} (expected "
            f"{', '.join(SUPPORTED)}: other encoders would load, and compute something else "
            "without padding)",
            fix=FIX_CHOICE,
        )
    _check_variant(path, config)
    _check_sizes(path, config)


def refuse_code(path: Path, config: Any) -> None:
    """Refuse a config.json or tokenizer_config.json that asks for code beside it."""
    if isinstance(config, dict) and config.get("auto_map"):
        raise UsageError(f"{path}: {NEEDS_CODE}", fix=FIX_CHOICE)


def _called(config: dict[str, Any]) -> str:
    """The architecture as the checkpoint calls it, for the message."""
    names = config.get("architectures")
    first = names[0] if isinstance(names, list) and names else None
    return f", {quoted(first)}" if isinstance(first, str) else ""


def _check_variant(path: Path, config: dict[str, Any]) -> None:
    """Variants that the library computes otherwise than this package does."""
    expected = {
        "is_decoder": (False, "each token would see only those before it"),
        "add_cross_attention": (False, "it waits for a second encoder's output"),
        "position_embedding_type": ("absolute", "relative positions are not covered"),
        "quantization_config": (None, "its weights are no plain numbers"),
    }
    for key, (plain, reason) in expected.items():
        if config.get(key, plain) not in (plain, None):
            raise UsageError(
                f"{path}: {key} is {config[key]!r}, expected {plain!r} ({reason})", fix=FIX_CHOICE
            )


def _check_sizes(path: Path, config: dict[str, Any]) -> None:
    """Numbers that would be asked of memory before anything else notices them."""
    most = dict.fromkeys(("hidden_size", "intermediate_size"), MOST_WIDTH)
    most |= {"num_hidden_layers": MOST_LAYERS, "max_position_embeddings": 10 * MOST_WIDTH}
    most |= {"vocab_size": 100 * MOST_WIDTH, "type_vocab_size": MOST_LAYERS}
    for key, limit in most.items():
        value = config.get(key, 1)
        if type(value) is not int or not 1 <= value <= limit:
            raise DataError(
                f"{path}: {key} is {value!r}, expected a whole number from 1 to {limit:,}",
                fix=FIX_ENCODER,
            )
