"""Advice as sentences: three at a size, and one for each curve that is asked for a target."""

from collections.abc import Iterable, Mapping

import numpy as np

from tuning_curves.analysis.advice.arms import Arm, Curves
from tuning_curves.analysis.advice.choice import Ahead, Choice
from tuning_curves.analysis.advice.doubling import Gain
from tuning_curves.analysis.advice.target import FURTHEST, Needed
from tuning_curves.analysis.comparisons import LEAST_PAIRS
from tuning_curves.analysis.runs import UNTIMED
from tuning_curves.util.errors import plural

RANKS = {"minutes": "the quickest", "stored_bytes": "the smallest to store"}
SHOWN = 3  # of what is tied and not cheaper


def three_sentences(curves: Curves, choice: Choice, gain: Gain | None, n: int) -> list[str]:
    """What to take, what is tied with it and cheaper, and what twice as many labels bring.

    Args:
        gain: of the leader; None where none leads.
    """
    if gain is None:
        return [_all_behind(curves, choice, n)]
    return [
        _best(curves, choice, n),
        _tied(curves, choice, n),
        gain_sentence(curves, gain, n),
    ]


def name_of(curves: Curves, arm: Arm) -> str:
    """`full under epochs`; the method alone in a study of one budget."""
    return f"{arm.method} under {arm.budget}" if len(curves.study.budgets) > 1 else arm.method


def at_baseline(curves: Curves, arm: Arm, n: int) -> bool:
    """Whether nothing shows that a score is above that of the most frequent label, or above 0."""
    low, _ = curves.interval(arm, n)
    floor = 0.0 if curves.baseline is None else curves.baseline
    return bool((curves.score(arm, n) if np.isnan(low) else low) <= floor)


def at_ceiling(curves: Curves, arm: Arm, n: int) -> bool:
    """Whether a score cannot be told from the most that any method can reach."""
    _, high = curves.interval(arm, n)
    return bool((curves.score(arm, n) if np.isnan(high) else high) >= curves.ceiling)


def _best(curves: Curves, choice: Choice, n: int) -> str:
    leader = choice.leader
    name, scored = name_of(curves, leader), _score(curves, leader, n)
    opening = f"With {n:,} {curves.nouns.examples}"
    nouns = ["other", "others"]
    if len({arm.budget for arm in choice.scores}) > 1:
        nouns = ["other pair of method and budget", "other pairs of method and budget"]
    tied, others = len(choice.left) - 1, plural(len(choice.ahead), *nouns)
    matched = f", which {tied} of {others} may match" if tied else ""
    if at_baseline(curves, leader, n):
        nothing = f"nothing is shown to be learnt, since 0 % {curves.metric.label} is not excluded"
        if curves.baseline is not None:
            nothing = "nothing is shown to be better than always answering the most frequent label"
            nothing += f" ({curves.baseline:.1f} %)"
        return f"{opening} {nothing}: the best mean is that of {name}, {scored}{matched}."
    cost = _cost(curves, leader, n)
    if tied:
        return f"{opening} {name} has the best mean, {scored}{cost}{matched}."
    return f"{opening} take {name}: {scored}{cost}."


def _score(curves: Curves, arm: Arm, n: int) -> str:
    """`41.3 % exact match [35.5, 47.2]`."""
    low, high = curves.interval(arm, n)
    scored = f"{curves.score(arm, n):.1f} % {curves.metric.label}"
    if np.isnan(low):
        return f"{scored}, without an interval ({curves.in_words(curves.mean(arm, n).why)})"
    return f"{scored} [{low:.1f}, {high:.1f}]"


def _cost(curves: Curves, arm: Arm, n: int) -> str:
    """` (8.8 min of training, 90 MB to store)`."""
    minutes, stored = curves.minutes(arm, n), curves.stored_bytes(arm, n)
    known = [] if np.isnan(minutes) else [f"{in_minutes(minutes)} of training"]
    known += [] if np.isnan(stored) else [f"{in_megabytes(stored)} to store"]
    return f" ({', '.join(known)})" if known else ""


def _tied(curves: Curves, choice: Choice, n: int) -> str:
    """Which others may be as good, and the cheapest of these."""
    if not choice.ahead:
        return "There is nothing to compare it with."
    tied = [pair for pair in choice.ahead if pair.arm in choice.left]
    if not tied:
        nearest = min(choice.ahead, key=lambda pair: pair.value)
        name = name_of(curves, nearest.arm)
        of = f", the nearest of {len(choice.ahead)} others," if len(choice.ahead) > 1 else ""
        return f"Nothing is tied with it: {name}{of} is behind by {_by(nearest)}."
    if len(tied) == 1:
        return f"That is {_against(curves, choice, tied[0], n)}."
    cheaper = cheapest(curves, choice, n)
    if not cheaper:
        shown = "; ".join(_against(curves, choice, pair, n) for pair in tied[:SHOWN])
        more = f"; and {len(tied) - SHOWN} more" if len(tied) > SHOWN else ""
        return f"None of these is cheaper: {shown}{more}."
    told = []
    for arm in dict.fromkeys(cheaper.values()):
        ranks = " and ".join(RANKS[what] for what, cheap in cheaper.items() if cheap == arm)
        pair = next(pair for pair in tied if pair.arm == arm)
        told.append(f"{ranks} is {_against(curves, choice, pair, n)}")
    return f"Of these {'; '.join(told)}."


def cheapest(curves: Curves, choice: Choice, n: int) -> dict[str, Arm]:
    """Of what is tied with the leader the quickest (`minutes`) and the smallest (`stored_bytes`).

    Only where it is cheaper than the leader; of equal ones that which costs less otherwise.
    """
    costs = {
        arm: {"minutes": curves.minutes(arm, n), "stored_bytes": curves.stored_bytes(arm, n)}
        for arm in choice.left
    }
    found = {}
    for what, other in (("minutes", "stored_bytes"), ("stored_bytes", "minutes")):
        known = {arm: cost for arm, cost in costs.items() if not np.isnan(cost[what])}
        if choice.leader in known:
            least = min(known, key=lambda arm: (known[arm][what], known[arm][other]))
            if known[least][what] < known[choice.leader][what]:
                found[what] = least
    return found


def _against(curves: Curves, choice: Choice, pair: Ahead, n: int) -> str:
    """`bitfit under long, behind by 2.2 [-6.5, 2.0] points (26 min instead of 8.8 min, ...)`."""
    costs = []
    for cost, show in ((curves.minutes, in_minutes), (curves.stored_bytes, in_megabytes)):
        own, leaders = cost(pair.arm, n), cost(choice.leader, n)
        if not np.isnan(own + leaders) and show(own) != show(leaders):
            costs.append(f"{show(own)} instead of {show(leaders)}")
    return _behind(curves, pair) + (f" ({', '.join(costs)})" if costs else "")


def _behind(curves: Curves, pair: Ahead) -> str:
    """An arm that may be as good, and how far it is behind or ahead."""
    name = name_of(curves, pair.arm)
    if pair.pairs == 0:
        return f"{name}, which has no run of the same seed"
    if pair.value < 0:
        return f"{name}, ahead by {_by(pair, -1)}"
    return f"{name}, behind by {_by(pair)}"


def _by(pair: Ahead, sign: int = 1) -> str:
    """`2.2 [-6.5, 2.0] points`."""
    if np.isnan(pair.low):
        return f"{sign * pair.value:.1f} points without an interval ({pair.why})"
    low, high = sorted((sign * pair.low, sign * pair.high))
    return f"{sign * pair.value:.1f} [{low:.1f}, {high:.1f}] points"


def _all_behind(curves: Curves, choice: Choice, n: int) -> str:
    ahead = [pair for pair in choice.ahead if pair.decided < 0]
    told = "; ".join(f"behind {name_of(curves, pair.arm)} by {_by(pair, -1)}" for pair in ahead)
    return (
        f"With {n:,} {curves.nouns.examples} {name_of(curves, choice.leader)} has the best mean, "
        f"{_score(curves, choice.leader, n)}, but each is behind another one, on seeds that are "
        f"not the same: it is {told}. Run all methods with the same seeds."
    )


def gain_sentence(curves: Curves, gain: Gain, n: int) -> str:
    """What twice as many labels bring, how that is known, and how little it says."""
    arm = Arm(gain.method, gain.budget)
    if at_ceiling(curves, arm, n):
        return (
            f"More labels bring {name_of(curves, arm)} next to nothing: it cannot be told from the "
            f"most that any method can reach ({curves.ceiling:.2f} %)."
        )
    opening = f"Labelling twice as many ({2 * n:,}) for {name_of(curves, arm)}: "
    if np.isnan(gain.value):
        return f"{opening}the runs do not tell ({gain.why})."
    value = f"{gain.value:+.1f} points of {curves.metric.label}"
    if np.isnan(gain.low):
        words = ""
        if gain.how == "extrapolated":
            words = f"from {gain.sizes[-2]:,} to {gain.sizes[-1]:,} each doubling brought "
        return f"{opening}{words}{value}, and the runs do not tell more ({gain.why})."
    value += f" [{gain.low:+.1f}, {gain.high:+.1f}]"
    if gain.how == "measured":
        return f"{opening}{value}, measured."
    if gain.how == "between":
        return f"{opening}{value}, read off between measured sizes."
    nothing = ", and it may bring nothing" if gain.low <= 0 else ""
    return (
        f"{opening}{value} expected, if the last doubling's gain comes again, a rule that was "
        f"{gain.trial_error:.1f} points off on this study's earlier sizes{nothing}."
    )


def few_seeds(curves: Curves, choice: Choice) -> list[str]:
    """What is said of arms with too few seeds for a difference to count."""
    few = [name_of(curves, pair.arm) for pair in choice.ahead if pair.pairs < LEAST_PAIRS]
    if not few:
        return []
    return [f"Fewer than {LEAST_PAIRS} seeds decide nothing, so add seeds of: {', '.join(few)}."]


def left_out(
    curves: Curves, taken: Mapping[Arm, float], minutes: float | None
) -> tuple[list[Arm], list[str]]:
    """The arms that train in so many minutes, and what is said of the others.

    Args:
        taken: minutes by arm, NaN where they are not known.
        minutes: None for any time.
    """
    known = {arm: time for arm, time in taken.items() if not np.isnan(time)}
    if minutes is None:
        return list(taken), []
    if not known:
        return list(taken), [f"{UNTIMED.capitalize()}: minutes leave nothing out."]
    within = [arm for arm, time in known.items() if time <= minutes]
    if not within:
        quickest = min(known, key=lambda arm: known[arm])
        least = _listed(curves, {quickest: known[quickest]})
        return [], [f"Nothing trained so quickly: {least}, at the least."]
    slower = {arm: time for arm, time in known.items() if arm not in within}
    untimed = [name_of(curves, arm) for arm in taken if arm not in known]
    said = [f"Left out, since it takes longer: {_listed(curves, slower)}."] if slower else []
    if untimed:
        said.append(f"Left out, since no run of it was timed: {', '.join(untimed)}.")
    return within, said


def _listed(curves: Curves, times: Mapping[Arm, float]) -> str:
    return ", ".join(f"{name_of(curves, a)} ({in_minutes(time)})" for a, time in times.items())


def in_minutes(minutes: float) -> str:
    """`0.023 min`, `8.8 min`, `1,200 min`."""
    return f"{minutes:.2g} min" if minutes < 10 else f"{minutes:,.0f} min"


def in_megabytes(count: float) -> str:
    """`0.1 MB`, `90 MB`, of 10^6 bytes."""
    return f"{count / 1e6:.2g} MB" if count < 1e7 else f"{count / 1e6:,.0f} MB"


def missing_size(curves: Curves, n: str, size: int, *, below: bool) -> str:
    """What is said of a number of labels at which there are no runs."""
    where = "below" if below else "above"
    return f"No run has {n} {curves.nouns.examples}; the next size {where} it is {size:,}."


def target_sentences(curves: Curves, found: Iterable[Needed], target: float) -> list[str]:
    """How many labels a target in percent needs, a sentence for each curve."""
    return [_target(curves, one, target) for one in found]


def _target(curves: Curves, one: Needed, target: float) -> str:
    name = name_of(curves, Arm(one.method, one.budget))
    opening = f"{target:.1f} % {curves.metric.label} with {name}: "
    if one.declined:
        known = np.isfinite(one.low) and not one.low_open
        least = f" More than {_round(one.low)} are needed." if known else ""
        return f"{opening}no number is given, since {one.declined}.{least}"
    examples = curves.nouns.examples
    low = f"fewer than {one.low:,.0f}" if one.low_open else _round(one.low)
    high = f"more than {one.high:,.0f}" if one.high_open else _round(one.high)
    said = f"{opening}about {_round(one.n)} {examples} [{low}, {high}]"
    if one.high_open or one.n > one.sizes[-1]:
        twice, most = (times * one.sizes[-1] for times in (2, FURTHEST))
        said += (
            f"; {twice:,} are enough in {100 * one.enough[twice]:.0f} % of the curves that the "
            f"runs allow, {most:,} in {100 * one.enough[most]:.0f} %"
        )
    return f"{said}."


def _round(n: float) -> str:
    """Two digits: `1,900`."""
    return f"{float(f'{n:.2g}'):,.0f}"
