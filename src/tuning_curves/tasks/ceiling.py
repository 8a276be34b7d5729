"""What cannot be learnt or answered, reckoned before any training, when windows are made.

An encoder reads windows of tokens that it knows; what lies outside of a window, inside of a token
or behind an unknown one no method can give. Each limit is a count out of a total. The ceiling is
the share of the test part that a model without a fault would get right.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tuning_curves.util.errors import DataError

if TYPE_CHECKING:
    from tuning_curves.tasks.windows import Windows

UNKNOWN = "unknown tokens"
USUAL_UNKNOWN = 0.02  # more is far above what an encoder's own language has (English: 0.0003)
MOST_UNKNOWN = 0.9  # almost nothing is read
USUAL_UNREACHABLE = 0.05  # of a vocabulary, which its own tokenizer reaches but for a few tokens
FIX_TOKENIZER = (
    "choose an encoder of the data's language and writing, or put the tokenizer.json there "
    "with which it was trained"
)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How many of a part's tokens, examples or words have some fault, of how many.

    Attributes:
        name: what they are, with their fault, in words.
        metric: the name of the metric of which each costs a share; "" where that is not known.
    """

    name: str
    count: int
    total: int
    metric: str = ""

    @property
    def share(self) -> float:
        """Of all; 0 of none."""
        return self.count / self.total if self.total else 0.0


Limits = Mapping[str, Sequence[Limit]]  # by part: train, test


def limits_to_json(limits: Limits) -> dict[str, list[dict[str, Any]]]:
    """As a windows' manifest keeps them."""
    return {split: [asdict(limit) for limit in found] for split, found in limits.items()}


def limits_from_json(value: Mapping[str, Any]) -> dict[str, list[Limit]]:
    """What `limits_to_json` gave."""
    return {split: [Limit(**limit) for limit in found] for split, found in value.items()}


def unknown_tokens(windows: "Windows", tokenizer: Any) -> Limit | None:
    """The tokens of a part that stand for what the vocabulary does not have.

    None where there is no such token: such a tokenizer falls back on bytes.
    """
    unknown = unknown_token(tokenizer)
    if unknown is None:
        return None
    special = special_ids(tokenizer)
    count = total = 0
    for tokens in windows.text_tokens():
        total += int((~np.isin(tokens, special)).sum())
        count += int((tokens == unknown).sum())
    return Limit(name=UNKNOWN, count=count, total=total)


def unknown_token(tokenizer: Any) -> int | None:
    """The number of the token for what is unknown; None where there is none."""
    if type(tokenizer.model).__name__ == "Unigram":  # the library does not tell its number
        number: int | None = json.loads(tokenizer.to_str())["model"]["unk_id"]
        return number
    name = getattr(tokenizer.model, "unk_token", None)
    return None if name is None else tokenizer.token_to_id(name)


def special_ids(tokenizer: Any) -> list[int]:
    """The tokens that stand around one text or two."""
    found = [tokenizer.encode("a"), tokenizer.encode("a", "b")]
    return sorted(
        {i for one in found for i, m in zip(one.ids, one.special_tokens_mask, strict=True) if m}
    )


def warnings_of(limits: Limits, tokenizer: Any) -> Iterator[str]:
    """What is far from usual, with its numbers and the next step.

    Raises:
        DataError: almost all tokens are unknown, or no example of a part can be got right.
    """
    yield from _vocabulary(tokenizer)
    for split, found in limits.items():
        for limit in found:
            if limit.name == UNKNOWN and limit.share > MOST_UNKNOWN:
                raise DataError(
                    f"{split}: {told(limit)}: the encoder reads almost nothing of it, and nothing "
                    "can be learnt",
                    fix=FIX_TOKENIZER,
                )
            if limit.name == UNKNOWN and limit.share > USUAL_UNKNOWN:
                yield (
                    f"warning: {split}: {told(limit)}, where an encoder's own language has fewer "
                    f"than {USUAL_UNKNOWN:.0%}: {FIX_TOKENIZER}"
                )
            if limit.metric and limit.total and limit.count == limit.total:
                others = [told(one) for one in found if one.count and one is not limit]
                raise DataError(
                    "\n  ".join([f"{split}: {told(limit)}: nothing can be learnt", *others]),
                    fix="for question answering raise windows.max_length or "
                    "task.max_answer_tokens, or choose an encoder whose tokens are the language's",
                )


def _vocabulary(tokenizer: Any) -> Iterator[str]:
    """Whether tokens of the vocabulary are changed before they are looked up, so never found."""
    normalizer = tokenizer.normalizer
    if normalizer is None or type(normalizer).__name__ != "BertNormalizer":
        return
    added = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    names = [name for name in tokenizer.get_vocab(with_added_tokens=False) if name not in added]
    never = [name for name in names if normalizer.normalize_str(name).replace(" ", "") != name]
    if len(never) > USUAL_UNREACHABLE * len(names):
        yield (
            f"warning: {len(never):,} of the vocabulary's {len(names):,} tokens, such as "
            f"{min(never, key=names.index)!r}, are never found, since texts are lower-cased or "
            f"lose their accents first: {FIX_TOKENIZER}"
        )


def told(limit: Limit) -> str:
    """`12 of 2,000 unknown tokens (0.60 %)`, as a line of a log."""
    percent = 100 * limit.share
    shown = f"{percent:.2g}" if percent < 99 else f"{math.floor(percent)}"
    return f"{limit.count:,} of {limit.total:,} {limit.name} ({shown} %)"


def ceiling_of(limits: Sequence[Limit], metric: str) -> float:
    """The most that a method can reach of a metric, a fraction: the least that a limit leaves."""
    return min((1 - limit.share for limit in limits if limit.metric == metric), default=1.0)


def ceiling_sentences(limits: Sequence[Limit], labels: Mapping[str, str]) -> list[str]:
    """What keeps the test part's scores down, for people; empty where nothing does.

    Args:
        limits: of the test part. labels: of metrics, by their names.
    """
    said = []
    for limit in limits:
        if limit.metric and limit.count:
            most = math.floor(10_000 * (1 - limit.share)) / 100
            said.append(
                f"No method can reach more than {most:.2f}\u00a0% {labels[limit.metric]}: "
                f"{limit.count:,} of {limit.total:,} {limit.name}."
            )
        if limit.name == UNKNOWN and limit.share > USUAL_UNKNOWN:
            said.append(
                f"Of the test part's tokens {100 * limit.share:.2g}\u00a0% are unknown to the "
                "encoder: these are not its language or writing."
            )
    return said


def lines(limits: Limits) -> Iterable[str]:
    """What was found, a line each; without what is not there."""
    for split, found in limits.items():
        for limit in found:
            if limit.count:
                yield f"{split}: {told(limit)}"
