"""The synthesis over studies: which take part, what is said of them, and what is drawn."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tuning_curves.analysis.columns import OVERALL, TABLES
from tuning_curves.report.answer import Place
from tuning_curves.report.synthesis import figure
from tuning_curves.report.synthesis.next_hours import hours_sentences, plan_hours
from tuning_curves.report.synthesis.places import (
    ALONE,
    EPOCHS,
    EQUAL,
    MIXED,
    Placed,
    find_lines,
    make_table,
    placed,
)
from tuning_curves.report.synthesis.recommendation import (
    ALONE as CLEAR,
)
from tuning_curves.report.synthesis.recommendation import (
    FAR,
    NEAR,
    NOTHING,
    OPEN,
    UNSURE,
    answer_sentences,
    recommend,
    take_sentences,
    take_sheet,
)
from tuning_curves.report.synthesis.results import StudyResults, read_results
from tuning_curves.report.synthesis.sentences import make_sentences
from tuning_curves.report.synthesis.write import write_synthesis
from tuning_curves.study.config import StudyConfig
from tuning_curves.util.errors import DataError, ResourceError

from .conftest import invented_tables, study_of, write_results

ROOT = Path(__file__).resolve().parents[2]
SOURCE, ARCHIVED = ROOT / "paper", ROOT / "results"
CLASSIFICATION = {
    "name": "text-classification", "labels": ["a", "b"], "pooling": "mean",
    "main_metric": "accuracy",
}  # fmt: skip


def named(study: StudyConfig, name: str) -> StudyConfig:
    return study.model_copy(update={"study": name})


def accuracy(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The invented tables, with a classification's metrics."""
    words = {"exact_match": "accuracy", "f1": "macro_f1"}
    return {
        name: frame.replace({"metric": words}) if "metric" in frame else frame
        for name, frame in tables.items()
    }


@pytest.fixture(scope="session")
def made_results(made_once: Any) -> Path:
    """Two studies, a demo, and one of two seeds, to be read only."""

    def make(folder: Path) -> None:
        squad, sentences = study_of(), study_of(task=CLASSIFICATION)
        write_results(invented_tables(squad), named(squad, "squad"), folder / "squad")
        told = accuracy(invented_tables(sentences))
        write_results(told, named(sentences, "cola"), folder / "cola")
        for name, study in (("demo", study_of(scale="demo")), ("rates", study_of(seeds=(7, 8)))):
            write_results(invented_tables(study), named(study, name), folder / name)

    return made_once("results-of-four-studies", make)


@pytest.fixture
def results(made_results: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(made_results, tmp_path / "results")


@pytest.mark.slow
def test_demos_and_studies_of_two_seeds_are_left_out_and_questions_come_first(
    results: Path,
) -> None:
    studies, left_out = read_results(results)
    assert [study.name for study in studies] == ["squad", "cola"]
    assert left_out == [
        ("demo", "a demo is no evidence"),
        ("rates", "fewer than 3 seeds decide nothing"),
    ]


def test_results_that_cannot_be_read_are_one_error_with_a_step(
    results: Path, tmp_path: Path
) -> None:
    path = results / "squad" / "numbers.json"
    numbers = json.loads(path.read_text("utf-8"))
    del numbers["confidence"]
    path.write_text(json.dumps(numbers), "utf-8")
    with pytest.raises(DataError, match=r"no confidence: an older version wrote it\nfix: run"):
        read_results(results)
    path.unlink()
    with pytest.raises(ResourceError, match=r"squad/numbers\.json: no such file"):
        read_results(results)
    with pytest.raises(ResourceError, match=r"no study for a synthesis.*\nfix: draw a study"):
        read_results(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["ranking", "curves", "costs"])
def test_a_torn_table_is_one_error_with_a_step(results: Path, name: str) -> None:
    path = results / "squad" / "tables" / f"{name}.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    with pytest.raises(DataError, match=r"squad/tables: \S+ at n = .*\nfix: run .*analyse"):
        read_results(results)


def test_a_study_counts_once_whatever_its_results_folder_is_copied_to(results: Path) -> None:
    shutil.copytree(results / "squad", results / "squad-copy")
    with pytest.raises(DataError, match=r"of the study 'squad', expected 'squad-copy'"):
        read_results(results)


def test_numbers_without_a_sentence_are_one_error(results: Path) -> None:
    path = results / "squad" / "numbers.json"
    numbers = json.loads(path.read_text("utf-8"))
    del numbers["sentences"]["verdicts"], numbers["facts"]
    path.write_text(json.dumps(numbers), "utf-8")
    with pytest.raises(DataError, match=r"no facts, sentences\.verdicts: an older version"):
        read_results(results)


def test_the_table_has_a_row_for_each_place(results: Path) -> None:
    studies, _ = read_results(results)
    table = make_table(studies)
    assert len(table) == 2 * 2 * 4  # studies, budgets, sizes
    first, last = table.iloc[0], table.iloc[3]
    assert (first["study"], first["budget"], first["n_train"], first["steps"]) == (
        "squad", "epochs", 100, 39,
    )  # fmt: skip
    assert (first["best"], first["score"], first["tied"]) == ("bitfit", 18.0, "adapter-houlsby")
    assert (first["difference"], first["low"], first["standing"]) == (8.0, 6.0, "above")
    assert (last["best"], last["tied"], last["standing"]) == ("full", "adapter-houlsby", "below")
    assert set(table.loc[table["study"] == "cola", "metric"]) == {"accuracy"}


def study_named(name: str, task: str = "question-answering", **tables: pd.DataFrame) -> Any:
    numbers = {
        "study": name, "confidence": 0.95, "budgets": [],
        "task": {"name": task, "metric_name": "m", "metric": "m", "examples": "questions"},
    }  # fmt: skip
    empty = pd.DataFrame(columns=["metric", "first", "second"])
    named = ("equal_steps", "budgets", "best_contrasts")
    costs = pd.DataFrame(columns=["n_train", "steps"])
    return StudyResults(numbers, dict.fromkeys(named, empty) | {"costs": costs} | tables)


def at(study: StudyResults, budget: str, n: int, steps: int, value: float, **who: Any) -> Placed:
    """A place at which BitFit minus full is this value, give or take 2."""
    row = {"n_train": n, "difference": value, "low": value - 2, "high": value + 2}
    row |= {"p": 0.001 if abs(value) > 2 else 0.6, "p_holm": 0.001 if abs(value) > 2 else 0.6}
    row |= {"pairs": 3}
    two = {"best": "full", "tied": (), "behind": ("bitfit",)} | who
    place = Place(budget=budget, n=n, steps=steps, **two)
    (difference,) = pd.DataFrame([row]).itertuples()
    return Placed(study, place, difference)


def test_a_turn_over_sizes_and_one_over_steps_are_told_apart() -> None:
    squad = study_named("squad")
    bitfit = {"best": "bitfit", "behind": ("full",)}
    says = make_sentences(
        [squad],
        [
            at(squad, "steps", 100, 600, 5.0, **bitfit),
            at(squad, "steps", 900, 600, -5.0),
            at(squad, "epochs", 100, 20, -5.0),
            at(squad, "epochs", 900, 180, 1.0, tied=("bitfit",), behind=()),
        ],
    )
    assert says["pair"] == [
        "BitFit is above full fine-tuning at 1 of 4 places, below at 2, undecided at 1.",
        "Each is corrected over the sizes of its budget. Corrected over all places together, it is "
        "above at 1 and below at 2.",
    ]
    assert says["examples"] == [
        "The best method changes with the examples in squad: BitFit with 100 questions "
        "(600 steps), full fine-tuning with 900 (600 steps).",
        "The order of the two turns with the examples in squad under steps: BitFit above at "
        "n = 100, below at n = 900.",
    ]
    assert says["steps"] == [
        "The best method changes with the steps in squad: full fine-tuning with 100 questions "
        "(20 steps), BitFit with 100 (600 steps).",
        "The order of the two turns with the steps in squad at n = 100: BitFit above after "
        "600 steps, below after 20.",
    ]
    assert says["best"] == [
        "Shown behind the best: full fine-tuning at 1 of 4 and BitFit at 2 of 4 places."
    ]


def test_the_tasks_are_compared_after_a_correction_over_all_places() -> None:
    """Decided over its budget's sizes, +5 is one of thirty places, and p = 0.06 is no rarity."""
    squad, cola = study_named("squad"), study_named("cola", "text-classification")
    places = [at(squad, "steps", n, 600, -5.0) for n in range(100, 3000, 100)]
    lucky = at(cola, "steps", 100, 600, 5.0)
    lucky = dataclasses.replace(lucky, difference=lucky.difference._replace(p=0.06))
    says = make_sentences([squad, cola], [*places, lucky])
    assert lucky.standing == "above"
    assert says["pair"][1].endswith("it is above at 0 and below at 29.")
    assert says["tasks"][-1].endswith("corrected over all places, nothing is decided in cola.")


def test_what_is_tied_at_both_places_keeps_the_best_method_from_changing() -> None:
    """BitFit and full change places, and the head may be the best one at both."""
    squad = study_named("squad")
    for tied, said in ((("head",), "Nowhere is the best"), ((), "The best method changes with")):
        first = {"best": "bitfit", "behind": ("full",), "tied": tied}
        second = {"best": "full", "behind": ("bitfit",), "tied": tied}
        places = [
            at(squad, "steps", 100, 600, 5.0, **first),
            at(squad, "steps", 900, 600, -5.0, **second),
        ]
        assert make_sentences([squad], places)["examples"][0].startswith(said)


def test_of_equal_steps_the_budget_with_the_most_methods_counts() -> None:
    squad = study_named("squad")
    three = {"behind": ("bitfit", "head")}
    for places in (
        [at(squad, "epochs", 100, 39, -5.0), at(squad, "steps", 100, 39, -5.0, **three)],
        [at(squad, "steps", 100, 39, -5.0, **three), at(squad, "epochs", 100, 39, -5.0)],
    ):
        says = make_sentences([squad], places)
        assert says["best"][-1].endswith("BitFit at 1 of 1 and head only at 1 of 1 places.")


def test_a_study_of_one_method_compares_none() -> None:
    says = make_sentences([study_named("squad")], [])
    assert says["best"] == ["No study compares two methods."]


def test_what_is_not_shown_is_said_to_be_not_shown() -> None:
    squad = study_named("squad")
    places = [at(squad, "steps", n, 600, -5.0) for n in (100, 900)]
    says = make_sentences([squad], places)
    assert says["examples"] == [
        "Nowhere is the best method shown to change with the number of examples.",
        "Under no budget is the order of the two shown to turn with the number of examples.",
    ]
    assert says["steps"][-1].endswith("shown to turn with the number of steps.")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((-5.0, -5.0), "What is decided over all places has the same signs on all tasks."),
        ((-5.0, 5.0), "It is not the same on all tasks"),
        (
            (-5.0, 1.0),
            "Whether it is the same on all tasks is open: corrected over all places, nothing is "
            "decided in cola.",
        ),
    ],
)
def test_tasks_agree_differ_or_stay_open(values: tuple[float, float], said: str) -> None:
    studies = [study_named("squad"), study_named("cola", "text-classification")]
    places = [
        at(study, "steps", 100, 600, value) for study, value in zip(studies, values, strict=True)
    ]
    assert make_sentences(studies, places)["tasks"][-1].startswith(said)
    alone = make_sentences(studies[:1], places[:1])["tasks"]
    assert alone[-1] == "With one task, whether this is the same on others is open."


def test_changes_are_counted_and_the_largest_is_told() -> None:
    pair = {"first": "bitfit", "second": "full", "metric": "m", "pairs": 3}
    rows = [
        {"difference": value, "low": value - 2, "high": value + 2, "p_holm": p, "n_train": 100,
         "shorter_steps": 20, "longer_steps": 600} | pair
        for value, p in ((30.0, 0.001), (10.0, 0.001), (1.0, 0.5))
    ]  # fmt: skip
    best = pd.DataFrame(rows)[["first", "second", "metric", "pairs", "low", "high", "p_holm"]]
    squad = study_named("squad", budgets=pd.DataFrame(rows), best_contrasts=best)
    assert make_sentences([squad], [at(squad, "steps", 100, 600, 1.0)])["steps"][1:] == [
        "At equal examples, more steps favour BitFit in 2 of 3 comparisons (which overlap) and "
        "full fine-tuning in 0; undecided: 1.",
        "BitFit minus full changes most from 20 to 600 steps at n = 100 (squad): by +30.0 points "
        "of m [+28.0, +32.0].",
        "Each under its own best budget, BitFit is above at 2 of 3 sizes, below at 0, undecided "
        "at 1.",
    ]


ADVICE = {  # a size with one arm a method: standing, pairs, difference, its low end, bytes
    "full": ("best", 0, None, None, 9e7),
    "bitfit": ("tied", 3, -1.0, -2.0, 1e5),
    "head": ("behind", 3, -9.0, -12.0, 3e3),
}


def advised(*, learnt: str = "yes", seeds: int = 3, **changed: tuple[Any, ...]) -> pd.DataFrame:
    """The table `advice` at one size, with some methods changed; head trains in a second."""
    rows = [
        {
            "n_train": 100, "method": method, "budget": "epochs", "steps": 39, "seeds": seeds,
            "score": 50.0, "learnt": learnt, "standing": standing, "pairs": pairs,
            "difference": value, "low": low, "high": 1.0, "delta_bytes": stored,
            "train_seconds": 1.0 if method == "head" else 60.0,
        }
        for method, (standing, pairs, value, low, stored) in (ADVICE | changed).items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("advice", "method", "certainty"),
    [
        (advised(), "bitfit", NEAR),
        (advised(bitfit=("tied", 3, -1.0, -2.1, 1e5)), "full", FAR),
        (advised(bitfit=("tied", 2, -1.0, -30.0, 1e5)), "full", UNSURE),
        (advised(bitfit=("behind", 3, -4.0, -6.0, 1e5)), "full", CLEAR),
        (advised(head=("tied", 3, -9.0, -20.0, 3e3)), "", OPEN),  # any of the three
        (advised(full=("behind", 3, -1.0, -2.0, 9e7), bitfit=("behind", 3, -1.0, -2.0, 1e5)),
         "", OPEN),  # each is behind another one
        (advised(learnt="no"), "", NOTHING),
        (advised(seeds=2), "", OPEN),
    ],
)  # fmt: skip
def test_the_smallest_that_is_near_is_taken_where_something_is_decided(
    advice: pd.DataFrame, method: str, certainty: str
) -> None:
    (row,) = recommend([study_named("squad", advice=advice)]).to_dict("records")
    assert (row["method"], row["certainty"]) == (method, certainty)
    assert certainty != UNSURE or row["unsure"] == "bitfit"


def test_of_equal_bytes_the_quickest_is_taken_and_of_untimed_ones_that_of_fewest_steps() -> None:
    same = advised(head=("tied", 3, -1.0, -2.0, 1e5))
    more = pd.DataFrame([same.iloc[0].to_dict() | {"method": "lora", "standing": "behind"}])
    own = pd.concat([same, more], ignore_index=True)
    assert recommend([study_named("squad", advice=own)])["method"].tolist() == ["head"]
    own.loc[own["method"] == "head", ["train_seconds", "steps"]] = [float("nan"), 500]
    assert recommend([study_named("squad", advice=own)])["method"].tolist() == ["bitfit"]


def test_the_answer_counts_what_is_taken_and_how_sure_it_is() -> None:
    sizes = [
        advised().assign(n_train=100),
        advised(head=("tied", 3, -9.0, -20.0, 3e3)).assign(n_train=20),
        advised(bitfit=("behind", 3, -4.0, -6.0, 1e5)).assign(n_train=4000),
    ]
    words = study_named("ner", "token-classification", advice=pd.concat(sizes))
    table = recommend([words])
    assert list(answer_sentences(table)) == [
        "Choices were asked for at 3 sizes of 1 study.",
        "Take full fine-tuning at 1 and BitFit at 1, and none at 1.",
        "At 1 of these 2 choices all else that was trained is behind, at 1 the smallest within 2 "
        "points is taken.",
    ]
    none = table[table["method"] == ""]
    assert list(answer_sentences(none.head(0))) == []
    assert list(answer_sentences(none)) == ["At none of 1 size in 1 study is a method to be taken."]
    sheet = take_sheet(table, ["ner", "of-one-method"])
    assert sheet.headings == ("task", "full fine-tuning", "BitFit", "none")
    assert sheet.rows == (("Token classification (`ner`)", "**4,000**", "100", "20"),)
    assert list(take_sentences(words, table))[1:] == [
        "With 100 questions take BitFit: the smallest of those at most 2 points worse than the "
        "best.",
        "With 4,000 questions take full fine-tuning: all else is behind.",
    ]


@pytest.mark.parametrize(
    ("steps", "tried", "marked"),
    [([189, 189], "189", "100†"), ([1500, 375], "375, 1,500", "100")],
)
def test_a_choice_among_equal_steps_is_marked(steps: list[int], tried: str, marked: str) -> None:
    costs = pd.DataFrame({"n_train": [100, 100, 400], "steps": [*steps, 7]})
    table = recommend([study_named("squad", advice=advised(), costs=costs)])
    assert table["tried"].tolist() == [tried]
    ((_, size, _),) = take_sheet(table, ["squad"]).rows
    assert size == marked


def further(**changed: Any) -> dict[str, Any]:
    row = dict.fromkeys(column.name for column in TABLES["further_seeds"])
    return row | {
        "budget": "steps", "first": "bitfit", "second": "full", "n_train": 100, "pairs": 3,
        "metric": "m", "difference": 1.0, "half": 2.0, "needed": 12, "seed_seconds": 60.0,
        "seed_steps": 1200,
    } | changed  # fmt: skip


def test_hours_are_sorted_by_seeds_and_told_in_minutes_or_steps() -> None:
    rows = [
        further(),
        further(n_train=200, needed=None),
        further(n_train=300, needed=5, seed_seconds=None),
        further(n_train=400, needed=4),  # decided by now: no row
        further(budget="epochs"),  # the same runs under another name
    ]
    squad = study_named("squad", further_seeds=pd.DataFrame(rows))
    places = [at(squad, "steps", n, 600, 1.0) for n in (100, 200, 300)]
    places += [at(squad, "steps", 400, 600, 5.0), at(squad, "epochs", 100, 600, 1.0)]
    table = plan_hours(places)
    assert table["n_train"].tolist() == [300, 100, 200]
    assert table["further"].tolist()[:2] == [2, 9]
    assert table["unit"].tolist() == ["steps", "core minutes", ""]
    assert table["cost"].tolist()[:2] == [2 * 1200, 9]
    assert list(hours_sentences(table)) == [
        "If differences stay as they are, 20 seeds would decide 2 of the 3 undecided places.",
        "The nearest is squad at n = 300 after 600 steps: 2 further seeds, 2,400 steps of "
        "training.",
        "At 1 of them 100 seeds are too few: there only more test examples, or nothing, would "
        "decide.",
    ]
    assert list(hours_sentences(plan_hours([]))) == []


def test_every_sentence_of_the_archived_synthesis_has_less_than_25_words() -> None:
    numbers = json.loads((ARCHIVED / "synthesis" / "numbers.json").read_text("utf-8"))
    said = [*numbers["sentences"].values(), *(study["take"] for study in numbers["studies"])]
    assert not [one for part in said for one in part if len(one.split()) >= 25]


def test_the_archived_synthesis_is_that_of_the_archived_studies() -> None:
    studies, _ = read_results(ARCHIVED)
    places = [each for study in studies for each in placed(study)]
    numbers = json.loads((ARCHIVED / "synthesis" / "numbers.json").read_text("utf-8"))
    table = recommend(studies)
    assert numbers["sentences"] == make_sentences(studies, places) | {
        "take": list(answer_sentences(table)),
        "hours": list(hours_sentences(plan_hours(places))),
    }


def test_lines_are_of_equal_steps_whatever_the_budgets_and_of_epochs() -> None:
    squad = study_named("squad")
    steps = {
        "floor": {100: 125, 200: 125, 400: 150, 4000: 1500},
        "epochs": {100: 39, 200: 75, 400: 150, 4000: 1500},
        "long": {1000: 1500},
        "ladder": {1000: 375},
    }
    places = [at(squad, budget, n, s, 0.0) for budget, own in steps.items() for n, s in own.items()]
    found = [
        (line.kind, [(each.place.n, each.place.steps) for each in line.places])
        for line in find_lines(places)
    ]
    assert found == [
        (EQUAL, [(100, 125), (200, 125)]),
        (EQUAL, [(1000, 1500), (4000, 1500)]),
        (EPOCHS, [(100, 39), (200, 75), (400, 150), (4000, 1500)]),
        (ALONE, [(1000, 375)]),  # the floor's places all stand on other lines
    ]
    no_epochs = [each for each in places if each.place.budget == "floor"]
    assert [line.kind for line in find_lines(no_epochs)] == [EQUAL, MIXED]


def test_the_figure_has_a_panel_per_study_and_published_points_on_their_own_task_only(
    results: Path,
) -> None:
    studies, _ = read_results(results)
    drawn = figure.draw([each for study in studies for each in placed(study)])
    squad, cola = drawn.axes
    lines = [{str(line.get_label()): line for line in axes.get_lines()} for axes in (squad, cola)]
    assert figure.PUBLISHED in lines[0] and figure.PUBLISHED not in lines[1]
    assert list(lines[0][EPOCHS].get_ydata()) == [8, 1.63, -3.18, -8]
    said = [text.get_text() for text in squad.texts]
    assert said == ["150 steps", "BitFit better", "full better"]
    (legend,) = drawn.legends
    assert "3 epochs: steps grow with n" in [text.get_text() for text in legend.get_texts()]
    assert cola.get_ylabel() == "BitFit minus full fine-tuning\n(points of accuracy)"
    assert "no study" in figure.draw([]).texts[0].get_text()


@pytest.mark.slow
def test_a_study_that_is_archived_later_appears_and_equal_input_gives_equal_bytes(
    results: Path, tmp_path: Path
) -> None:
    pytest.importorskip("typst")

    def write(name: str) -> Callable[[str], bytes]:
        out = tmp_path / name
        write_synthesis(results, SOURCE, out, out / "paper.pdf")
        return lambda file: (out / file).read_bytes()

    one, two = write("one"), write("two")
    tables = [f"tables/{name}.{kind}" for name in OVERALL for kind in ("csv", "md")]
    for file in (*tables, "figures/synthesis.svg", "numbers.json", "paper.pdf"):
        assert one(file) == two(file)
    shutil.rmtree(results / "cola")
    alone = write("alone")
    assert b"cola" in one("tables/synthesis.csv")
    assert b"cola" not in alone("tables/synthesis.csv")
    assert json.loads(alone("numbers.json"))["left_out"][0][0] == "demo"


def test_a_source_without_the_synthesis_is_named(results: Path, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"no synthesis\.typ"):
        write_synthesis(results, tmp_path, tmp_path / "out", tmp_path / "paper.pdf")
    assert not (tmp_path / "out").exists()
