"""What the synthesis says, sentence by sentence, from what is decided.

Each question has one rule. *Winner*: it changes between two places where no method is the
best, or tied with it, at both. *Examples*: the order of BitFit and full turns under a budget
where BitFit is decidedly above at one size and below at another. *Steps*: likewise, at one size
after two numbers of steps. *Tasks*: it is the same where what is decided, corrected over the
places of all studies, has equal signs in all of them.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tuning_curves.report import style, wording
from tuning_curves.report.answer import count_behind, others_behind
from tuning_curves.report.prose import place_of
from tuning_curves.report.synthesis.places import Placed, correct_over_all, once
from tuning_curves.report.synthesis.results import StudyResults

SIDES = ("above", "below")
AT_ONCE = 3  # so many methods are told in one sentence


def make_sentences(studies: Sequence[StudyResults], places: Sequence[Placed]) -> dict[str, Any]:
    """The paragraphs of the synthesis, each a list of sentences of less than 25 words."""
    paired = [each for each in places if each.standing]
    return {
        "best": list(_behind(places)),
        "pair": list(_counts(paired)),
        "examples": [
            *_winner(places, "examples"),
            *_turns_over_sizes(paired),
            *_changes(studies, "equal_steps"),
        ],
        "steps": [
            *_winner(places, "steps"),
            *_turns_over_steps(paired),
            *_changes(studies, "budgets"),
            *_best_budgets(studies),
        ],
        "tasks": list(_tasks(paired)),
    }


def _behind(places: Sequence[Placed]) -> Iterator[str]:
    """How often each main method is behind the best one, over all studies."""
    known = [each.place for each in once(places)]
    if not known:
        yield "No study compares two methods."
        return
    everyone = count_behind(known)
    counts = {name: everyone[name] for name in style.main_ones(everyone)}
    safe = [name for name, (behind, _) in counts.items() if not behind]
    if not any(behind for behind, _ in everyone.values()):
        yield "No method is shown to be behind another one anywhere."
        return
    yield from _told("Not shown behind the best:", [
        f"{style.label(name)} at any of {counts[name][1]}" for name in safe
    ])  # fmt: skip
    yield from _told("Shown behind the best:", [
        f"{style.label(name)} at {behind} of {total}"
        for name, (behind, total) in counts.items()
        if behind
    ])  # fmt: skip
    yield from others_behind(everyone)


def _told(opening: str, what: Sequence[str]) -> Iterator[str]:
    """A few at once, each a method with its places."""
    for start in range(0, len(what), AT_ONCE):
        yield f"{opening} {wording.join(what[start : start + AT_ONCE])} places."


def _winner(places: Sequence[Placed], what: str) -> Iterator[str]:
    """Whether the best method changes with the examples of a budget, or the steps at a size."""
    by_size = what == "examples"
    groups: dict[tuple[str, Any], list[Placed]] = {}
    for each in places if by_size else once(places):
        key = each.place.budget if by_size else each.place.n
        groups.setdefault((each.study.name, key), []).append(each)
    told = [
        f"in {study}: {_change(*found)}"
        for (study, _), own in groups.items()
        if (found := _first_change(own))
    ]
    if told:
        yield f"The best method changes with the {what} {told[0]}."
        yield from _so_often_again(told)
    elif any(len(own) > 1 for own in groups.values()):
        yield f"Nowhere is the best method shown to change with the number of {what}."


def _so_often_again(told: Sequence[Any]) -> Iterator[str]:
    """How many more there are than the one that was told."""
    more = len(told) - 1
    if more:
        yield f"There {'is' if more == 1 else 'are'} {wording.plural(more, 'more such change')}."


def _first_change(places: Sequence[Placed]) -> tuple[Placed, Placed] | None:
    """Two places of which either one's best is behind at the other, as is all tied with it."""
    for one, other in itertools.combinations(sorted(places, key=_extent), 2):
        left, right = ({each.place.best, *each.place.tied} for each in (one, other))
        if left <= {*other.place.behind} and right <= {*one.place.behind}:
            return one, other
    return None


def _extent(each: Placed) -> tuple[int, int]:
    return each.place.n, each.place.steps


def _change(one: Placed, other: Placed) -> str:
    return ", ".join(
        f"{style.label(each.place.best)} with {wording.whole(each.place.n)}"
        f"{f' {each.study.examples}' if each is one else ''} "
        f"({wording.plural(each.place.steps, 'step')})"
        for each in (one, other)
    )


def _counts(paired: Sequence[Placed]) -> Iterator[str]:
    known = once(paired)
    if not known:
        yield "No study trains both BitFit and full fine-tuning."
        return
    found = [each.standing for each in known]
    yield (
        f"BitFit is above full fine-tuning at {found.count('above')} of {len(found)} places, "
        f"below at {found.count('below')}, undecided at {found.count('undecided')}."
    )
    sides = [side for _, side in correct_over_all(paired)]
    yield (
        "Each is corrected over the sizes of its budget. Corrected over all places together, it is "
        f"above at {sides.count('above')} and below at {sides.count('below')}."
    )


def _turns_over_sizes(paired: Sequence[Placed]) -> Iterator[str]:
    """Budgets with decided differences of both signs."""
    turns = _turns(paired, lambda each: each.place.budget, lambda each: each.place.n)
    if turns:
        study, budget, above, below = turns[0]
        yield (
            f"The order of the two turns with the examples in {study} under {budget}: BitFit "
            f"above at {wording.sizes(above[:1])}, below at {wording.sizes(below[:1])}."
        )
        yield from _so_often_again(turns)
    elif paired:
        yield "Under no budget is the order of the two shown to turn with the number of examples."


def _turns_over_steps(paired: Sequence[Placed]) -> Iterator[str]:
    """Sizes with decided differences of both signs after unequal numbers of steps."""
    turns = _turns(once(paired), lambda each: each.place.n, lambda each: each.place.steps)
    if turns:
        study, n, above, below = turns[0]
        yield (
            f"The order of the two turns with the steps in {study} at n = {wording.whole(n)}: "
            f"BitFit above after {wording.plural(above[0], 'step')}, below after "
            f"{wording.whole(below[0])}."
        )
        yield from _so_often_again(turns)
    elif paired:
        yield "At no size is the order of the two shown to turn with the number of steps."


Turn = tuple[str, Any, list[int], list[int]]  # study, what is held, where above, where below


def _turns(
    paired: Sequence[Placed], held: Callable[[Placed], Any], varied: Callable[[Placed], int]
) -> list[Turn]:
    """Where one thing is held and another varies: those of both signs."""
    groups: dict[tuple[str, Any], list[Placed]] = {}
    for each in paired:
        groups.setdefault((each.study.name, held(each)), []).append(each)
    found = []
    for (study, value), own in groups.items():
        above, below = (sorted(varied(p) for p in own if p.standing == side) for side in SIDES)
        if above and below:
            found.append((study, value, above, below))
    return found


CHANGES = {  # table of changes of the difference: what grows
    "equal_steps": "At equal steps, more examples",
    "budgets": "At equal examples, more steps",
}


def _changes(studies: Sequence[StudyResults], table: str) -> Iterator[str]:
    """How the difference of BitFit and full changes: counts, and the largest decided change."""
    rows = [(study, row) for study in studies for row in study.of_pair(table).itertuples()]
    sides = [place_of(row, study.confidence) for study, row in rows]
    decided = [pair for pair, side in zip(rows, sides, strict=True) if side in SIDES]
    if not rows:
        return
    yield (
        f"{CHANGES[table]} favour BitFit in {sides.count('above')} of "
        f"{wording.plural(len(rows), 'comparison')} (which overlap) and full fine-tuning in "
        f"{sides.count('below')}; undecided: {len(rows) - len(decided)}."
    )
    if decided:
        study, row = max(decided, key=lambda pair: abs(pair[1].difference))
        ends = wording.interval(row.low, row.high, sign=True)
        yield (
            f"BitFit minus full changes most {_between(table, row)} ({study.name}): by "
            f"{wording.difference(row.difference)} points of {study.label} {ends}."
        )


def _best_budgets(studies: Sequence[StudyResults]) -> Iterator[str]:
    """BitFit and full, each under its own best budget, over all sizes."""
    found = [
        place_of(row, study.confidence)
        for study in studies
        for row in study.of_pair("best_contrasts").itertuples()
    ]
    if found:
        yield (
            f"Each under its own best budget, BitFit is above at {found.count('above')} of "
            f"{wording.plural(len(found), 'size')}, below at {found.count('below')}, undecided at "
            f"{len(found) - found.count('above') - found.count('below')}."
        )


def _between(table: str, row: Any) -> str:
    if table == "budgets":
        steps = (
            f"from {wording.whole(row.shorter_steps)} to {wording.whole(row.longer_steps)} steps"
        )
        return f"{steps} at n = {wording.whole(row.n_train)}"
    sizes = f"from n = {wording.whole(row.smaller)} to {wording.whole(row.larger)}"
    return f"{sizes} after {wording.whole(row.steps)} steps"


def _tasks(paired: Sequence[Placed]) -> Iterator[str]:
    """Each study's decided signs, and whether they agree after a correction over all places."""
    signs: dict[str, set[str]] = {}
    for each, side in correct_over_all(paired):
        signs.setdefault(each.study.name, set()).update({side} & {*SIDES})
    for study in dict.fromkeys(p.study.name for p in paired):
        own = once(p for p in paired if p.study.name == study)
        found = [p.standing for p in own]
        yield (
            f"{wording.capital(own[0].study.task.replace('-', ' '))} ({study}): BitFit above at "
            f"{found.count('above')} of {len(found)} places, below at {found.count('below')}."
        )
    tasks = {p.study.task for p in paired}
    decided = {study: found for study, found in signs.items() if found}
    if len(tasks) < 2:
        yield "With one task, whether this is the same on others is open."
    elif len(decided) < len(signs):
        nothing = wording.join(study for study in signs if study not in decided)
        yield (
            "Whether it is the same on all tasks is open: corrected over all places, nothing is "
            f"decided in {nothing}."
        )
    elif len({frozenset(found) for found in signs.values()}) == 1:
        yield "What is decided over all places has the same signs on all tasks."
    else:
        yield "It is not the same on all tasks: what is decided over all places has unlike signs."
