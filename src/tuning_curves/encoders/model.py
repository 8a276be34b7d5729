"""The library's encoder fed without padding, and a linear head on each token or each window.

A batch is one row of tokens: the sequences stand one behind the other and attention works inside
each of them. The encoder is a `transformers` model as it is; only its attention function is
replaced, through the library's own registry, by `attend_packed`. Embeddings and layers are called
one by one, so that a run can start above frozen layers (`first`).

Where the head reads one state of each window (`pooling`), states are pooled before it. Which
encoders are covered is told in `families`. There is no padding and no masking.
"""

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers.modeling_utils import AttentionInterface, PreTrainedModel
from transformers.utils import logging as library_logging

from tuning_curves.encoders.architecture import FIX_ENCODER, read_architecture
from tuning_curves.encoders.dropout import Dropout, replace_dropouts
from tuning_curves.encoders.families import find_family
from tuning_curves.encoders.families.base import EncoderShape, Family
from tuning_curves.encoders.packing import ATTENTION, Packing, attend_packed
from tuning_curves.encoders.verify import check_prefix, read_header
from tuning_curves.util.errors import DataError, UsageError, one_line, plural

POOLINGS = ("tokens", "first", "mean", "pooler")


class EncoderModel(nn.Module):
    """An encoder and a linear head on its states (Devlin et al. 2019, section 4)."""

    def __init__(
        self,
        encoder: PreTrainedModel,
        outputs: int,
        pooling: str = "tokens",
        head_dropout: float = 0.0,
    ) -> None:
        """Args:
        encoder: with its pooler for the pooling `pooler`, and without it for all others.
        outputs: logits of a state.
        pooling: the states that the head reads: of all `tokens`, of each window's `first` token,
            the `mean` of its tokens (the special ones too), or what the `pooler` makes of its
            first token's.
        head_dropout: at what rate these states are dropped while training.
        """
        if pooling not in POOLINGS:
            raise ValueError(f"pooling {pooling!r}, expected one of {', '.join(POOLINGS)}")
        super().__init__()
        self.encoder: Any = encoder
        self.family = find_family(encoder.config.model_type)
        self.pooling = pooling
        self.dropout_bits = replace_dropouts(encoder)
        self.head_dropout = Dropout(head_dropout, self.dropout_bits) if head_dropout else None
        self.head = nn.Linear(self.setting("width"), outputs)

    @property
    def layers(self) -> Any:
        """The encoder's Transformer layers, lowest first."""
        return self.encoder.get_submodule(self.family.layers)

    def setting(self, key: str) -> Any:
        """A size or rate of the encoder, by its canonical name (`Family.keys`)."""
        return self.family.setting(vars(self.encoder.config), key)

    def shape(self) -> EncoderShape:
        """The untouched encoder's sizes."""
        return self.family.shape(self.encoder.config.to_dict(), pooler=self.pooling == "pooler")

    def initialise_head(self, generator: torch.Generator) -> None:
        """Draw the head's weights as the library does: normal, zero bias."""
        deviation = self.setting("deviation")
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
        return self.family.embed(self.encoder, tokens, positions, types)

    def run_layers(
        self, hidden: Tensor, packing: Packing, first: int, last: int | None = None
    ) -> Tensor:
        """Apply layers `first` to `last` (exclusive; all by default) to [1, T, width]."""
        for layer in self.layers[first:last]:
            options = self.family.layer_options(self.encoder, layer, hidden, packing)
            hidden = layer(hidden, None, packing=packing, **options)
        return hidden

    def forward(self, hidden: Tensor, packing: Packing, first: int = 0) -> Tensor:
        """The head's logits for every token or, pooled, for every window.

        Args:
            hidden: [1, T, width], what enters layer `first`.

        Returns:
            [T, outputs] or [windows, outputs], float32.
        """
        hidden = self.family.finish(self.encoder, self.run_layers(hidden, packing, first))
        states = self.pool(hidden, packing)
        if self.head_dropout is not None:
            states = self.head_dropout(states)
        return self.head(states)[0].float()

    def pool(self, hidden: Tensor, packing: Packing) -> Tensor:
        """The states that the head reads, [1, tokens or windows, width], of the encoder's."""
        if self.pooling == "tokens":
            return hidden
        bounds = packing.device_bounds.long()
        if self.pooling == "mean":  # one order of sums, on a GPU too
            means = torch.segment_reduce(
                hidden[0].float(), "mean", lengths=bounds.diff(), axis=0, unsafe=True
            )
            return means[None]
        first = hidden[0].index_select(0, bounds[:-1])
        if self.pooling == "first":
            return first[None]
        assert self.family.pooler is not None, "checked when the encoder is loaded"
        return self.encoder.get_submodule(self.family.pooler)(first[:, None])[None]


def load_encoder(
    folder: Path,
    *,
    outputs: int,
    hidden_dropout: float,
    attention_dropout: float,
    pooling: str = "tokens",
    head_dropout: float = 0.0,
) -> EncoderModel:
    """Read a Hugging Face checkpoint (safetensors only, no remote code) in float32.

    The library's load report and progress bar are kept off the terminal: what matters in them
    is checked here.

    Args:
        outputs, pooling, head_dropout: see `EncoderModel`.

    Raises:
        DataError: no config.json or model.safetensors, a torn one, or tensors that do not fit.
        UsageError: an architecture this package cannot feed unpadded, or a checkpoint without the
            pooler that is asked for.
    """
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise DataError(
                f"{folder}: no {name} (expected a Hugging Face checkpoint with config.json and "
                "model.safetensors; pickled weights are refused)",
                fix="fetch the encoder again, or convert its weights to safetensors",
            )
    family, _ = read_architecture(folder / "config.json")
    AttentionInterface.register(ATTENTION, attend_packed)
    dropout = family.dropouts(hidden_dropout, attention_dropout)
    if pooling == "pooler" and family.pooler is None:
        raise _lacks_pooler(folder / "config.json", f"encoders of type {family.model_types[0]}")
    encoder, loading = _read_checkpoint(folder, family, dropout, pooling == "pooler")
    _check_tensors(folder / "model.safetensors", loading, family)
    _check_finite(folder / "model.safetensors", encoder)
    return EncoderModel(encoder, outputs, pooling, head_dropout)


def model_class(family: Family) -> Any:
    """The library's class of a family's encoders, without loading the library's other models."""
    return getattr(importlib.import_module(family.module), family.model)


def pooler_option(family: Family, pooler: bool = False) -> dict[str, bool]:
    """The option that builds an encoder with its pooler or without it."""
    return {"add_pooling_layer": pooler} if family.pooler is not None else {}


def _lacks_pooler(path: Path, what: str) -> UsageError:
    return UsageError(
        f"{path}: {what} have no pooler (the task's pooling is 'pooler')",
        fix="set task.pooling to first or mean",
    )


def _read_checkpoint(
    folder: Path, family: Family, dropout: dict[str, float], pooler: bool
) -> tuple[PreTrainedModel, Any]:
    """The encoder, and the library's lists of the tensors that did not fit."""
    try:
        with quiet_library():
            return model_class(family).from_pretrained(
                folder,
                **pooler_option(family, pooler),
                attn_implementation=ATTENTION,
                use_safetensors=True,
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


def _check_tensors(weights: Path, loading: dict[str, Any], family: Family) -> None:
    """Refuse a checkpoint without some tensor, has one of another shape, or has more layers."""
    for name, found, expected in sorted(loading["mismatched_keys"]):
        raise DataError(
            f"{weights}: tensor {name!r} has shape {tuple(found)}, expected {tuple(expected)} by "
            "config.json beside it",
            fix=FIX_ENCODER,
        )
    missing = sorted(loading["missing_keys"])
    if missing:
        check_prefix(weights, read_header(weights), family)
    if missing and all(family.locate(name).part == "pooler" for name in missing):
        raise _lacks_pooler(weights, "these weights")
    if missing:
        raise DataError(
            f"{weights}: lacks {plural(len(missing), 'tensor')}, the first is {missing[0]!r} "
            "(expected every tensor of the encoder that config.json describes; its pooler only "
            "where the task's pooling is 'pooler')",
            fix=FIX_ENCODER,
        )
    beyond = sorted(name for name in loading["unexpected_keys"] if f"{family.layers}." in name)
    if beyond:
        raise DataError(
            f"{weights}: {plural(len(beyond), 'tensor')} without a place in the encoder that "
            f"config.json describes, the first is {beyond[0]!r}",
            fix=FIX_ENCODER,
        )


def _check_finite(weights: Path, encoder: PreTrainedModel) -> None:
    for name, parameter in encoder.named_parameters():
        if not torch.isfinite(parameter).all():
            raise DataError(
                f"{weights}: tensor {name!r} has values that are not finite", fix=FIX_ENCODER
            )
