"""What a run's identity depends on, and what leaves it as it is."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.study import job
from tuning_curves.study.config import check_study
from tuning_curves.study.job import Run, Settings, identity
from tuning_curves.study.records import read_record, write_record
from tuning_curves.util.files import sha256_of

from .test_records import finished_record

CONFIG = Path(__file__).resolve().parents[2] / "benchmarks" / "study.yaml"
STUDY = check_study(yaml.safe_load(CONFIG.read_text("utf-8")), "s.yaml")
SETTINGS, RUN = STUDY.settings, STUDY.unique[0].run
DEFAULTS_AT_RELEASE = {"task.name": "question-answering"}


def leaves(value: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all values that are no mappings."""
    for key, part in value.items():
        if isinstance(part, dict):
            yield from leaves(part, (*above, key))
        else:
            yield (*above, key)


def changed(value: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The mapping with another value at a path."""
    whole = copy.deepcopy(value)
    part = whole
    for key in path[:-1]:
        part = part[key]
    old = part[path[-1]]
    part[path[-1]] = f"{old}x" if isinstance(old, str) else old + 1
    return whole


@pytest.mark.parametrize("path", list(leaves(SETTINGS.to_json())), ids=".".join)
def test_every_setting_changes_the_identity(path: tuple[str, ...]) -> None:
    other = Settings.from_json(changed(SETTINGS.to_json(), path))
    assert identity(other, RUN) != identity(SETTINGS, RUN)


@pytest.mark.parametrize("key", [field.name for field in fields(Run)])
def test_every_value_of_a_run_changes_the_identity(key: str) -> None:
    old = getattr(RUN, key)
    other = replace(RUN, **{key: f"{old}x" if isinstance(old, str) else old + 1})
    assert identity(SETTINGS, other) != identity(SETTINGS, RUN)


def test_a_key_at_the_engines_default_is_no_part_of_the_hash() -> None:
    material = SETTINGS.to_json()
    assert material["task"].pop("name") == job.DEFAULTS["task.name"]
    expected = sha256_of({"settings": material, "run": vars(RUN)})[:16]
    assert identity(SETTINGS, RUN) == expected


def test_a_section_of_defaults_alone_is_no_part_of_the_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = identity(SETTINGS, RUN)
    new = {"training.ema.decay": 0.0, "training.ema.start": 10}
    monkeypatch.setattr(job, "DEFAULTS", job.DEFAULTS | new)
    settings = SETTINGS.to_json()
    settings["training"]["ema"] = {"decay": 0.0, "start": 10}
    assert sha256_of({"settings": job.material_of(settings), "run": vars(RUN)})[:16] == before


@dataclass(frozen=True, kw_only=True)
class LaterTraining(job.TrainingSettings):
    """`TrainingSettings` of a later engine, with one key more."""

    label_smoothing: float


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The study's settings under a later engine, whose new key stands at its default."""
    monkeypatch.setattr(job, "TrainingSettings", LaterTraining)
    monkeypatch.setattr(job, "DEFAULTS", job.DEFAULTS | {"training.label_smoothing": 0.0})
    training = LaterTraining(**vars(SETTINGS.training), label_smoothing=0.0)
    return replace(SETTINGS, training=training)


def test_a_new_key_at_its_default_orphans_no_record(later: Settings, tmp_path: Path) -> None:
    assert identity(later, RUN) == STUDY.unique[0].id
    path = write_record(tmp_path, STUDY.unique[0], finished_record(STUDY))
    assert "label_smoothing" not in path.read_text("utf-8")
    record = read_record(path, STUDY.unique[0], later)
    assert record.settings == later
    other = replace(later, training=replace(later.training, label_smoothing=0.1))
    assert identity(other, RUN) != STUDY.unique[0].id


def test_a_record_with_a_key_at_its_default_answers_an_earlier_engine(
    later: Settings, tmp_path: Path
) -> None:
    record = replace(finished_record(STUDY), settings=later)
    path = write_record(tmp_path, STUDY.unique[0], record)
    assert json.loads(path.read_bytes())["settings"]["training"]["label_smoothing"] == 0.0
    assert read_record(path, STUDY.unique[0], SETTINGS).settings == later


def test_settings_come_back_as_they_were_written() -> None:
    assert Settings.from_json(json.loads(json.dumps(SETTINGS.to_json()))) == SETTINGS


def test_the_defaults_of_a_release_stay() -> None:
    """Another default for a key would make two different runs one."""
    assert DEFAULTS_AT_RELEASE.items() <= job.DEFAULTS.items()
