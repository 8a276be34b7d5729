"""A plug-in's method from a job's file to a record, a kept model and a checkpoint."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForQuestionAnswering

from tuning_curves.cli import main
from tuning_curves.methods.plugins import read_plugin
from tuning_curves.study.job import Job, load_job
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.study.records import read_record
from tuning_curves.training.method_check import check_method
from tuning_curves.training.worker import Worker, run_job
from tuning_curves.util.errors import DataError, UsageError

from ..conftest import forget_plugins

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scale_shift.py"
OPENING = "from tuning_curves.methods.plugins import PluginMethod\n"


pytestmark = pytest.mark.usefixtures("no_plugins")


def one_run(make_study: Any, file: Path, name: str) -> Job:
    study = make_study(
        {
            "plugins": [str(file)],
            "methods": [{"name": name, "learning_rates": [1e-2]}],
            "sizes": [8],
            "analysis": {"contrasts": []},
        }
    )
    return study.job(study.unique)


def write(path: Path, code: str = "", **said: str) -> Path:
    """A plug-in that trains LN1, with these expressions in its METHOD besides."""
    keys = {"name": "'own'", "label": "'own method'", "equation": "'LN1'", "trains": "['LN1']"}
    listed = ", ".join(f"{key}={value}" for key, value in (keys | said).items())
    path.write_text(f"{OPENING}{code}\nMETHOD = PluginMethod({listed})\n", "utf-8")
    return path


def test_a_job_is_trained_kept_and_used_without_its_study(
    make_study: Any, places: WorkerPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned_job = one_run(make_study, EXAMPLE, "scale-shift")
    forget_plugins()
    job = load_job(planned_job.dump())
    paths = dataclasses.replace(places, keep_deltas=True)
    run_job(job, paths, "cpu")
    (planned,) = job.runs
    record = read_record(paths.records / planned.record, planned, job.settings)
    assert record.run.plugin_sha256 == read_plugin(EXAMPLE).sha256
    assert record.parameters.added == 3 * (5 * 32 + 64)
    delta = str(paths.delta(planned.run, job.settings))

    forget_plugins()
    asked = ["--delta", delta, "--encoder", str(places.encoder)]
    question = ["--question", "who built it", "--context", "mara voss built it in 1843"]
    assert main(["predict", *asked, *question]) == 2
    assert f"whose file has sha256 {read_plugin(EXAMPLE).sha256}" in capsys.readouterr().err
    other = write(tmp_path / "other.py", name="'scale-shift'")
    assert main(["predict", *asked, *question, "--plugin", str(other)]) == 2
    assert "the file has changed since" in capsys.readouterr().err
    forget_plugins()
    assert main(["predict", *asked, *question, "--plugin", str(EXAMPLE)]) == 0
    assert main(["export", *asked, "--plugin", str(EXAMPLE), "--out", str(tmp_path / "out")]) == 2
    assert "the method scale-shift adds modules" in capsys.readouterr().err


def test_what_only_trains_parts_is_exported(
    make_study: Any, places: WorkerPaths, tmp_path: Path
) -> None:
    file = write(tmp_path / "own.py")
    job = one_run(make_study, file, "own")
    paths = dataclasses.replace(places, keep_deltas=True)
    run_job(job, paths, "cpu")
    delta = str(paths.delta(job.runs[0].run, job.settings))
    asked = ["--delta", delta, "--encoder", str(places.encoder), "--plugin", str(file)]
    assert main(["export", *asked, "--out", str(tmp_path / "out")]) == 0
    whole = AutoModelForQuestionAnswering.from_pretrained(tmp_path / "out")
    untouched = json.loads((tmp_path / "out" / "tuning_curves.json").read_text("utf-8"))
    assert untouched["run"]["plugin_sha256"] == job.runs[0].run.plugin_sha256
    gain = whole.bert.encoder.layer[0].attention.output.LayerNorm.weight
    assert not torch.equal(gain, Worker(job, paths, torch.device("cpu")).context.original.encoder
                           .encoder.layer[0].attention.output.LayerNorm.weight)  # fmt: skip


def test_code_that_moves_a_frozen_tensor_has_no_record(
    make_study: Any, places: WorkerPaths, tmp_path: Path
) -> None:
    code = "def move(model, _generator):\n    model.layers[0].output.dense.weight.data += 1\n"
    job = one_run(make_study, write(tmp_path / "own.py", code, initialise="move"), "own")
    with pytest.raises(DataError, match=r"frozen tensor .*output.dense.weight moved") as caught:
        run_job(job, places, "cpu")
    assert "the plug-in's code moves it" in str(caught.value.fix)


def test_the_example_is_sound(tiny_encoder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["method-check", str(EXAMPLE), "--encoder", str(tiny_encoder)]) == 0
    said = capsys.readouterr().out
    assert "scale-shift (scale and shift), sha256 " in said
    assert (
        f"{3 * (7 * 32 + 64 + 2 * 32) + 2 * 32:,} of the encoder, {3 * (5 * 32 + 64)} added" in said
    )
    assert said.count("  ok  ") == 5
    assert "note    it starts from what the untouched encoder gives" in said
    assert "FAIL" not in said


GAINS = """\
def extend(model):
    import torch
    for layer in model.layers:
        layer.gain = torch.nn.Parameter(torch.ones({width}){grad})
"""
ADDS = {"adds": "lambda shape: shape.layers * 32", "extend": "extend"}


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        (
            GAINS.format(width=32, grad=""),
            ADDS,
            "trained, but not moved (does the output hang on them?): encoder.encoder.layer.0.gain,",
        ),
        (GAINS.format(width=16, grad=""), ADDS, "`adds` says 96 and `extend` added 48"),
        (
            "def move(model, _generator):\n    model.layers[0].output.dense.weight.data += 1\n",
            {"initialise": "move"},
            "frozen tensors are not what they were: encoder.encoder.layer.0.output.dense.weight",
        ),
        (
            "def draw(model, _generator):\n    import torch\n"
            "    torch.nn.init.normal_(model.layers[0].attention.output.LayerNorm.weight)\n",
            {"initialise": "draw"},
            "one seed gives two starts: encoder.encoder.layer.0.attention.output.LayerNorm.weight",
        ),
        (
            "def count(module, _inputs, output):\n    module.calls += 1\n"
            "    return output * module.calls\n"
            "def extend(model):\n    layer = model.layers[0]\n    layer.calls = 0\n"
            "    layer.register_forward_hook(count)\n",
            {"adds": "lambda shape: 0", "extend": "extend"},
            "kept and put back, it gives other outputs",
        ),
        (
            "def extend(model):\n    model.layers[0].register_forward_hook("
            "lambda _m, _i, output: output * float('inf'))\n",
            {"adds": "lambda shape: 0", "extend": "extend"},
            "the loss became nan",
        ),
    ],
)
def test_what_is_not_sound_is_told(
    tiny_encoder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    code: str,
    said: dict[str, str],
    words: str,
) -> None:
    file = write(tmp_path / "own.py", code, **said)
    assert main(["method-check", str(file), "--encoder", str(tiny_encoder)]) == 2
    shown = capsys.readouterr()
    assert any("FAIL" in line and words in line for line in shown.out.splitlines()), shown.out
    assert "failed\nfix: see the lines with FAIL" in shown.err


def test_an_error_in_its_own_modules_is_told_with_its_line(
    tiny_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "def extend(model):\n    model.layers[0].register_forward_hook(lambda m, i, o: o + m.x)\n"
    )
    file = write(tmp_path / "own.py", code, adds="lambda shape: 0", extend="extend")
    assert main(["method-check", str(file), "--encoder", str(tiny_encoder)]) == 2
    assert "own.py, line 3: training with it stops with AttributeError" in capsys.readouterr().err


def test_a_method_with_the_pooler_is_checked_with_it(tiny_encoder: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "own.py", trains="['pooler']")
    assert main(["method-check", str(file), "--encoder", str(tiny_encoder)]) == 2
    with pytest.raises(UsageError, match="have no pooler"):
        check_method("own", tiny_encoder, pooler=True)  # the tiny checkpoint has none
