"""What a checkpoint's folder must be, checked when it is fetched, before anything is made of it.

Reads the configuration, the header of the weights and the tokenizer; no weight is loaded and no
code of the checkpoint is run. That every tensor is there and fits is checked where it is loaded.
"""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tuning_curves.encoders.agreement import check_agreement
from tuning_curves.encoders.architecture import FIX_ENCODER, read_architecture, refuse_code
from tuning_curves.encoders.families.base import Family
from tuning_curves.util.errors import DataError, ResourceError, UsageError, one_line, quoted
from tuning_curves.util.files import read_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
VOCABULARIES = ("vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model")
OPTIONAL = ("tokenizer_config.json", "special_tokens_map.json", *VOCABULARIES)
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
FLOATS = ("F16", "BF16", "F32", "F64")  # as safetensors calls them
Header = dict[str, tuple[str, list[int]]]  # kind and shape of each tensor, by name
SPARE_ROWS = 1_000  # embeddings are rounded up; more rows without a token are another tokenizer's
FIX_CONVERT = (
    "convert it once, where you trust it: AutoModel.from_pretrained(...).save_pretrained(folder) "
    "and the same for AutoTokenizer; then give the study `source: path`"
)


def check_complete(folder: Path, present: Iterable[str], name: str) -> None:
    """Refuse a checkpoint without a file that is needed, and say what it has in its place.

    Args:
        present: the names of all files at the source.
        name: the encoder's, for the message.

    Raises:
        ResourceError: a file is not there.
    """
    for needed in NEEDED:
        if not (folder / needed).is_file():
            raise ResourceError(
                f"encoder {name!r}: its source has no {needed}{_instead(needed, present)}",
                fix=FIX_CONVERT,
            )


def _instead(needed: str, present: Iterable[str]) -> str:
    names = sorted(present)
    if needed == "model.safetensors":
        for found in names:
            if found.endswith(PICKLED):
                return f", only {quoted(found)}: pickled weights can run code, and are refused"
            if found.endswith(".safetensors"):
                return f", only {quoted(found)}: weights in several files are not taken"
    vocabulary = next((name for name in VOCABULARIES if name in names), None)
    if needed == "tokenizer.json" and vocabulary is not None:
        return f", only {vocabulary}: a fast tokenizer is needed"
    return f" (it has {', '.join(map(quoted, names[:8])) or 'no files'})"


def check_checkpoint(folder: Path) -> None:
    """Check configuration, weights' header and tokenizer, and that they are of one encoder.

    Raises:
        DataError: a damaged file, or files that do not belong together.
        UsageError: an encoder of another architecture, or one with code of its own.
    """
    family, _ = read_architecture(folder / "config.json")
    settings = folder / "tokenizer_config.json"
    if settings.is_file():
        what = "the tokenizer's configuration"
        refuse_code(settings, read_json(settings, what=what, fix=FIX_ENCODER))
    weights = folder / "model.safetensors"
    tensors = read_header(weights)
    check_prefix(weights, tensors, family)
    rows = _embedding_rows(weights, tensors, _embedding(family))
    tokenizer = _read_tokenizer(folder / "tokenizer.json")
    _check_specials(folder / "tokenizer.json", tokenizer)
    check_agreement(folder, tokenizer)
    size = 1 + max(tokenizer.get_vocab().values())
    if not size <= rows <= size + SPARE_ROWS:
        raise DataError(
            f"{folder / 'tokenizer.json'}: numbers its tokens up to {size - 1:,}, and the "
            f"embedding has {rows:,} rows: the tokenizer of another encoder",
            fix="put the tokenizer there with which the encoder was trained",
        )


def check_prefix(path: Path, tensors: Header, family: Family) -> None:
    """Refuse weights whose names have a prefix that the library does not take off.

    It would draw such an encoder anew. They are not read without it here either: what is trained
    and exported must be what every other program reads from the checkpoint.

    Raises:
        DataError: says which prefix, what else the file holds, and how to save it without.
    """
    names, embedding = sorted(tensors), _embedding(family)
    prefixes = [name.removesuffix(embedding) for name in names if name.endswith(embedding)]
    if not prefixes or {"", family.prefix} & {*prefixes}:
        return
    first = prefixes[0]
    with_it = [name for name in names if name.startswith(first)]
    others = [quoted(name) for name in names if not name.startswith(first)]
    rest = f"; the others are {', '.join(others[:3])}{' …' * (len(others) > 3)}" if others else ""
    several = f" (also of {', '.join(map(quoted, prefixes[1:]))})" if prefixes[1:] else ""
    raise DataError(
        f"{path}: its tensors have the prefix {quoted(first)}{several}, as in "
        f"{quoted(first + embedding)}, expected none or {quoted(family.prefix)}: the library does "
        f"not find them. {len(with_it)} of {len(names)} tensors have it{rest}",
        fix="give the study (`source: path`) a copy of the checkpoint's folder in which this has "
        f"been run, which keeps the encoder's tensors alone: {_command_without(first)}",
    )


def _command_without(prefix: str) -> str:
    """A command line that saves a checkpoint's tensors without a prefix; the rest is left out."""
    code = (
        "from safetensors.torch import load_file, save_file; import os; "
        f"p, f = {prefix!r}, 'model.safetensors'; "
        "save_file({k[len(p):]: t for k, t in load_file(f).items() if k.startswith(p)}, "
        "f + '.new', {'format': 'pt'}); os.replace(f + '.new', f)"
    )
    return f"python -c {shlex.quote(code)}"


def _embedding(family: Family) -> str:
    """The name of the words' embedding in the encoder."""
    return f"{family.embeddings}.{family.tables['word']}.weight"


def check_length(config: Path, max_length: int) -> None:
    """Refuse windows longer than the encoder has positions.

    Raises:
        UsageError: names both numbers.
    """
    family, stated = read_architecture(config)
    positions = family.setting(stated, "positions") - family.first_position(stated)
    if max_length > positions:
        raise UsageError(
            f"windows.max_length is {max_length}, and the encoder has {positions} positions",
            fix=f"set windows.max_length to {positions} or less",
        )


def _embedding_rows(path: Path, tensors: Header, embedding: str) -> int:
    """Rows of the word embedding, told by the header of the weights; all must be plain numbers."""
    for name, (kind, _) in tensors.items():
        if name.endswith((".weight", ".bias")) and kind not in FLOATS:
            raise DataError(
                f"{path}: tensor {name!r} is of kind {kind}, expected one of {', '.join(FLOATS)}",
                fix="choose an encoder whose weights are not quantised",
            )
    rows = [shape[0] for name, (_, shape) in tensors.items() if name.endswith(embedding)]
    if not rows:
        raise DataError(
            f"{path}: no tensor {embedding!r} (expected the weights of the encoder that "
            "config.json describes)",
            fix=FIX_ENCODER,
        )
    return rows[0]


def read_header(path: Path) -> Header:
    """What weights say of themselves at their beginning.

    Raises:
        DataError: torn, or another kind of file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as weights:
            slices = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118
            return {name: (s.get_dtype(), s.get_shape()) for name, s in slices.items()}
    except SafetensorError as error:
        message = f"{path}: torn, or not a safetensors file ({error})"
        raise DataError(message, fix=FIX_ENCODER) from None


def _check_specials(path: Path, tokenizer: "Tokenizer") -> None:
    """A text stands between special tokens; the first one is read as the whole text's."""
    one = tokenizer.encode("a")
    special = one.special_tokens_mask
    if len(special) < 3 or not special[0] or not special[-1] or all(special):
        raise DataError(
            f"{path}: makes {one.tokens} of the text 'a', expected a token between special ones, "
            "as BERT's [CLS] a [SEP]",
            fix="put the tokenizer.json there with which the encoder was trained",
        )


def _read_tokenizer(path: Path) -> "Tokenizer":
    """The tokenizer of a tokenizer.json, which has a token at least; neither cuts nor pads."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        max(tokenizer.get_vocab().values())
        return tokenizer
    except Exception as error:  # the library raises no narrower kind
        reason = one_line(error)[:200]
        raise DataError(
            f"{path}: not a fast tokenizer's file ({reason})", fix=FIX_ENCODER
        ) from None
