"""Checkpoints that must not be taken: each is refused when it is fetched, with its reason."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.encoders.small import save_small
from tests.encoders.tokenizers_of_families import save_bytes
from tuning_curves.encoders.families import find_family, known_types
from tuning_curves.encoders.fetch_encoder import fetch_encoder, open_encoder
from tuning_curves.encoders.model import load_encoder, model_class
from tuning_curves.encoders.section import PathEncoder
from tuning_curves.encoders.verify import check_length
from tuning_curves.tasks.windows import open_tokenizer
from tuning_curves.util.errors import (
    DataError,
    ResourceError,
    TuningCurvesError,
    UsageError,
    quoted,
)
from tuning_curves.util.files import sha256_of_file

Change = Callable[[Path], object]


@pytest.fixture
def checkpoint(tiny_encoder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny encoder, to be spoilt."""
    folder = tmp_path / "checkpoint"
    shutil.copytree(tiny_encoder, folder)
    return folder


def fetch(folder: Path, **pins: Any) -> Path:
    out = folder.parent / "out"
    section = PathEncoder(name="spoilt", source="path", path=str(folder), **pins)
    fetch_encoder(section, out)
    return out


def refusal(folder: Path, kind: type[TuningCurvesError], **pins: Any) -> str:
    with pytest.raises(kind) as caught:
        fetch(folder, **pins)
    assert caught.value.fix
    assert not list((folder.parent / "out").iterdir())
    return str(caught.value)


def configure(**values: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")

    return change


def rewrite(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Change:
    def spoil(folder: Path) -> None:
        path = folder / "model.safetensors"
        save_file(change(load_file(path)), path, metadata={"format": "pt"})

    return spoil


def test_pickled_weights_are_refused_with_the_way_out(checkpoint: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (checkpoint.parent / "sprung",))

    torch.save({"x": Trap()}, checkpoint / "pytorch_model.bin")
    (checkpoint / "model.safetensors").unlink()
    message = refusal(checkpoint, ResourceError)
    assert 'only "pytorch_model.bin": pickled weights can run code, and are refused' in message
    assert "fix: convert it once" in message
    assert not (checkpoint.parent / "sprung").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "model.safetensors",
            "model-00001-of-00002.safetensors",
            'only "model-00001-of-00002.safetensors": weights in several files are not taken',
        ),
        ("tokenizer.json", "vocab.txt", "only vocab.txt: a fast tokenizer is needed"),
        ("config.json", "settings.json", 'has no config.json (it has "model.safetensors"'),
    ],
)
def test_a_missing_file_is_named_with_what_is_there(
    checkpoint: Path, old: str, new: str, words: str
) -> None:
    (checkpoint / old).rename(checkpoint / new)
    assert words in refusal(checkpoint, ResourceError)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_of_the_checkpoints_own_is_refused_and_never_run(checkpoint: Path, file: str) -> None:
    (checkpoint / "evil.py").write_text(f"open({str(checkpoint / 'sprung')!r}, 'w')")
    stated = json.loads((checkpoint / file).read_text("utf-8"))
    stated["auto_map"] = {"AutoModel": "evil.Model", "AutoTokenizer": ["evil.T", "evil.T"]}
    (checkpoint / file).write_text(json.dumps(stated))
    message = refusal(checkpoint, UsageError)
    assert f"{file}: asks for Python code of its own ('auto_map'), which is never run" in message
    assert not (checkpoint / "sprung").exists()


@pytest.mark.parametrize(
    ("kind", "called"),
    [("gpt2", "GPT2LMHeadModel"), ("mpnet", "MPNetModel"), ("t5", "T5Model")],
)
def test_another_architecture_is_named(checkpoint: Path, kind: str, called: str) -> None:
    configure(model_type=kind, architectures=[called])(checkpoint)
    assert f"model_type '{kind}', \"{called}\" (expected bert" in refusal(checkpoint, UsageError)


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ({"is_decoder": True}, UsageError, "is_decoder is True, expected False"),
        ({"position_embedding_type": "relative_key"}, UsageError, "relative positions are not"),
        ({"quantization_config": {"bits": 4}}, UsageError, "its weights are no plain numbers"),
        ({"num_hidden_layers": 10**9}, DataError, "num_hidden_layers is 1000000000, expected a"),
        ({"hidden_size": "32"}, DataError, "hidden_size is '32', expected a whole number"),
        ({"model_type": None}, UsageError, "model_type None"),
    ],
)
def test_a_configuration_that_cannot_be_followed_is_named(
    checkpoint: Path, values: dict[str, Any], kind: type[TuningCurvesError], words: str
) -> None:
    configure(**values)(checkpoint)
    assert words in refusal(checkpoint, kind)


def embedding(change: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    return rewrite(
        lambda tensors: {
            name: change(t).contiguous() if "word_embeddings" in name else t
            for name, t in tensors.items()
        }
    )


@pytest.mark.parametrize(
    "change",
    [
        embedding(lambda t: t[:-20]),  # tokens without a row
        embedding(lambda t: torch.cat([t, torch.zeros(1_528, t.shape[1])])),  # cased and uncased
    ],
)
def test_the_tokenizer_of_another_encoder_is_refused(checkpoint: Path, change: Change) -> None:
    change(checkpoint)
    message = refusal(checkpoint, DataError)
    assert "tokenizer.json: numbers its tokens up to" in message
    assert "the tokenizer of another encoder" in message


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"PK\x03\x04", b"\x80\x02}q"]
)
def test_weights_that_are_no_safetensors_are_refused(checkpoint: Path, content: bytes) -> None:
    (checkpoint / "model.safetensors").write_bytes(content)
    assert "torn, or not a safetensors file" in refusal(checkpoint, DataError)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        *(("config.json", content) for content in ("{", "[]", "3")),
        *(("tokenizer.json", content) for content in ("{", "[]", "3", "{}")),
        ("tokenizer_config.json", "{"),
    ],
)
def test_a_torn_or_foreign_json_is_refused(checkpoint: Path, file: str, content: str) -> None:
    (checkpoint / file).write_text(content)
    assert f"{file}: " in refusal(checkpoint, DataError)


def test_quantised_weights_are_refused(checkpoint: Path) -> None:
    rewrite(lambda tensors: {n: t.to(torch.int8) for n, t in tensors.items()})(checkpoint)
    assert "is of kind I8, expected one of F16, BF16, F32, F64" in refusal(checkpoint, DataError)


def test_extra_tensors_half_precision_and_a_prefix_do_no_harm(checkpoint: Path) -> None:
    def dress(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        named = {f"bert.{name}": t.half() for name, t in tensors.items()}
        return named | {"cls.predictions.bias": torch.zeros(3)}

    rewrite(dress)(checkpoint)
    (checkpoint / "pytorch_model.bin").write_bytes(b"not looked at")
    out = fetch(checkpoint)
    assert (
        load_encoder(out, outputs=2, hidden_dropout=0.0, attention_dropout=0.0).layers[0]
        is not None
    )
    assert not (out / "pytorch_model.bin").exists()


@pytest.mark.parametrize(
    ("prefix", "more"),
    [("model.", False), ("module.", True), ("0.auto_model.", True), ("it's \n.bert.", False)],
)
def test_a_prefix_that_the_library_does_not_know_is_explained_and_can_be_taken_off(
    checkpoint: Path, prefix: str, more: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load_file(checkpoint / "model.safetensors")
    heads = {f"1.linear.{n}": torch.ones(2) for n in range(5)} if more else {}
    rewrite(lambda tensors: {prefix + k: t for k, t in tensors.items()} | heads)(checkpoint)
    with pytest.raises(DataError) as caught:
        fetch(checkpoint)
    words, all_of = str(caught.value.message), len(plain) + len(heads)
    assert f'have the prefix {quoted(prefix)}, as in "' in words
    assert f'expected none or "bert.": the library does not find them. {len(plain)} of' in words
    assert words.endswith(
        f'of {all_of} tensors have it; the others are "1.linear.0", "1.linear.1", "1.linear.2" …'
        if more
        else f"of {all_of} tensors have it"
    )
    with pytest.raises(DataError, match="have the prefix"):
        load_encoder(checkpoint, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)
    script = shlex.split(str(caught.value.fix).partition("alone: ")[2])
    assert script[:2] == ["python", "-c"]
    (code,) = script[2:]
    monkeypatch.chdir(checkpoint)
    exec(code, {})
    saved = load_file(checkpoint / "model.safetensors")
    assert saved.keys() == plain.keys()
    assert all(torch.equal(saved[name], plain[name]) for name in plain)
    fetch(checkpoint)


def test_the_librarys_own_prefixes_are_known() -> None:
    for kind in known_types():
        family = find_family(kind)
        assert family.prefix == f"{model_class(family).base_model_prefix}.", kind


def test_weights_that_are_not_finite_are_refused(checkpoint: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        tensors["encoder.layer.1.output.dense.weight"][3, 4] = torch.nan
        return tensors

    rewrite(spoil)(checkpoint)
    out = fetch(checkpoint)
    with pytest.raises(
        DataError, match=r"layer\.1\.output\.dense\.weight' has values that are not"
    ):
        load_encoder(out, outputs=2, hidden_dropout=0.0, attention_dropout=0.0)


def test_a_tokenizer_altered_beside_the_same_weights_is_seen_where_it_is_pinned(
    checkpoint: Path,
) -> None:
    pins = {"weights_sha256": sha256_of_file(checkpoint / "model.safetensors")}
    tokenizer = checkpoint / "tokenizer.json"
    pins_all = pins | {"files_sha256": {"tokenizer.json": sha256_of_file(tokenizer)}}
    open_encoder(fetch(checkpoint, **pins_all))
    shutil.rmtree(checkpoint.parent / "out")
    alter("tokenizer.json", lowercase=False)(checkpoint)
    assert "tokenizer.json has sha256" in refusal(checkpoint, DataError, **pins_all)


def alter(name: str, **values: Any) -> Change:
    """Other values in a JSON file; those of `tokenizer.json` stand in its normalizer."""

    def change(folder: Path) -> None:
        path = folder / name
        stated = json.loads(path.read_text("utf-8")) if path.exists() else {}
        (stated["normalizer"] if name == "tokenizer.json" else stated).update(values)
        path.write_text(json.dumps(stated), "utf-8")

    return change


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            [alter("tokenizer_config.json", do_lower_case=False)],
            "do_lower_case is False, and tokenizer.json, which is used, makes 'a' of 'A'",
        ),
        (
            [
                alter("tokenizer.json", lowercase=False),
                alter("tokenizer_config.json", do_lower_case=True),
            ],
            "do_lower_case is True, and tokenizer.json, which is used, makes 'A' of 'A'",
        ),
        (
            [
                alter("tokenizer.json", strip_accents=False),
                alter("tokenizer_config.json", do_lower_case=True, strip_accents=None),
            ],
            "strip_accents is True, and tokenizer.json, which is used, makes 'é' of 'é'",
        ),
        (
            [alter("tokenizer_config.json", tokenize_chinese_chars=False)],
            "makes ' 中 ' of '中'",
        ),
        ([alter("tokenizer_config.json", sep_token="[END]")], "has '[SEP]' in its place"),
        ([alter("special_tokens_map.json", unk_token={"content": "?"})], "unk_token is '?', and"),
    ],
)
def test_a_file_that_says_something_else_of_the_tokenizer_is_refused(
    checkpoint: Path, changes: list[Change], words: str
) -> None:
    for change in changes:
        change(checkpoint)
    assert words in refusal(checkpoint, DataError)


def test_a_vocabulary_with_other_numbers_is_refused(checkpoint: Path) -> None:
    tokens = json.loads((checkpoint / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    names = sorted(tokens, key=tokens.get)
    (checkpoint / "vocab.txt").write_text("\n".join(names) + "\n", "utf-8")
    fetch(checkpoint)
    shutil.rmtree(checkpoint.parent / "out")
    names[7], names[8] = names[8], names[7]
    (checkpoint / "vocab.txt").write_text("\n".join(names) + "\n", "utf-8")
    message = refusal(checkpoint, DataError)
    assert f"vocab.txt: 2 of its {len(names)} tokens have another number" in message
    assert f"{names[7]!r} is 7 here and 8 there" in message


def test_a_tokenizer_that_puts_no_special_tokens_is_refused(checkpoint: Path) -> None:
    path = checkpoint / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"post_processor": None}))
    assert "makes ['a'] of the text 'a', expected a token between special ones" in refusal(
        checkpoint, DataError
    )


def test_the_tokenizer_is_that_of_its_own_file(checkpoint: Path) -> None:
    """The model library makes a `BertTokenizer` anew, which lower-cases whatever the file says."""
    alter("tokenizer.json", lowercase=False, strip_accents=False)(checkpoint)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        (checkpoint / name).unlink(missing_ok=True)
    tokenizer = open_tokenizer(fetch(checkpoint))
    assert tokenizer.encode("A the").tokens == ["[CLS]", "[UNK]", "the", "[SEP]"]


def test_what_changes_after_it_was_fetched_is_seen(checkpoint: Path) -> None:
    out = fetch(checkpoint)
    configure(layer_norm_eps=1e-3)(checkpoint)
    with pytest.raises(DataError, match=r"config\.json: altered since it was fetched"):
        open_encoder(out)
    (out / "manifest.json").write_text("{}")
    with pytest.raises(DataError, match="not an encoder's manifest"):
        open_encoder(out)


def test_windows_longer_than_the_encoders_positions_are_refused(tiny_encoder: Path) -> None:
    check_length(tiny_encoder / "config.json", 256)
    with pytest.raises(UsageError, match="max_length is 257, and the encoder has 256 positions"):
        check_length(tiny_encoder / "config.json", 257)


def test_a_checkpoint_with_other_vocabulary_files_is_taken(tmp_path: Path) -> None:
    """As RoBERTa's: `vocab.json` and `merges.txt`, pinned if a study pins them, and never read."""
    source = tmp_path / "source"
    save_small("roberta", source, vocab_size=save_bytes(source))
    pinned = {name: sha256_of_file(source / name) for name in ("vocab.json", "merges.txt")}
    out = fetch(source, files_sha256=pinned)
    names = ("tokenizer.json", "vocab.json", "merges.txt")
    assert set(names) <= set(open_encoder(out)["files"])
    check_length(out / "config.json", 48)
    shutil.rmtree(out)
    (source / "merges.txt").write_text("a b")
    assert "merges.txt has sha256" in refusal(source, DataError, files_sha256=pinned)
    (source / "tokenizer.json").unlink()
    assert "only vocab.json: a fast tokenizer is needed" in refusal(source, ResourceError)
