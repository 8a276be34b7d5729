"""The whole data set: articles about invented towns, each with some passages."""

import hashlib
from typing import Any

from tuning_curves.demo.cultures import cultures
from tuning_curves.demo.draw import Draw
from tuning_curves.demo.names import Names
from tuning_curves.demo.passage import write_passage
from tuning_curves.demo.questions import ask
from tuning_curves.demo.templates import domains
from tuning_curves.util.errors import UsageError

GENERATOR_VERSION = 1  # raised whenever the same arguments give other bytes
MOST_PASSAGES = 4
MOST_QUESTIONS = 20  # of an article; each domain is told of once an article, and must suffice
FEWEST_PASSAGES = 2
STREAMS = {"train": "train", "test": "dev"}  # names in the draws: other ones, other passages


def generate(
    *, seed: int, train_articles: int, test_articles: int, questions_per_article: int
) -> dict[str, dict[str, Any]]:
    """Write both splits.

    An article has the title of a town and 2 to 4 passages about what is found there (one for a
    single question, more where these do not tell enough). No name is used twice, so that the
    splits share no facts.

    Returns:
        {"train": ..., "test": ...}, each in the layout of SQuAD v1.1. Questions of test have all
        their acceptable answers.

    Raises:
        UsageError: fewer than one article or question, or so many that names run out.
    """
    counts = {"train": train_articles, "test": test_articles}
    asked = {f"{split}_articles": count for split, count in counts.items()}
    for name, value in {**asked, "questions_per_article": questions_per_article}.items():
        if value < 1:
            raise UsageError(f"{name} is {value}, expected at least 1", fix=f"raise data.{name}")
    if questions_per_article > MOST_QUESTIONS:
        raise UsageError(
            f"questions_per_article is {questions_per_article}, expected at most {MOST_QUESTIONS}",
            fix="ask for more articles instead: raise data.train_articles",
        )
    names = Names()
    draw = Draw("generator", GENERATOR_VERSION, seed)
    return {
        split: {
            "version": "1.1",
            "data": [
                _write_article(
                    draw.child(STREAMS[split], number), names, questions_per_article, split
                )
                for number in range(count)
            ],
        }
        for split, count in counts.items()
    }


def _write_article(draw: Draw, names: Names, questions: int, split: str) -> dict[str, Any]:
    culture = draw.choose(cultures())
    title = names.place(draw, culture)
    paragraphs: list[dict[str, Any]] = []
    left = questions
    planned = draw.between(FEWEST_PASSAGES, MOST_PASSAGES)
    for place, domain in enumerate(draw.shuffled(domains())):
        share = -(-left // max(1, planned - place))
        if share == 0:
            break
        passage = write_passage(domain, title, culture, names, draw)
        entries = ask(passage, share, draw, several=split == "test")
        left -= len(entries)
        for entry in entries:
            entry["id"] = _identify(title, passage.text, entry["question"])
        paragraphs.append({"context": passage.text, "qas": entries})
    return {"title": title, "paragraphs": paragraphs}


def _identify(*parts: str) -> str:
    """An id of 24 hex digits, as SQuAD's are."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
