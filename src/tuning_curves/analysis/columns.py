"""Every table's columns, declared once: name, type, heading, how written and how shown.

From here follow the CSV files, the Markdown files, the paper's tables, the checks when tables are
read back, and the workflow's list of files. Nothing heavy is imported. Rounding, order and line
ends are fixed, so that bytes do not depend on a number's last bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

Format = Callable[[Any], str]


def text(value: Any) -> str:
    """As it is."""
    return str(value)


def whole(value: Any) -> str:
    """A whole number: a count, bytes, or a size."""
    return str(round(value))


def points(value: float) -> str:
    """Percent or percent points: two decimals, and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def probability(value: float) -> str:
    """Four decimals; 0.0000 means below 0.00005."""
    return f"{value:.4f}"


def significant(value: float) -> str:
    """Four significant digits: seconds and ratios."""
    return f"{value:.4g}"


def fraction(value: float) -> str:
    """Six significant digits: a share."""
    return f"{value:.6g}"


def rate(value: float) -> str:
    """A learning rate, as short as it can be and exact."""
    return repr(float(value))


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        name: in the CSV file.
        write: how a value is written there; a missing one is an empty field.
        heading: in tables for reading; `{level}` is the intervals' level, `{metric}` the study's
            metric. "" leaves the column out of them.
        show: how tables for reading show it, by a name of `report/sheets.py`.
        sources: the columns that are shown together in its place; its own where empty.
    """

    name: str
    write: Format = whole
    heading: str = ""
    show: str = "whole"
    sources: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether it holds text; all others hold numbers."""
        return self.write is text

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns whose values are handed to `show`."""
        return self.sources or (self.name,)


def _text(name: str, heading: str = "", show: str = "text", *sources: str) -> Column:
    return Column(name=name, write=text, heading=heading, show=show, sources=sources)


def _whole(name: str, heading: str = "", show: str = "whole", *sources: str) -> Column:
    return Column(name=name, heading=heading, show=show, sources=sources)


def _points(name: str, heading: str = "", show: str = "points") -> Column:
    return Column(name=name, write=points, heading=heading, show=show)


def _significant(name: str, heading: str = "", show: str = "significant") -> Column:
    return Column(name=name, write=significant, heading=heading, show=show)


def _interval(write: Format, show: str, heading: str = "{level} interval") -> tuple[Column, Column]:
    ends = ("low", "high")
    low = Column(name="low", write=write, heading=heading, show=show, sources=ends)
    return low, Column(name="high", write=write)


BUDGET, METHOD, SIZE = (
    _text("budget", "budget"),
    _text("method", "method", "method"),
    _whole("n_train", "n"),
)
PLACE = (BUDGET, METHOD, SIZE)
PAIR = (_text("first", "first", "method"), _text("second", "second", "method"))
RATE = Column(name="learning_rate", write=rate, heading="rate", show="rate")
METRIC = _text("metric", "metric", "metric")


def _difference(family: str) -> tuple[Column, ...]:
    """A difference with its interval and p-values, corrected over the family."""
    holm = f"p (Holm over {family})"
    return (
        _whole("pairs", "pairs"),
        METRIC,
        _points("difference", "difference", "difference"),
        *_interval(points, "signed_interval"),
        Column(name="p", write=probability, heading="p", show="p_value"),
        Column(name="p_holm", write=probability, heading=holm, show="p_value"),
    )


WITH_SEEDS = (  # what more seeds are expected to bring a contrast
    _points("half_5", "with 5 seeds", "points"),
    _points("half_10", "with 10", "points"),
    _points("half_20", "with 20", "points"),
    _whole("needed", "seeds needed"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "selection": (
        *PLACE,
        RATE,
        _whole("grid_size", "of"),
        _text("edge", "place in the grid", "edge"),
        _points("validation_score", "validation {metric}"),
        _points("test_score", "test {metric}"),
        Column(name="oracle_learning_rate", write=rate, heading="rate best on test", show="rate"),
        _points("oracle_score", "its test {metric}"),
        _whole("failed", "failed"),
        _text("rates_from", "chosen in"),
    ),
    "learning_rates": (
        *PLACE,
        RATE,
        _whole("seeds", "seeds"),
        _points("validation_score", "validation {metric}"),
        _points("test_score", "test {metric}"),
        _whole("diverged", "diverged"),
    ),
    "curves": (
        *PLACE,
        RATE,
        _whole("seeds", "seeds"),
        _whole("failed", "failed"),
        METRIC,
        _points("score", "score"),
        *_interval(points, "interval"),
        _points("sd", "SD"),
    ),
    "forecast": (
        *PLACE,
        METRIC,
        _points("score", "expected"),
        *_interval(points, "interval"),
    ),
    "advice": (  # each method under its best budget, by the rules of `tuning-curves advise`
        SIZE,
        METHOD,
        BUDGET,
        _whole("steps", "steps"),
        _whole("seeds", "seeds"),
        _points("score", "{metric}"),
        _text("learnt", "above the baseline"),
        _text("standing", "standing"),
        _whole("pairs", "pairs"),
        _points("difference", "to the best mean", "difference"),
        *_interval(points, "signed_interval", "interval over all methods"),
        _whole("delta_bytes", "to store (MB)", "megabytes"),
        _significant("train_seconds", "training (s)"),
    ),
    "contrasts": (BUDGET, *PAIR, SIZE, *_difference("sizes")),
    "further_seeds": (  # of undecided contrasts, if the difference stays
        BUDGET,
        *PAIR,
        SIZE,
        _whole("pairs", "seeds"),
        METRIC,
        _points("difference", "difference", "difference"),
        _points("half", "half interval", "points"),
        *WITH_SEEDS,
        _significant("seed_seconds", "core s a seed"),
        _whole("seed_steps", "steps a seed"),
    ),
    "ranking": (
        *PLACE,
        _text("best", "best on test", "method"),
        *_difference("all pairs of methods"),
    ),
    "best_budgets": (
        METHOD,
        SIZE,
        _text("best_budget", "best budget"),
        _whole("steps", "steps"),
        RATE,
        _whole("budgets", "of"),
        _text("edge", "its steps among them", "edge"),
        _points("validation_score", "validation {metric}"),
        _points("score", "test {metric}"),
        *_interval(points, "interval"),
    ),
    "best_contrasts": (
        *PAIR,
        SIZE,
        _text("first_budget", "best budgets", "both", "first_budget", "second_budget"),
        _text("second_budget"),
        _whole("first_steps", "steps", "both", "first_steps", "second_steps"),
        _whole("second_steps"),
        *_difference("sizes"),
    ),
    "crossovers": (
        BUDGET,
        *PAIR,
        _whole("n_train", "crossing at n"),
        *_interval(whole, "size_interval"),
        _text("statement", "statement"),
        _whole("smaller", "between n", "rise", "smaller", "larger"),
        _whole("larger"),
        _whole("sizes", "sizes"),
        _whole("above", "above"),
        _whole("below", "below"),
        _whole("turns", "turns"),
    ),
    "budgets": (
        _text("shorter", "from"),
        _text("longer", "to"),
        _text("first", "method or pair", "one_or_pair", "first", "second"),
        _text("second"),
        SIZE,
        _whole("shorter_steps", "steps", "rise", "shorter_steps", "longer_steps"),
        _whole("longer_steps"),
        *_difference("sizes"),
    ),
    "sizes": (
        BUDGET,
        METHOD,
        _whole("smaller", "n", "rise", "smaller", "larger"),
        _whole("larger"),
        _whole("smaller_steps", "steps", "rise", "smaller_steps", "larger_steps"),
        _whole("larger_steps"),
        *_difference("pairs of sizes"),
    ),
    "equal_steps": (
        _whole("steps", "steps"),
        _text("first", "method or pair", "one_or_pair", "first", "second"),
        _text("second"),
        _whole("smaller", "n", "rise", "smaller", "larger"),
        _whole("larger"),
        *_difference("pairs of sizes"),
    ),
    "training": (
        *(replace(column, heading="") for column in PLACE),  # thousands of rows, for the figure
        _whole("step"),
        _significant("loss"),
        _points("validation_score"),
        _whole("seeds"),
    ),
    "costs": (
        METHOD,
        BUDGET,
        SIZE,
        _whole("steps", "steps"),
        _significant("seconds_per_step", "s per step"),
        _significant("step_time_ratio", "to full", "ratio"),
        _significant("train_seconds", "training (s)"),
        _whole("peak_memory_bytes", "peak memory (MB)", "megabytes"),
        _whole("optimizer_bytes", "optimizer (MB)", "megabytes"),
        _whole("delta_bytes", "to store (MB)", "megabytes"),
        _whole("gradient_bytes", "gradients (MB)", "megabytes"),
        _whole("activation_bytes", "activations (MB)", "megabytes"),
        _whole("activation_bytes_one", "of one {example} (MB)", "megabytes"),
        _whole("step_tokens"),
        _whole("flops_per_step", "GFLOP per step", "billions"),
        _text("device"),
    ),
    "reach": (
        _significant("share", "share", "share"),
        _points("target", "{metric}"),
        METHOD,
        _significant("train_seconds", "training (s)"),
        _significant("low", "missed until"),
        _significant("high", "reached by"),
        BUDGET,
        SIZE,
        _text("device", "device"),
        _text("statement", "statement"),
    ),
    "biases": (
        *PLACE,
        _text("term", "term", "term"),
        _whole("layer", "layer"),
        _significant("change", "change"),
        _significant("first_gradient", "first gradient", "power"),
    ),
    "counts": (
        METHOD,
        _whole("trainable_backbone", "encoder"),
        _whole("trainable_added", "added"),
        _whole("trainable_head", "head"),
        _whole("total", "encoder and head in all"),
        Column(name="share", write=fraction, heading="share (%)", show="percent"),
    ),
    "labels": (
        _text("label", "label"),
        _whole("examples", "test {examples}"),
        Column(name="share", write=fraction, heading="share (%)", show="percent"),
    ),
    "baseline": (METRIC, _points("score", "most frequent label")),
    "limits": (
        _text("part", "part"),
        _text("name", "what"),
        _whole("number", "how many"),
        _whole("total", "of"),
        Column(name="share", write=fraction, heading="share (%)", show="percent"),
        METRIC,
        _points("ceiling", "at most"),
    ),
    "provenance": (
        _text("key", "what"),
        _text("value", "value", "long"),
        _whole("runs", "runs"),
    ),
    "facts": (
        _text("fact", "fact", "text", "statement"),
        _significant("value", "counted", "power"),
        Column(
            name="low",
            write=significant,
            heading="least and greatest",
            show="power_interval",
            sources=("low", "high"),
        ),
        Column(name="high", write=significant),
        _text("unit", "unit"),
        _text("of", "of"),
        _text("agreement", "the sentence"),
        _text("statement"),
        _text("source"),
    ),
    "verdicts": (
        _text("claim", "claim", "text", "statement"),
        BUDGET,
        _text("verdict", "verdict"),
        _significant("estimate", "estimate"),
        *_interval(significant, "plain_interval"),
        _text("unit", "unit"),
        _text("scale", "scale"),
        _text("reason", "reason"),
        _text("statement"),
        _text("kind"),
        _text("source"),
        _text("rates", "rates"),
    ),
}

SYNTHESIS: tuple[Column, ...] = (  # one table over all studies
    _text("study", "study"),
    _text("task"),
    _text("metric"),
    BUDGET,
    SIZE,
    _whole("steps", "steps"),
    _whole("methods", "methods"),
    _text("best", "best on test", "method"),
    _points("score", "its test score"),
    _text("tied", "tied with it", "methods", "tied", "methods"),
    _points("difference", "BitFit minus full", "difference"),
    *_interval(points, "signed_interval"),
    _text("standing", "BitFit"),
)

RECOMMENDATION: tuple[Column, ...] = (  # over all studies: one row a study and size
    _text("study", "study"),
    _text("task"),
    SIZE,
    _text("method", "take", "taken"),
    _text("budget"),
    _whole("steps", "steps"),
    _whole("seeds"),
    _text("certainty", "how sure"),
    _text("tried", "steps tried"),
    _points("score", "test score"),
    _points("difference", "to the best mean", "difference"),
    *_interval(points, "signed_interval", "interval over all methods"),
    _whole("delta_bytes", "to store (MB)", "megabytes"),
    _significant("train_seconds", "training (s)"),
    _text("best", "best mean", "taken"),
    _text("best_budget"),
    _text("tied"),
    _text("behind", "behind", "several"),
    _text("unsure"),
)

NEXT_HOURS: tuple[Column, ...] = (  # over all studies: undecided contrasts of BitFit and full
    _text("study", "study"),
    _text("task"),
    BUDGET,
    SIZE,
    _whole("steps", "steps"),
    _whole("pairs", "seeds now"),
    _points("difference", "BitFit minus full", "difference"),
    _points("half", "half interval now", "points"),
    *WITH_SEEDS,
    _whole("further", "further ones"),
    _significant("cost", "their cost"),
    _text("unit", "in"),
)

OVERALL: dict[str, tuple[Column, ...]] = {  # in results/synthesis/tables
    "recommendation": RECOMMENDATION,
    "synthesis": SYNTHESIS,
    "next_hours": NEXT_HOURS,
}


def names(table: str) -> list[str]:
    """The names of a table's columns, in their order."""
    return [column.name for column in TABLES[table]]
