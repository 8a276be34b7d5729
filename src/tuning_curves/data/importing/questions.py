"""Questions checked and mended: rows of id, title, context, question and answers."""

from collections.abc import Iterable, Sequence
from typing import Any

from tuning_curves.data.importing.drafts import Draft, Request
from tuning_curves.data.importing.examples import sound_text
from tuning_curves.data.importing.faults import Findings
from tuning_curves.data.importing.offsets import only_place, place_all
from tuning_curves.util.errors import quoted


def question_rows(
    drafts: Iterable[Draft], request: Request, findings: Findings
) -> list[dict[str, Any]]:
    """Every sound question, those of an article side by side."""
    passages: dict[str, int] = {}
    named: set[str] = set()
    whole: list[tuple[str, dict[str, Any]]] = []
    for number, draft in enumerate(drafts, 1):
        row = _row(draft, number, passages, named, request, findings)
        if row is not None:
            whole.append((draft.where, row))
    _check_ids(whole, findings)
    _place(whole, findings)
    return _side_by_side(findings.sound(whole), findings)


def _row(
    draft: Draft,
    number: int,
    passages: dict[str, int],
    named: set[str],
    request: Request,
    findings: Findings,
) -> dict[str, Any] | None:
    values, where = draft.values, draft.where
    pairs = values["answers"]
    if all(map(_nothing, pairs)):
        if request.impossible == "drop":
            findings.left_out("have no answer", where, values.get("question"))
        else:
            findings.fault("impossible", where, quoted(str(values.get("question")), 60))
        return None
    context = sound_text(values.get("context"), "context", where, findings)
    question = sound_text(values.get("question"), "question", where, findings)
    answers = [_answer(text, start, where, findings) for text, start in pairs]
    if context is None or question is None or None in answers:
        return None
    passage = f"passage {passages.setdefault(context, len(passages) + 1)}"
    made = {"title": values.get("unnamed", passage), "id": f"question {number}"}
    title, identity = (_name(n, values.get(n), made[n], where, named, findings) for n in made)
    if title is None or identity is None:
        return None
    return {
        "id": identity,
        "title": title,
        "context": context,
        "question": question,
        "answers": answers,
    }


def _nothing(pair: tuple[Any, Any]) -> bool:
    """Whether an answer says that there is none, as some tools do."""
    return pair[0] in (None, "") and pair[1] in (None, "", -1, "-1", 0)


def _answer(text: Any, start: Any, where: str, findings: Findings) -> tuple[str, int] | None:
    text = sound_text(text, "answer text", where, findings)
    if text is None or type(start) is int:
        return None if text is None else (text, start)
    try:
        number = float(start) if isinstance(start, str | float) else float("nan")
    except ValueError:
        number = float("nan")
    if not number.is_integer():
        findings.fault("place", where, f"answer_start is {start!r}, expected a number")
        return None
    if isinstance(start, float):
        findings.mend("number", where, "answer_start", start, int(number))
    return text, int(number)


def _name(
    kind: str, value: Any, made: str, where: str, named: set[str], findings: Findings
) -> str | None:
    """An id or a title as text; one that is missing is made, and told once."""
    if isinstance(value, str) and value.strip():
        return sound_text(value, kind, where, findings)
    if not (value is None or isinstance(value, str | int | float)):
        findings.fault("layout", where, f"{kind} is {quoted(str(value), 40)}")
        return None
    name = made if value is None or isinstance(value, str) else str(value)
    if f"{kind} {name}" not in named:
        named.add(f"{kind} {name}")
        findings.mend(kind, where, kind, value, name)
    return name


def _check_ids(rows: Sequence[tuple[str, dict[str, Any]]], findings: Findings) -> None:
    first: dict[str, str] = {}
    for where, row in rows:
        there = first.setdefault(row["id"], where)
        if there != where:
            findings.fault("twice", where, f"{quoted(row['id'], 40)}, first at {there}")


def _place(rows: Sequence[tuple[str, dict[str, Any]]], findings: Findings) -> None:
    """Put all answers of each passage where they stand; `answers` become the hub's two lists."""
    passages: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for where, row in rows:
        passages.setdefault(row["context"], []).append((where, row))
    for context, here in passages.items():
        placed = iter(place_all(context, [pair for _, row in here for pair in row["answers"]]))
        for where, row in here:
            found = [
                _placed(pair, next(placed), context, where, findings) for pair in row["answers"]
            ]
            texts, starts = zip(*found, strict=True)
            row["answers"] = {"text": [*texts], "answer_start": [*starts]}


def _placed(
    pair: tuple[str, int], there: Any, context: str, where: str, findings: Findings
) -> tuple[str, int]:
    text, start = pair
    alone = only_place(context, text) if there is None else None
    there = there or alone
    if there is None:
        reads = quoted(context[max(start, 0) : max(start, 0) + max(len(text), 20)], 40)
        found = context.find(text)
        occurs = f"it first stands at {found}" if found >= 0 else "it stands nowhere in the context"
        findings.fault("place", where, f"{quoted(text, 40)} at {start}, where {reads}; {occurs}")
        return pair
    if there.start != start:
        kind = "moved" if alone else "counting" if there.counting else "form"
        what = {"moved": f"of {quoted(text, 40)}", "form": "(white space)"}
        said = what.get(kind, f"({there.counting})")
        findings.mend(kind, where, f"answer_start {said}", start, there.start)
    if there.text != text:
        findings.mend("form", where, "answer", text, there.text)
    return there.text, there.start


def _side_by_side(
    rows: Sequence[tuple[str, dict[str, Any]]], findings: Findings
) -> list[dict[str, Any]]:
    """Rows by article, each article where its first row is."""
    articles: dict[str, list[dict[str, Any]]] = {}
    last = None
    for where, row in rows:
        title = row["title"]
        if title != last and title in articles:
            what = f"article {quoted(title, 40)}"
            findings.mend("order", where, what, "behind another one", "beside its own")
        articles.setdefault(title, []).append(row)
        last = title
    return [row for article in articles.values() for row in article]
