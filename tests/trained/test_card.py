"""What a model's card says: identity, scores, intervals and licences."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.trained.made import TASKS, make_record
from tuning_curves.encoders.known import DEFAULT, KNOWN
from tuning_curves.study.config import read_study
from tuning_curves.study.job import training_identity
from tuning_curves.study.records import RecordStore, read_record
from tuning_curves.trained.card import LICENCES_OF_DATA, CardFacts, Interval, make_card
from tuning_curves.trained.scores import scores_of_study
from tuning_curves.util.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
NAN = float("nan")


def test_a_card_has_the_runs_identity_and_scores() -> None:
    record = make_record(TASKS["first"], "bitfit", "a" * 64)
    card = make_card(record, "peft", "x = 1", CardFacts())
    assert card.startswith('---\nlibrary_name: "peft"\npipeline_tag: "text-classification"\n')
    training = training_identity(record.settings, record.run)
    assert f"`made`, run `{record.id}`, training `{training}`" in card
    assert "This model on 10 texts of the test part: accuracy 40.00 %" in card
    assert "how much another seed would change is not known here" in card
    assert "3 labels: bad, good, odd" in card
    assert card.count("unknown to this package") == 2


def test_intervals_are_said_where_there_are_any() -> None:
    record = make_record(TASKS["first"], "bitfit", "a" * 64)
    one = Interval(metric="accuracy", seeds=3, score=80.0, low=77.5, high=82.5)
    alone = replace(one, metric="macro-F1", seeds=1, low=NAN, high=NAN)
    card = make_card(record, "peft", "", CardFacts(intervals=[one, alone], confidence=0.95))
    assert "mean over the study's 3 seeds: 80.00 % (95 % interval 77.50 to 82.50)." in card
    assert "- macro-F1 on the test part, mean over the study's 1 seed: 80.00 %.\n" in card


def test_licences_are_those_of_the_very_files_or_what_a_person_says() -> None:
    known = KNOWN[DEFAULT]
    record = make_record(TASKS["first"], "bitfit", known.section["weights_sha256"])
    card = make_card(record, "peft", "", CardFacts(data_licence="ours | all rights"))
    assert f"- The encoder (tiny): {known.licence}." in card
    assert "- The data (things): ours \\| all rights." in card


def test_licences_are_those_of_the_page_on_them() -> None:
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    stated = {
        cells[1].strip(" `"): cells[-2].strip()
        for cells in (line.split("|") for line in page.splitlines() if line.startswith("| `"))
    }
    assert {name: one.licence for name, one in KNOWN.items()}.items() <= stated.items()
    found = {}
    for path in (ROOT / "config").glob("*.yaml"):
        data = yaml.safe_load(path.read_text("utf-8")).get("data", {})
        train = data.get("content_sha256", {}).get("train")
        if data.get("name") in stated and train is not None:
            found[train] = stated[data["name"]]
    assert found == LICENCES_OF_DATA


def test_a_label_that_would_break_the_table_does_not() -> None:
    labels = ["a|b", "c\nd"]
    record = make_record({**TASKS["first"], "labels": labels}, "bitfit", "a" * 64)
    assert "2 labels: a\\|b, c d |" in make_card(record, "peft", "", CardFacts())


def test_scores_of_a_study_are_those_of_its_table_of_curves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    study = read_study(ROOT / "config" / "sentiment.yaml")
    with (ROOT / "results" / study.name / "tables" / "curves.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["method"] == "bitfit"]
    place = ("budget", "n_train")
    rows = [row for row in rows if all(row[key] == rows[-1][key] for key in place)]
    assert len(rows) == 3  # one a metric
    planned = next(
        p
        for p in study.planned
        if (p.run.method, p.budget) == ("bitfit", rows[0]["budget"])
        and p.run.n_train == int(rows[0]["n_train"])
        and p.run.learning_rate == float(rows[0]["learning_rate"])
    )
    path = RecordStore(study).find(planned)
    assert path is not None
    found = scores_of_study(study, read_record(path, planned, study.settings))
    assert [one.seeds for one in found] == [int(row["seeds"]) for row in rows]
    for one, row in zip(found, rows, strict=True):
        expected = [float(row[key]) for key in ("score", "low", "high")]
        assert [one.score, one.low, one.high] == pytest.approx(expected, abs=0.006)
    with pytest.raises(UsageError, match="sentiment has no run that trains as the delta's"):
        scores_of_study(study, make_record(TASKS["questions"], "bitfit", "a" * 64))
