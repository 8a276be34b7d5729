"""The library's encoder fed without padding, and the span head on top of it.

A batch is one row of tokens: the sequences stand one behind the other and attention works inside
each of them. The encoder is a `transformers` model as it is; only its attention function is
replaced, through the library's own registry, by `attend_packed`. Embeddings and layers are called
one by one, so that a run can start above a frozen prefix (`first_layer`).

Covers encoders whose layers stand in `encoder.layer` and take keyword arguments through to the
attention function: BERT and its close relatives. It does no padding, no pooling and no masking.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AutoModel, PreTrainedModel

from tuning_curves.attention import ATTENTION, Packing, attend_packed
from tuning_curves.errors import DataError, UsageError


class SpanModel(nn.Module):
    """An encoder and a linear head that gives each token a start and an end logit.

    The head is `qa_outputs` of BERT's question answering (Devlin et al. 2019, section 4.2).
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.qa_outputs = nn.Linear(encoder.config.hidden_size, 2)

    @property
    def layers(self) -> nn.ModuleList:
        """The encoder's Transformer layers, lowest first."""
        return self.encoder.encoder.layer

    def initialise_head(self, generator: torch.Generator) -> None:
        """Draw the head's weights as the library does: normal, zero bias."""
        deviation = self.encoder.config.initializer_range
        with torch.no_grad():
            self.qa_outputs.weight.normal_(0.0, deviation, generator=generator)
            self.qa_outputs.bias.zero_()

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
        """Start and end logits of every token.

        Args:
            hidden: [1, T, width], what enters layer `first`.

        Returns:
            [T, 2] float32.
        """
        hidden = self.run_layers(hidden, packing, first)
        return self.qa_outputs(hidden)[0].float()


def load_encoder(folder: Path, *, hidden_dropout: float, attention_dropout: float) -> SpanModel:
    """Read a Hugging Face checkpoint (safetensors only, no remote code) in float32.

    Raises:
        DataError: no config.json or model.safetensors, or tensors that do not fit.
        UsageError: an architecture this package cannot feed unpadded.
    """
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise DataError(
                f"{folder}: no {name} (expected a Hugging Face checkpoint with config.json and "
                "model.safetensors; pickled weights are refused)",
                fix="fetch the encoder again, or convert its weights to safetensors",
            )
    AttentionInterface.register(ATTENTION, attend_packed)
    encoder, loading = AutoModel.from_pretrained(
        folder,
        add_pooling_layer=False,
        attn_implementation=ATTENTION,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        dtype=torch.float32,
        hidden_dropout_prob=hidden_dropout,
        attention_probs_dropout_prob=attention_dropout,
        output_loading_info=True,
    )
    _check_encoder(encoder, folder, loading)
    return SpanModel(encoder)


def _check_encoder(encoder: PreTrainedModel, folder: Path, loading: dict) -> None:
    kind = encoder.config.model_type
    if not hasattr(encoder, "embeddings") or not hasattr(
        getattr(encoder, "encoder", None), "layer"
    ):
        raise UsageError(
            f"{folder}: architecture {kind!r} (expected BERT or a close relative, with "
            "`embeddings` and `encoder.layer`)",
            fix="choose an encoder of model_type bert",
        )
    lacking = sorted(loading["missing_keys"])
    if lacking:
        raise DataError(
            f"{folder}/model.safetensors: {len(lacking)} tensors are missing, the first is "
            f"{lacking[0]!r} (expected every tensor of {kind!r} without its pooler)",
            fix="fetch the encoder again",
        )


def span_loss(logits: Tensor, packing: Packing, starts: Tensor, ends: Tensor) -> Tensor:
    """Mean cross-entropy of the start and the end position, over real tokens only.

    The library's loss takes its softmax over padding as well; there is none here.

    Args:
        logits: [T, 2]; starts, ends: [B] int64, positions inside their sequence.

    Returns:
        A scalar, in nats: the mean over the sequences of the two entropies' mean.
    """
    lengths = packing.device_bounds.diff()
    places = torch.arange(packing.longest, device=logits.device)
    inside = places[None] < lengths[:, None]
    rows = (packing.device_bounds[:-1, None] + places[None]).clamp_(max=logits.shape[0] - 1)
    padded = logits[rows].masked_fill(~inside[..., None], float("-inf"))  # [B, longest, 2]
    log_normaliser = padded.logsumexp(dim=1)  # [B, 2]
    first = packing.device_bounds[:-1].long()
    chosen = torch.stack((logits[first + starts, 0], logits[first + ends, 1]), dim=1)
    return (log_normaliser - chosen).mean()
