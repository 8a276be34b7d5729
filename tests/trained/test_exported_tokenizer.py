"""What is exported cuts texts as the encoder's tokenizer.json does."""

import json
import shutil
from pathlib import Path

import pytest

from tuning_curves.tasks.windows import open_tokenizer
from tuning_curves.trained.library import library_tokenizer

INPUTS = ["input_ids", "token_type_ids", "attention_mask"]


@pytest.mark.parametrize("lowercase", [True, False])
def test_the_library_loads_a_tokenizer_that_cuts_alike(
    tiny_encoder: Path, tmp_path: Path, lowercase: bool
) -> None:
    """By itself it would make a BERT's anew from its vocabulary, and lower-case every text."""
    from transformers import AutoTokenizer

    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    shutil.copy(tiny_encoder / "config.json", source)
    spec = json.loads((tiny_encoder / "tokenizer.json").read_text("utf-8"))
    spec["normalizer"] |= {"lowercase": lowercase, "strip_accents": lowercase}
    (source / "tokenizer.json").write_text(json.dumps(spec), "utf-8")
    library_tokenizer(source, INPUTS).save_pretrained(out)
    shutil.copy(source / "config.json", out)
    found = AutoTokenizer.from_pretrained(out, local_files_only=True)
    asked, context = "Who built it?", "The lighthouse was built in 1843."
    assert found(asked, context)["input_ids"] == open_tokenizer(source).encode(asked, context).ids
    assert found.pad_token == "[PAD]"
