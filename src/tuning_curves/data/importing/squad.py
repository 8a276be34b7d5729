"""SQuAD's layout, 1.1 and 2.0: articles of paragraphs of questions. Versions are not looked at."""

from collections.abc import Iterator, Mapping
from typing import Any

from tuning_curves.data.importing.drafts import Draft
from tuning_curves.data.importing.faults import Findings
from tuning_curves.util.errors import quoted


def is_squad(value: Any) -> bool:
    """Whether a list has articles."""
    return isinstance(value, list) and any(
        isinstance(one, Mapping) and "paragraphs" in one and "sentences" not in _first(one)
        for one in value[:20]
    )


def _first(article: Mapping[str, Any]) -> Mapping[str, Any]:
    paragraphs = article["paragraphs"]
    first = paragraphs[0] if isinstance(paragraphs, list) and paragraphs else None
    return first if isinstance(first, Mapping) else {}


def read_squad(articles: list[Any], findings: Findings) -> Iterator[Draft]:
    """The questions of all articles; plausible answers of impossible questions are not read."""
    for number, article in enumerate(articles, 1):
        title = article.get("title") if isinstance(article, Mapping) else None
        named = f" {quoted(title, 30)}" if isinstance(title, str) and title else ""
        where = f"article {number}{named}"
        for place, paragraph in enumerate(_list(article, "paragraphs", where, findings), 1):
            here = f"{where}, paragraph {place}"
            questions = _list(paragraph, "qas", here, findings)
            if isinstance(paragraph, Mapping) and paragraph.get("qas") == []:
                findings.note("paragraphs without a question, left out")
            for count, question in enumerate(questions, 1):
                at = f"{here}, question {count}"
                if not isinstance(question, Mapping):
                    findings.fault("layout", at, f"{type(question).__name__}, expected an object")
                    continue
                own = {"title": title, "context": paragraph.get("context")}
                answers = _answers(question, at, findings)
                unnamed = {"unnamed": f"article {number}"}
                yield Draft(at, {**question, **own, "answers": answers, **unnamed})


def _answers(question: Mapping[str, Any], where: str, findings: Findings) -> list[Any]:
    if question.get("is_impossible") is True:
        return []
    found = _list(question, "answers", where, findings)
    sound = [one for one in found if isinstance(one, Mapping)]
    if len(sound) < len(found):
        findings.fault("layout", where, "an answer is no object")
    return [(one.get("text"), one.get("answer_start")) for one in sound]


def _list(value: Any, key: str, where: str, findings: Findings) -> list[Any]:
    if not isinstance(value, Mapping):
        findings.fault("layout", where, f"{type(value).__name__}, expected an object")
    elif not isinstance(value.get(key), list):
        findings.fault("layout", where, f"no list {key!r}")
    else:
        return value[key]
    return []
