"""Span decoding against a plain loop over all pairs of all windows."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning_curves.tasks.question_answering import decode
from tuning_curves.tasks.question_answering.decode import SpanChoice, answer_texts, decode_spans
from tuning_curves.util.errors import DataError, UsageError


@dataclass(frozen=True)
class Case:
    """Windows one after another, as `decode_spans` takes them."""

    starts: np.ndarray
    ends: np.ndarray
    bounds: np.ndarray
    context_start: np.ndarray
    owner: np.ndarray
    questions: int

    def decode(self, n_best: int | None = 20, longest: int = 30) -> SpanChoice:
        return decode_spans(
            self.starts,
            self.ends,
            self.bounds,
            self.context_start,
            self.owner,
            questions=self.questions,
            n_best=n_best,
            max_answer_tokens=longest,
        )


def make_case(
    windows: list[tuple[list[float], list[float]]],
    context_start: int | list[int] = 1,
    owner: list[int] | None = None,
) -> Case:
    """Windows given by their start and end logits; one question each unless told otherwise."""
    lengths = [len(starts) for starts, _ in windows]
    first = [context_start] * len(windows) if isinstance(context_start, int) else context_start
    owner = list(range(len(windows))) if owner is None else owner
    return Case(
        starts=np.concatenate([starts for starts, _ in windows]).astype(np.float32),
        ends=np.concatenate([ends for _, ends in windows]).astype(np.float32),
        bounds=np.concatenate(([0], np.cumsum(lengths))),
        context_start=np.array(first),
        owner=np.array(owner),
        questions=max(owner) + 1,
    )


Span = tuple[int, int, int, float]  # window, first and last token in it, score


def by_hand(case: Case, n_best: int | None, longest: int) -> list[Span | None]:
    """The best span of each question, by trying every pair in the order of the tie rule."""
    best: list[Span | None] = [None] * case.questions
    for window, (begin, end) in enumerate(zip(case.bounds[:-1], case.bounds[1:], strict=True)):
        starts, ends = case.starts[begin:end], case.ends[begin:end]
        allowed_starts, allowed_ends = highest(starts, n_best), highest(ends, n_best)
        for first in sorted(allowed_starts):
            for last in sorted(allowed_ends):
                in_context = first >= case.context_start[window] and last <= len(starts) - 2
                if not in_context or not first <= last < first + longest:
                    continue
                score = float(starts[first] + ends[last])
                question = case.owner[window]
                if best[question] is None or score > best[question][3]:
                    best[question] = (window, first, last, score)
    return best


def highest(logits: np.ndarray, count: int | None) -> list[int]:
    """Positions of the highest logits, the earlier of equals first."""
    order = sorted(range(len(logits)), key=lambda position: (-logits[position], position))
    return order[:count]


def spans(case: Case, choice: SpanChoice) -> list[Span | None]:
    """A choice in the words of `by_hand`."""
    found: list[Span | None] = []
    for number, window in enumerate(choice.window.tolist()):
        if window < 0:
            assert (choice.start[number], choice.end[number]) == (-1, -1)
            assert choice.score[number] == -np.inf
            found.append(None)
            continue
        offset = case.bounds[window]
        first, last = int(choice.start[number] - offset), int(choice.end[number] - offset)
        found.append((window, first, last, float(choice.score[number])))
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A few short windows with small whole logits, so that many sums tie."""
    numbers = st.integers(-3, 3)
    count = draw(st.integers(1, 6))
    lengths = [draw(st.integers(2, 12)) for _ in range(count)]
    windows = [
        tuple(draw(st.lists(numbers, min_size=n, max_size=n)) for _ in range(2)) for n in lengths
    ]
    first = [draw(st.integers(0, n - 1)) for n in lengths]
    owner = [draw(st.integers(0, 3)) for _ in lengths]
    return make_case(windows, first, owner)


@settings(max_examples=300)
@given(cases(), st.sampled_from([None, 1, 2, 3, 20]), st.integers(1, 13))
def test_the_choice_is_the_plain_loops(case: Case, n_best: int | None, longest: int) -> None:
    assert spans(case, case.decode(n_best, longest)) == by_hand(case, n_best, longest)


@pytest.mark.parametrize("n_best", [None, 20])
def test_real_sized_windows_in_several_chunks(
    n_best: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "CHUNK_WINDOWS", 3)
    rng = np.random.default_rng(0)
    lengths = [60, 7, 45, 60, 30, 3, 52, 60]
    windows = [(rng.normal(size=n).tolist(), rng.normal(size=n).tolist()) for n in lengths]
    case = make_case(windows, context_start=2, owner=[0, 1, 0, 2, 2, 3, 1, 2])
    assert spans(case, case.decode(n_best, 10)) == by_hand(case, n_best, 10)


def test_twenty_best_can_miss_what_all_pairs_find() -> None:
    """The question's 20 tokens take all 20 places of the starts; the rule leaves no answer."""
    starts = [9.0] * 20 + [0.0, 5.0, 0.0, 0.0]
    ends = [0.0] * 21 + [1.0, 2.0, 0.0]
    case = make_case([(starts, ends)], context_start=20)
    assert spans(case, case.decode(n_best=20)) == [None]
    assert spans(case, case.decode(n_best=21)) == [(0, 21, 22, 7.0)]
    assert spans(case, case.decode(n_best=None)) == [(0, 21, 22, 7.0)]


@pytest.mark.parametrize("n_best", [None, 20])
def test_question_tokens_and_the_separator_are_never_chosen(n_best: int | None) -> None:
    starts = [9.0, 9.0, 0.0, 1.0, 0.0, 9.0]
    ends = [9.0, 9.0, 1.0, 0.0, 0.0, 9.0]
    case = make_case([(starts, ends)], context_start=2)
    assert spans(case, case.decode(n_best)) == [(0, 2, 2, 1.0)]  # ties with (3, 3) and (3, 4)


@pytest.mark.parametrize("n_best", [None, 20])
def test_an_answer_has_at_most_so_many_tokens(n_best: int | None) -> None:
    starts, ends = [0.0, 5.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 2.0, 5.0, 0.0]
    case = make_case([(starts, ends)])
    found = [spans(case, case.decode(n_best, longest))[0] for longest in (1, 2, 3, 4, 30)]
    assert found == [
        (0, 1, 1, 5.0),
        (0, 1, 2, 6.0),
        (0, 1, 3, 7.0),
        (0, 1, 4, 10.0),
        (0, 1, 4, 10.0),
    ]


@pytest.mark.parametrize("n_best", [None, 20])
def test_an_end_before_its_start_is_no_answer(n_best: int | None) -> None:
    case = make_case([([0.0, 0.0, 0.0, 9.0, 0.0], [0.0, 9.0, 0.0, 1.0, 0.0])])
    assert spans(case, case.decode(n_best)) == [(0, 3, 3, 10.0)]


@pytest.mark.parametrize("n_best", [None, 20])
def test_the_best_window_of_a_question_wins_and_the_first_on_a_tie(n_best: int | None) -> None:
    low, high = ([0.0, 1.0, 0.0], [0.0, 1.0, 0.0]), ([0.0, 4.0, 0.0], [0.0, 1.0, 0.0])
    case = make_case([low, high, low, high, low, low], owner=[0, 0, 2, 0, 1, 1])
    assert spans(case, case.decode(n_best)) == [(1, 1, 1, 5.0), (4, 1, 1, 2.0), (2, 1, 1, 2.0)]


@pytest.mark.parametrize("n_best", [None, 20])
def test_ties_go_to_the_lowest_start_and_then_the_lowest_end(n_best: int | None) -> None:
    case = make_case([([0.0] * 6, [0.0] * 6)], context_start=2)
    assert spans(case, case.decode(n_best)) == [(0, 2, 2, 0.0)]
    case = make_case([([0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 1.0, 0.0])])
    assert spans(case, case.decode(n_best)) == [(0, 2, 3, 2.0)]


@pytest.mark.parametrize("n_best", [None, 20])
def test_a_window_without_context_has_no_answer(n_best: int | None) -> None:
    """Also a question without any window."""
    case = make_case([([1.0] * 4, [1.0] * 4), ([1.0] * 4, [1.0] * 4)], [3, 1], owner=[0, 2])
    assert spans(case, case.decode(n_best)) == [None, None, (1, 1, 1, 2.0)]


def test_answers_are_cut_from_their_contexts() -> None:
    """Two windows of [CLS] q [SEP] context [SEP]; the second question has no answer."""
    context = "Ĉevlo lies far."
    char_start = np.array([0, 0, 0, 0, 6, 11, 0])
    char_end = np.array([0, 0, 0, 5, 10, 15, 0])
    choice = SpanChoice(
        window=np.array([0, -1]),
        start=np.array([3, -1]),
        end=np.array([4, -1]),
        score=np.array([1.0, -np.inf], np.float32),
    )
    assert answer_texts(choice, ["?", context], [1, 0], char_start, char_end) == ["Ĉevlo lies", ""]


GOOD = make_case([([0.0] * 4, [0.0] * 4), ([0.0] * 3, [0.0] * 3)])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["starts", "ends"])
def test_logits_that_are_not_finite_are_refused(side: str, bad: float) -> None:
    logits = getattr(GOOD, side).copy()
    logits[5] = bad
    case = Case(**(vars(GOOD) | {side: logits}))
    with pytest.raises(DataError, match="logits are not finite\nfix: the training diverged"):
        case.decode()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"starts": np.zeros(6, np.float32)}, "6 start and 7 end logits for windows that cover"),
        ({"bounds": np.array([0, 4, 6])}, "7 start and 7 end logits .* tokens 0 to 6"),
        ({"bounds": np.array([0, 0, 7])}, "window_starts must increase"),
        ({"context_start": np.array([1])}, "1 context starts and 2 questions for 2 windows"),
        ({"owner": np.array([0, 2])}, "question numbers 0 to 2, of 2"),
        ({"owner": np.array([-1, 0])}, "question numbers -1 to 0, of 2"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(
    changes: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Case(**(vars(GOOD) | changes)).decode()


def test_limits_below_one_are_refused() -> None:
    with pytest.raises(UsageError, match="n_best is 0, expected 1 or more, or none for all pairs"):
        GOOD.decode(n_best=0)
    with pytest.raises(UsageError, match="max_answer_tokens is 0, expected 1 or more"):
        GOOD.decode(longest=0)
