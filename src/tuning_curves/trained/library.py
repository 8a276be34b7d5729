"""What all exports share: the model library's class for a task, and its tokenizer."""

from pathlib import Path
from typing import Any

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.tasks.base import Task
from tuning_curves.tasks.windows import open_tokenizer
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import read_json, write_json

CONFIG = "tokenizer_config.json"
USE_DELTA = "use the delta itself, with `tuning-curves predict`"


def library_model(task: Task, model: EncoderModel, encoder: Path) -> Any:
    """The library's model of a task with this model's head; its encoder is not filled yet.

    Raises:
        UsageError: an encoder for which the library's class has further layers.
    """
    from transformers import AutoConfig

    family = model.family
    if not family.plain_heads and task.pooling == "tokens":
        raise UsageError(
            f"the library's classes of {family.model_types[0]} have a layer of their own between "
            "the encoder and the output, which was not trained: no checkpoint of it",
            fix=USE_DELTA,
        )
    config = AutoConfig.from_pretrained(encoder, trust_remote_code=False, local_files_only=True)
    return task.library_model(config, model.head)


def save_tokenizer(model: EncoderModel, encoder: Path, out: Path, most: int | None) -> None:
    """Write the tokenizer's files.

    Args:
        most: tokens to which the library cuts a text that it is told to cut; None for its own.
    """
    inputs = ["input_ids", "attention_mask"]
    if _reads_types(model):
        inputs.insert(1, "token_type_ids")
    tokenizer = library_tokenizer(encoder, inputs)
    for key in ("is_local", "local_files_only"):  # how it was read here
        tokenizer.init_kwargs.pop(key, None)
    if most is not None:
        tokenizer.model_max_length = most
    tokenizer.save_pretrained(out)
    stated = read_json(out / CONFIG, what="the tokenizer's configuration")
    if stated.get("tokenizer_class") == "TokenizersBackend":  # a name that versions before 5 lack
        write_json(out / CONFIG, {**stated, "tokenizer_class": "PreTrainedTokenizerFast"})


def _reads_types(model: EncoderModel) -> bool:
    """Whether it tells segments apart: a table of one row would be asked for a second one."""
    family = model.family
    if "type" not in family.tables:
        return False
    table: Any = model.encoder.get_submodule(f"{family.embeddings}.{family.tables['type']}")
    return table.num_embeddings > 1


def library_tokenizer(encoder: Path, inputs: list[str]) -> Any:
    """The library's tokenizer, which cuts as the encoder's tokenizer.json does.

    Of some classes the library makes one of its own; where that is another, the file's is wrapped.

    Args:
        inputs: what the model reads.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    found = AutoTokenizer.from_pretrained(encoder, local_files_only=True, model_input_names=inputs)
    own, made = open_tokenizer(encoder), found.backend_tokenizer
    made.no_truncation()
    made.no_padding()
    if made.to_str() == own.to_str():
        return found
    named = {key: str(token) for key, token in found.special_tokens_map.items()}
    return PreTrainedTokenizerFast(tokenizer_object=own, model_input_names=inputs, **named)
