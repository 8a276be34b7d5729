"""What a run trained, written for another library: a folder that is whole or not there."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tuning_curves.encoders.model import EncoderModel
from tuning_curves.tasks import make_task
from tuning_curves.trained import to_adapters, to_peft, to_transformers
from tuning_curves.trained.card import CardFacts, make_card
from tuning_curves.trained.library import save_tokenizer
from tuning_curves.trained.restore import restore_models
from tuning_curves.trained.snippets import snippet
from tuning_curves.training.delta import Delta
from tuning_curves.util.errors import UsageError
from tuning_curves.util.files import write_json, write_text

ABOUT = "tuning_curves.json"
NO_FACTS = CardFacts()
Write = Callable[[Delta, EncoderModel, EncoderModel, Path, Path], None]
FORMATS: dict[str, Write] = {
    "transformers": to_transformers.write_checkpoint,
    "peft": to_peft.write_adapter,
    "adapters": to_adapters.write_adapter,
}


def export(
    delta: Delta, encoder: Path, out: Path, form: str = "transformers", facts: CardFacts = NO_FACTS
) -> None:
    """Write a model for a library, with its tokenizer and card: whole, or not at all.

    Args:
        form: one of `FORMATS`.
        facts: for the card.

    Raises:
        UsageError: a method or an encoder that the library has no place for, or a folder that is
            not empty.
        ResourceError, DataError: see `restore_models`.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: exists and is not an empty folder", fix="give a new folder")
    pristine, model = restore_models(delta, encoder)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        FORMATS[form](delta, pristine, model, encoder, partial)
        task = make_task(delta.about.settings.task)
        most = None if task.overlaps else delta.about.settings.windows.max_length
        save_tokenizer(model, encoder, partial, most)
        _write_about(delta, partial)
        norms = (partial / "layernorms.safetensors").exists()
        code = snippet(form, task, model.encoder.config.model_type, norms=norms)
        write_text(partial / "README.md", make_card(delta.about.record, form, code, facts))
        partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_about(delta: Delta, out: Path) -> None:
    record = delta.about.record.to_json()
    kept = {key: record[key] for key in ("study", "id", "run", "settings", "scores")}
    write_json(out / ABOUT, {**kept, "encoder": delta.about.encoder})
