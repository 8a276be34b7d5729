"""The section `data` inside a study: what it must state, what its pins are, and the real lists."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves import tasks
from tuning_curves.cli import main
from tuning_curves.data.filters import read_exclusions
from tuning_curves.data.readers.hub_rows import hub_rows
from tuning_curves.study.config import check_study
from tuning_curves.tasks.base import Field
from tuning_curves.util.errors import DataError, UsageError

CONFIG = Path(__file__).resolve().parents[2] / "config"
FILE = {"url": "http://127.0.0.1:9/a.csv", "sha256": "0" * 64}
HUB = {"source": "hub", "repository": "lab/x", "revision": "a" * 40, "train": "train"}


@pytest.fixture
def study(
    tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, Any]:
    """A study of opinions in two files of the present folder."""
    toys = str(Path(__file__).with_name("toys"))
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, toys])
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"a{n},t{n},{n % 2}\n" for n in range(20))
    Path("train.csv").write_text(f"who,what,is\n{rows}", "utf-8")
    columns = {"text": "what", "label": 3, "group": "who"}
    return copy.deepcopy(tiny_config) | {
        "task": {"name": "opinions", "labels": ["0", "1"]},
        "data": {
            "name": "said",
            "source": "path",
            "train": "train.csv",
            "test_from_train": 4,
            "format": {"kind": "csv", "header": True, "columns": columns},
            "held_out_examples": 4,
        },
    }


def test_a_study_of_rows_is_pinned_by_what_it_reads(
    study: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = check_study(study, "s").settings.data.pin
    Path("study.yaml").write_text(yaml.safe_dump(study), "utf-8")
    assert main(["pin", "--study", "study.yaml"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["data"]["content_sha256"] == before
    Path("out.yaml").write_text("train: [{row: 3}]", "utf-8")
    for change in ({"exclude": "out.yaml"}, {"test_from_train": 5}):
        changed = study | {"data": study["data"] | change}
        assert check_study(changed, "s").settings.data.pin != before


def test_data_that_fetch_would_refuse_gets_no_pins(
    study: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("train.csv").open("a", encoding="utf-8") as file:
        file.write("b1,t1,0\n")
    Path("study.yaml").write_text(yaml.safe_dump(study), "utf-8")
    assert main(["pin", "--study", "study.yaml"]) == 3
    said = capsys.readouterr()
    assert 'said: the text "t1" stands in two' in said.err
    assert "content_sha256" not in said.out


def test_labels_and_columns_that_look_like_numbers_stay_text(study: dict[str, Any]) -> None:
    study["data"]["format"]["columns"] = {"text": "2020", "label": 3}
    with pytest.raises(DataError, match=r'train\.csv: line 1: no column "2020" for text'):
        check_study(study, "s")


@pytest.mark.parametrize(
    "source",
    [
        {"source": "url", "train": FILE},
        {
            "source": "package", "package": "a==1", "file": "a-1.tar.gz", "sha256": "0" * 64,
            "train": {"inside": ["b"]},
        },
    ],
    ids=["url", "package"],
)  # fmt: skip
def test_content_that_would_have_to_be_fetched_is_pinned_in_the_study(
    study: dict[str, Any], source: dict[str, Any]
) -> None:
    study["data"] |= source
    with pytest.raises(UsageError, match="s: data lacks the key 'content_sha256'") as caught:
        check_study(study, "s")
    assert "tuning-curves pin --study" in str(caught.value.fix)
    study["data"]["content_sha256"] = {"train": "1" * 64, "test": "2" * 64}
    assert check_study(study, "s").settings.data.pin == study["data"]["content_sha256"]


def test_a_hubs_rows_are_pinned_by_all_that_chooses_them(study: dict[str, Any]) -> None:
    def pin(**keys: Any) -> Any:
        data = {"name": "said", "held_out_examples": 4, **HUB, "test": "validation", **keys}
        return check_study(study | {"data": data}, "s").settings.data.pin

    where = f"lab/x@{'a' * 40}"
    assert pin() == where  # as before there were other keys
    assert pin(configuration="cola")["configuration"] == "cola"
    pins = [pin(test="test"), pin(duplicates="drop"), pin(columns={"text": "a", "label": "b"})]
    assert all(found["rows"] == where for found in pins)
    assert len({str(found) for found in pins}) == 3
    with pytest.raises(UsageError, match=r"s: data\.exclude without content_sha256"):
        pin(exclude="out.yaml")


def test_an_unknown_test_part_has_as_many_examples_as_the_task_guesses(
    study: dict[str, Any],
) -> None:
    study["data"] = {"name": "said", "held_out_examples": 4, **HUB, "test": "validation"}
    assert check_study(study, "s").scored == 1_000 + 4
    study["task"] = {"name": "question-answering", "n_best": 20, "max_answer_tokens": 30}
    assert check_study(study, "s").scored == 10_570 + 4


def test_generated_passages_are_for_question_answering(study: dict[str, Any]) -> None:
    made = {
        "name": "made", "source": "generated", "held_out_examples": 1, "seed": 0,
        "train_articles": 1, "test_articles": 1, "questions_per_article": 1,
    }  # fmt: skip
    with pytest.raises(UsageError, match=r"s: data\.source is .generated., which makes passages"):
        check_study(study | {"data": made}, "s")


def test_squads_unresolved_questions_are_thirty_five() -> None:
    places = read_exclusions(CONFIG / "squad-unresolved.yaml")
    assert [len(places[split]) for split in ("train", "test")] == [35, 0]
    assert len({tuple(place.values()) for place in places["train"]}) == 35
    assert all(set(place) == {"article", "paragraph", "question"} for place in places["train"])
    assert all(place["article"] <= 442 for place in places["train"])


class Classes:
    """A type of the hub's library whose values are numbers of names."""

    def __init__(self, *names: str) -> None:
        self.names = names


class Lists:
    def __init__(self, feature: Any) -> None:
        self.feature = feature


def test_classes_of_the_hub_become_their_names() -> None:
    features = {
        "sentence": object(),
        "label": Classes("no", "yes"),
        "tags": Lists(Classes("O", "B")),
    }
    rows = [{"sentence": "a", "label": 1, "tags": [0, 1]}]
    fields = (Field("text", "t"), Field("label", "l"), Field("labels", "l", kind="words"))
    columns = {"text": "sentence", "label": "label", "labels": "tags"}
    assert list(hub_rows(rows, features, columns, fields, "lab/x (train)")) == [
        ("lab/x (train): row 1", {"text": "a", "label": "yes", "labels": ["O", "B"]})
    ]
    rows[0]["label"] = -1
    with pytest.raises(DataError, match=r"row 1: label is -1, expected 0 to 1 \(no, yes\)") as told:
        list(hub_rows(rows, features, columns, fields, "lab/x (test)"))
    assert "holds back its labels" in str(told.value.fix)
    with pytest.raises(DataError, match='row 1: no column "text" for text'):
        list(hub_rows(rows, {}, None, fields, "lab/x (test)"))
