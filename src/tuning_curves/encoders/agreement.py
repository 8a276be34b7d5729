"""Whether the files beside a tokenizer.json say what it does.

tokenizer.json alone is used. Other software reads the other files as well, and some of it builds
the tokenizer from them, so where one of them says something else, one of the two is not what the
encoder was trained with. What a file leaves out is not compared.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning_curves.util.errors import DataError
from tuning_curves.util.files import read_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SETTINGS = "tokenizer_config.json"
SPECIAL = "special_tokens_map.json"
FIX_FILES = (
    "put the files there with which the encoder was trained (beside config.json and "
    "model.safetensors tokenizer.json is enough), and give the study `source: path`"
)


def check_agreement(folder: Path, tokenizer: "Tokenizer") -> None:
    """Compare what the files of a checkpoint say of its tokenizer.

    Args:
        tokenizer: of its tokenizer.json; neither cuts nor pads.

    Raises:
        DataError: names the file, what it says, and what tokenizer.json does.
    """
    stated = _read(folder / SETTINGS)
    for words in (*_behaviour(stated, tokenizer), *_specials(stated, tokenizer)):
        raise DataError(f"{folder / SETTINGS}: {words}", fix=FIX_FILES)
    for words in _specials(_read(folder / SPECIAL), tokenizer):
        raise DataError(f"{folder / SPECIAL}: {words}", fix=FIX_FILES)
    for name, vocabulary in _vocabularies(folder):
        for words in _other_numbers(vocabulary, tokenizer.get_vocab()):
            raise DataError(f"{folder / name}: {words}", fix=FIX_FILES)


def _read(path: Path) -> Mapping[str, Any]:
    """A file's JSON object; empty where there is no such file."""
    if not path.is_file():
        return {}
    value = read_json(path, what="the tokenizer's configuration", fix=FIX_FILES)
    if not isinstance(value, dict):
        raise DataError(f"{path}: no JSON object", fix=FIX_FILES)
    return value


def _behaviour(stated: Mapping[str, Any], tokenizer: "Tokenizer") -> Iterator[str]:
    """Where what is said of letters and blanks is not what tokenizer.json does, in words."""
    normalizer = tokenizer.normalizer
    lower, accents = stated.get("do_lower_case"), stated.get("strip_accents")
    if accents is None and "strip_accents" in stated:
        accents = lower  # null: as letters' case is treated
    claims = (  # the key, what it says, a text, and what it becomes where that is true
        ("do_lower_case", lower, "A", "a"),
        ("strip_accents", accents, "\u00e9", "e"),
        ("tokenize_chinese_chars", stated.get("tokenize_chinese_chars"), "\u4e2d", " \u4e2d "),
    )
    bert = type(normalizer).__name__ == "BertNormalizer"  # of which alone all three are settings
    for key, says, text, changed in claims if bert else claims[:1]:
        found = text if normalizer is None else normalizer.normalize_str(text)
        if isinstance(says, bool) and says is not (changed in found):
            yield (
                f"{key} is {says}, and tokenizer.json, which is used, makes {found!r} of {text!r}"
            )
    spaced = stated.get("add_prefix_space")
    if isinstance(spaced, bool) and type(tokenizer.pre_tokenizer).__name__ == "ByteLevel":
        found = tokenizer.pre_tokenizer.add_prefix_space
        if spaced is not found:
            yield f"add_prefix_space is {spaced}, and {found} in tokenizer.json, which is used"


def _specials(stated: Mapping[str, Any], tokenizer: "Tokenizer") -> Iterator[str]:
    """Where the special tokens that are named are not those that tokenizer.json puts, in words."""
    tokens = tokenizer.encode("a").tokens
    unknown = getattr(tokenizer.model, "unk_token", None)
    found = {"cls_token": tokens[0], "sep_token": tokens[-1]}
    if unknown is not None:
        found["unk_token"] = unknown
    for key, own in found.items():
        name = stated.get(key)
        name = name.get("content") if isinstance(name, dict) else name
        if isinstance(name, str) and name != own:
            yield f"{key} is {name!r}, and tokenizer.json, which is used, has {own!r} in its place"


def _vocabularies(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """The vocabularies beside tokenizer.json: each token's number, by the file's name."""
    words, numbered = folder / "vocab.txt", folder / "vocab.json"
    if words.is_file():
        lines = words.read_text("utf-8", errors="replace").split("\n")
        yield words.name, {line.removesuffix("\r"): n for n, line in enumerate(lines) if line}
    if numbered.is_file():
        yield numbered.name, dict(_read(numbered))


def _other_numbers(stated: Mapping[str, int], own: Mapping[str, int]) -> Iterator[str]:
    differing = [token for token, number in stated.items() if own.get(token) != number]
    if differing:
        first = differing[0]
        yield (
            f"{len(differing):,} of its {len(stated):,} tokens have another number in "
            f"tokenizer.json, which is used, or none: {first!r} is {stated[first]} here and "
            f"{own.get(first, 'nothing')} there"
        )
