"""A study with a plug-in: its identities, its jobs, and what becomes of an edited file."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.commands.options import study_for_workflow
from tuning_curves.study.config import check_study, read_study
from tuning_curves.study.grid import Study
from tuning_curves.study.job import load_job
from tuning_curves.study.workflow import StudyWorkflow
from tuning_curves.util.errors import ResourceError, UsageError
from tuning_curves.util.files import sha256_of_file

from ..conftest import forget_plugins

CONFIG = Path(__file__).resolve().parents[2] / "benchmarks" / "study.yaml"
TEXT = """\
from tuning_curves.methods.plugins import PluginMethod
METHOD = PluginMethod(name="own", label="own method", equation="b_q", trains=["q.bias"])
"""
OWN = {"name": "own", "learning_rates": [1e-3]}


pytestmark = pytest.mark.usefixtures("no_plugins")


def plain() -> dict[str, Any]:
    return yaml.safe_load(CONFIG.read_text("utf-8"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A study with a plug-in beside it."""
    config = plain()
    config |= {"plugins": ["own.py"], "methods": [*config["methods"], OWN]}
    (tmp_path / "own.py").write_text(TEXT, "utf-8")
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    return path


def ids(study: Study, method: str | None = None) -> set[str]:
    return {p.id for p in study.unique if method in (None, p.run.method)}


def test_only_the_runs_of_its_method_hang_on_the_file(file: Path) -> None:
    without = check_study(plain(), "s")
    study = read_study(file)
    assert ids(study) == ids(without) | ids(study, "own")
    assert all("plugin_sha256" not in p.row() for p in without.unique)
    sha256 = sha256_of_file(file.with_name("own.py"))
    assert {p.run.plugin_sha256 for p in study.unique if p.run.method == "own"} == {sha256}
    forget_plugins()
    file.with_name("own.py").write_text(TEXT + "# edited\n", "utf-8")
    edited = read_study(file)
    assert not ids(edited, "own") & ids(study, "own")
    assert ids(edited) - ids(edited, "own") == ids(without)
    assert not {p.record for p in edited.unique if p.run.method == "own"} & {
        p.record for p in study.unique
    }


def test_a_study_without_plug_ins_is_written_as_before() -> None:
    study = check_study(plain(), "s")
    assert "plugins" not in study.config.to_json()
    assert "plugins" not in study.job(study.unique).to_json()


def test_a_job_carries_the_file_and_needs_no_path(file: Path) -> None:
    study = read_study(file)
    own = tuple(p for p in study.unique if p.run.method == "own")
    text = study.job(own).dump()
    forget_plugins()
    job = load_job(text)
    assert [(p.file, p.text) for p in job.plugins] == [("own.py", TEXT)]
    assert job == study.job(own)
    others = tuple(p for p in study.unique if p.run.method != "own")
    assert study.job(others).plugins == ()


@pytest.mark.parametrize(
    ("plugins", "words"),
    [
        (None, "is of a plug-in's method, and the job has not the plug-in"),
        ([{"file": "own.py", "text": TEXT + "\n"}], "the job has not the plug-in"),
        ([{"file": "own.py", "text": 3}], "not a training job .*file and text are strings"),
        ([{"file": "own.py"}], "not a training job .*missing"),
        ([{"file": "own.py", "text": "\ud800"}], "not a training job"),
    ],
)
def test_a_job_with_another_file_than_its_runs_is_refused(
    file: Path, plugins: Any, words: str
) -> None:
    study = read_study(file)
    value = study.job(tuple(p for p in study.unique if p.run.method == "own")).to_json()
    del value["plugins"]
    with pytest.raises(UsageError, match=words):
        load_job(json.dumps(value | ({"plugins": plugins} if plugins else {})))


def test_what_the_workflow_writes_for_its_commands_holds_the_file(
    file: Path, tmp_path: Path
) -> None:
    study = read_study(file)
    written = StudyWorkflow(study, tmp_path / "root").study_file(write=True)
    forget_plugins()
    file.with_name("own.py").unlink()
    assert ids(read_study(Path(written))) == ids(study)


def test_the_path_is_relative_to_the_file_that_names_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = yaml.safe_load(file.read_text("utf-8"))
    other = tmp_path / "elsewhere" / "other.yaml"
    other.parent.mkdir()
    other.write_text(yaml.safe_dump({"study": "s", "seeds": [0]}), "utf-8")
    study = study_for_workflow(config, [file, other])
    forget_plugins()
    monkeypatch.chdir(tmp_path)
    given = study_for_workflow({**config, "plugins": ["./own.py"]}, [other])  # by --config
    assert ids(given) == ids(study)


def test_an_edit_while_the_workflow_runs_is_told(file: Path, tmp_path: Path) -> None:
    before = StudyWorkflow(read_study(file), tmp_path)
    forget_plugins()
    file.with_name("own.py").write_text(TEXT + "# edited\n", "utf-8")
    after = StudyWorkflow(read_study(file), tmp_path)
    lost = min(before.chunks.keys() - after.chunks.keys())
    with pytest.raises(UsageError, match=f"no chunk {lost} .* a plug-in of it has changed"):
        after.job_sha256(lost)


@pytest.mark.parametrize(
    ("plugins", "words"),
    [
        (["nowhere.py"], "nowhere.py: the plug-in cannot be read"),
        ("own.py", "plugins is 'own.py', expected array"),
        ([3], "plugins.0 is 3, expected string"),
        ([], r"plugins is \[\], expected 1 or more items"),
        ([""], r"the plug-in cannot be read \(Is a directory\)"),
        ([{"path": "own.py"}], "unknown key 'path' in plugins.0"),
        (["own.py", "./own.py"], "plugins list one file twice .own.py and ./own.py."),
        (None, "unknown method 'own'"),
    ],
)
def test_a_study_with_bad_plug_ins_is_one_error(file: Path, plugins: Any, words: str) -> None:
    config = yaml.safe_load(file.read_text("utf-8"))
    config = {k: v for k, v in config.items() if k != "plugins"}
    config |= {} if plugins is None else {"plugins": plugins}
    with pytest.raises((UsageError, ResourceError), match=words):
        check_study(config, "s.yaml", folder=file.parent)


def test_a_file_that_is_none_names_the_study_too(file: Path) -> None:
    file.with_name("own.py").write_text("METHOD = 3\n", "utf-8")
    with pytest.raises(UsageError, match=r"s.yaml: plugins: own.py: has a METHOD that is int"):
        read_study(file)


def test_a_study_does_not_have_another_studys_plug_in(file: Path) -> None:
    config = {k: v for k, v in yaml.safe_load(file.read_text()).items() if k != "plugins"}
    read_study(file)
    with pytest.raises(UsageError, match=r"t.yaml: unknown method 'own'") as caught:
        check_study(config, "t.yaml")
    assert caught.value.fix == "name the file that defines it in `plugins`"
