"""The library's encoder fed without padding, and a linear head on top of it.

A batch is one row of tokens: the sequences stand one behind the other and attention works inside
each of them. The encoder is a `transformers` model as it is; only its attention function is
replaced, through the library's own registry, by `attend_packed`. Embeddings and layers are called
one by one, so that a run can start above a frozen prefix (`first_layer`).

Which encoders it covers is told in `architectures`. It does no padding, no pooling and no masking.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AttentionInterface, AutoModel, PreTrainedModel
from transformers.utils import logging as library_logging

from tuning_curves.encoders.bert import FIX_ENCODER, check_architecture
from tuning_curves.encoders.dropout import replace_dropouts
from tuning_curves.encoders.packing import ATTENTION, Packing, attend_packed
from tuning_curves.util.errors import DataError, one_line


class EncoderModel(nn.Module):
    """An encoder and a linear head on each token's state (Devlin et al. 2019, section 4)."""

    def __init__(self, encoder: PreTrainedModel, outputs: int) -> None:
        """Args: outputs: logits of a token."""
        super().__init__()
        self.encoder: Any = encoder
        self.dropout_bits = replace_dropouts(encoder)
        self.head = nn.Linear(encoder.config.hidden_size, outputs)

    @property
    def layers(self) -> Any:
        """The encoder's Transformer layers, lowest first."""
        return self.encoder.encoder.layer

    def initialise_head(self, generator: torch.Generator) -> None:
        """Draw the head's weights as the library does: normal, zero bias."""
        deviation = self.encoder.config.initializer_range
        with torch.no_grad():
            self.head.weight.normal_(0.0, deviation, generator=generator)
            self.head.bias.zero_()

    def embed(self, tokens: Tensor, positions: Tensor, types: Tensor) -> Tensor:
        """Embed a row of tokens.

        Args:
            tokens, positions, types: [1, T] int64; positions restart at each sequence.

        Returns:
            [1, T, width].
        """
        return self.encoder.embeddings(
            input_ids=tokens, position_ids=positions, token_type_ids=types
        )

    def run_layers(
        self, hidden: Tensor, packing: Packing, first: int, last: int | None = None
    ) -> Tensor:
        """Apply layers `first` to `last` (exclusive; all by default) to [1, T, width]."""
        for layer in self.layers[first:last]:
            hidden = layer(hidden, None, packing=packing)
        return hidden

    def forward(self, hidden: Tensor, packing: Packing, first: int = 0) -> Tensor:
        """The head's logits for every token.

        Args:
            hidden: [1, T, width], what enters layer `first`.

        Returns:
            [T, outputs] float32.
        """
        hidden = self.run_layers(hidden, packing, first)
        return self.head(hidden)[0].float()


def load_encoder(
    folder: Path, *, outputs: int, hidden_dropout: float, attention_dropout: float
) -> EncoderModel:
    """Read a Hugging Face checkpoint (safetensors only, no remote code) in float32.

    The library's load report and progress bar are kept off the terminal: what matters in them
    is checked here.

    Raises:
        DataError: no config.json or model.safetensors, a torn one, or tensors that do not fit.
        UsageError: an architecture this package cannot feed unpadded.
    """
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise DataError(
                f"{folder}: no {name} (expected a Hugging Face checkpoint with config.json and "
                "model.safetensors; pickled weights are refused)",
                fix="fetch the encoder again, or convert its weights to safetensors",
            )
    check_architecture(folder / "config.json")
    AttentionInterface.register(ATTENTION, attend_packed)
    dropout = {
        "hidden_dropout_prob": hidden_dropout,
        "attention_probs_dropout_prob": attention_dropout,
    }
    encoder, loading = _read_checkpoint(folder, dropout)
    _check_tensors(folder / "model.safetensors", loading)
    _check_finite(folder / "model.safetensors", encoder)
    return EncoderModel(encoder, outputs)


def _read_checkpoint(folder: Path, dropout: dict[str, float]) -> tuple[PreTrainedModel, Any]:
    """The encoder, and the library's lists of the tensors that did not fit."""
    try:
        with quiet_library():
            return AutoModel.from_pretrained(
                folder,
                add_pooling_layer=False,
                attn_implementation=ATTENTION,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,  # they are refused by name in `_check_tensors`
                output_loading_info=True,
                **dropout,
            )
    except SafetensorError as error:
        raise DataError(
            f"{folder}/model.safetensors: torn, or not a safetensors file ({error})",
            fix=FIX_ENCODER,
        ) from None
    except (ValueError, TypeError, KeyError, StrictDataclassError) as error:
        reason = one_line(error)
        raise DataError(
            f"{folder}/config.json: describes no encoder that can be built ({reason})",
            fix=FIX_ENCODER,
        ) from None


@contextlib.contextmanager
def quiet_library() -> Iterator[None]:
    """No warnings and no progress bar of the model library, until the block ends."""
    verbosity = library_logging.get_verbosity()
    progress = library_logging.is_progress_bar_enabled()
    library_logging.set_verbosity_error()
    library_logging.disable_progress_bar()
    try:
        yield
    finally:
        library_logging.set_verbosity(verbosity)
        if progress:
            library_logging.enable_progress_bar()


def _check_tensors(weights: Path, loading: dict[str, Any]) -> None:
    """Refuse a checkpoint that lacks a tensor, has one of another shape, or has more layers."""
    for name, found, expected in sorted(loading["mismatched_keys"]):
        raise DataError(
            f"{weights}: tensor {name!r} has shape {tuple(found)}, expected {tuple(expected)} by "
            "config.json beside it",
            fix=FIX_ENCODER,
        )
    lacking = sorted(loading["missing_keys"])
    if lacking:
        raise DataError(
            f"{weights}: {len(lacking)} tensors are missing, the first is {lacking[0]!r} "
            "(expected every tensor of the encoder that config.json describes, without its pooler)",
            fix=FIX_ENCODER,
        )
    beyond = sorted(name for name in loading["unexpected_keys"] if "encoder.layer." in name)
    if beyond:
        raise DataError(
            f"{weights}: {len(beyond)} tensors have no place in the encoder that config.json "
            f"describes, the first is {beyond[0]!r}",
            fix=FIX_ENCODER,
        )


def _check_finite(weights: Path, encoder: PreTrainedModel) -> None:
    for name, parameter in encoder.named_parameters():
        if not torch.isfinite(parameter).all():
            raise DataError(
                f"{weights}: tensor {name!r} has values that are not finite", fix=FIX_ENCODER
            )
