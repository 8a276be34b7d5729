"""Small random encoders of every family, as checkpoints, and their tokens packed and padded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import AutoConfig, AutoModel

from tuning_curves.encoders.model import EncoderModel, load_encoder
from tuning_curves.encoders.packing import Packing

LENGTHS = [9, 1, 30, 14]
VOCABULARY = 70
_BERT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 50,
}
_ROBERTA = _BERT | {"type_vocab_size": 1, "pad_token_id": 1}
CONFIGS: Mapping[str, dict[str, Any]] = {
    "bert": {"model_type": "bert", **_BERT},
    "roberta": {"model_type": "roberta", **_ROBERTA},
    "roberta-types": {"model_type": "roberta", **_ROBERTA, "type_vocab_size": 2, "pad_token_id": 4},
    "xlm-roberta": {"model_type": "xlm-roberta", **_ROBERTA},
    "camembert": {"model_type": "camembert", **_ROBERTA},
    "electra": {"model_type": "electra", **_BERT, "embedding_size": 12},
    "electra-base": {"model_type": "electra", **_BERT, "embedding_size": 16},
    "distilbert": {
        "model_type": "distilbert",
        "vocab_size": VOCABULARY,
        "dim": 16,
        "n_layers": 3,
        "n_heads": 2,
        "hidden_dim": 24,
        "max_position_embeddings": 50,
    },
    "modernbert": {  # a global layer and two that reach four tokens far
        "model_type": "modernbert",
        **_BERT,
        "local_attention": 8,
        "pad_token_id": 1,
    },
}


def config_of(name: str, **changes: Any) -> Any:
    """The library's configuration of a small encoder."""
    stated = {**CONFIGS[name], **changes}
    return AutoConfig.for_model(stated.pop("model_type"), **stated)


def save_small(name: str, folder: Path, **changes: Any) -> Path:
    """A checkpoint with weights so large that attention is far from even."""
    config, generator = config_of(name, **changes), torch.Generator().manual_seed(7)
    library = AutoModel.from_config(config)
    with torch.no_grad():
        for own, parameter in library.named_parameters():
            gain = parameter.ndim == 1 and own.endswith("weight")
            parameter.normal_(1.0 * gain, 0.3, generator=generator)
    config.save_pretrained(folder)
    save_file(library.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def load_small(folder: Path, **options: Any) -> EncoderModel:
    """The checkpoint as this package reads it, in evaluation mode, with a drawn head."""
    rates = {"hidden_dropout": 0.0, "attention_dropout": 0.0}
    model = load_encoder(folder, **{"outputs": 2, **rates, **options})
    model.initialise_head(torch.Generator().manual_seed(1))
    return model.eval()


def padded_batch(config: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Tokens, types (of the last half 1, where there are such) and mask: [sequences, longest]."""
    generator, longest = torch.Generator().manual_seed(2), max(LENGTHS)
    padding = config.pad_token_id
    tokens = torch.randint(5, VOCABULARY, (len(LENGTHS), longest), generator=generator)
    places, lengths = torch.arange(longest), torch.tensor(LENGTHS)[:, None]
    mask = (places < lengths).long()
    types = ((places >= lengths // 2) & (mask == 1)).long()
    if getattr(config, "type_vocab_size", 0) < 2:
        types = torch.zeros_like(types)
    return tokens.where(mask == 1, padding), types, mask


def library_states(folder: Path, **options: Any) -> tuple[Any, Tensor]:
    """The library's model and its states of all real tokens, [T, width], padded inside."""
    library = AutoModel.from_pretrained(folder, attn_implementation="eager", **options).eval()
    tokens, types, mask = padded_batch(library.config)
    given = {"input_ids": tokens, "attention_mask": mask}
    if hasattr(library.config, "type_vocab_size"):
        given["token_type_ids"] = types
    return library, library(**given).last_hidden_state[mask == 1]


def packed(model: EncoderModel) -> tuple[Tensor, Packing]:
    """What enters the lowest layer, and where the sequences lie."""
    tokens, types, mask = padded_batch(model.encoder.config)
    positions = torch.arange(tokens.shape[1]).expand_as(tokens)
    row, kinds, places = (x[mask == 1][None] for x in (tokens, types, positions))
    return model.embed(row, places, kinds), Packing.of(LENGTHS, torch.device("cpu"))


def logits(model: EncoderModel, first: int = 0) -> Tensor:
    """The model's logits of all tokens, [T, 2], by way of the states that enter layer `first`."""
    hidden, packing = packed(model)
    return model(model.run_layers(hidden, packing, 0, first), packing, first)
