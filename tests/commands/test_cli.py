import copy
import importlib
import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.cli import COMMANDS, main, make_parser
from tuning_curves.commands.options import chosen_runs
from tuning_curves.report.style import ordered
from tuning_curves.study.config import read_study
from tuning_curves.study.job import load_job
from tuning_curves.util.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "benchmarks" / "study.yaml"
ARCHIVED = ROOT / "config" / "sentiment.yaml"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    _, _, example = capsys.readouterr().out.partition("\nexample")
    assert f"  $ tuning-curves {command}" in example


def examples_of(command: str) -> list[list[str]]:
    """The words of a command's examples in its --help, as the shell gives them."""
    epilog = importlib.import_module(f"tuning_curves.commands.{command}").EPILOG
    lines = epilog.replace("\\\n", "").splitlines()
    found = [line.partition("$ tuning-curves ")[2].partition(" > ")[0] for line in lines]
    return [shlex.split(words) for words in found if words.startswith(command)]


@pytest.mark.parametrize("command", ["plan", "train"])
def test_examples_that_choose_runs_name_runs_that_there_are(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = [make_parser().parse_args(words) for words in examples_of(command)]
    chosen = [args for args in found if getattr(args, "study", None)]
    assert chosen
    for args in chosen:
        assert chosen_runs(args, read_study(args.study))


def test_methods_as_json(capsys: pytest.CaptureFixture[str], tiny_encoder: Path) -> None:
    assert main(["methods", "--encoder", str(tiny_encoder), "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == "left out, since they do not apply to this encoder: value-bias\n"
    rows = {row["method"]: row for row in json.loads(said.out)}
    assert list(rows) == ordered(rows)  # families together, as legends and tables have them
    assert {"full", "head", "bitfit-qm2", "adapter-pfeiffer", "top-1", "fisher-mask"} <= set(rows)
    assert {"lora", "ia3", "prefix", "scratch", "rnn", "fixed-window"} <= set(rows)
    assert rows["full"]["share"] == 1.0
    assert rows["head"] | {"total": 0} == {
        "method": "head",
        "trainable_backbone": 0,
        "trainable_added": 0,
        "trainable_head": 66,
        "total": 0,
        "share": 0.0,
    }
    assert rows["bitfit"]["trainable_backbone"] == 3 * (7 * 32 + 64) + 32


def test_methods_of_one_size_as_a_table(
    capsys: pytest.CaptureFixture[str], tiny_encoder: Path
) -> None:
    config = str(tiny_encoder / "config.json")
    assert main(["methods", "--encoder", config, "--method", "adapter-houlsby-8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    # two adapters in each of 3 layers, 2 m d + d + m numbers each
    assert lines[1].split()[:3] == ["adapter-houlsby-8", "448", f"{6 * (2 * 8 * 32 + 32 + 8):,}"]


def test_windows_that_must_overlap_ask_for_their_stride(capsys: pytest.CaptureFixture[str]) -> None:
    task = {"name": "token-classification", "labels": ["a", "b"], "main_metric": "accuracy"}
    folders = ["--data", "d", "--encoder", "e", "--out", "o"]
    assert main(["windows", *folders, "--task", json.dumps(task), "--max-length", "8"]) == 2
    said = capsys.readouterr().err
    assert "--stride: windows.stride is None, expected the tokens that neighbouring" in said


def test_a_missing_encoder_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "--encoder", "no/such/config.json"]) == 4
    assert "error: no/such/config.json: no such file" in capsys.readouterr().err


def test_status_of_an_unstarted_study(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["status", str(BASE), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    total = len(read_study(BASE).unique)
    assert found["runs"] == {
        "total": total,
        "done": 0,
        "diverged": 0,
        "running": 0,
        "damaged": 0,
        "missing": total,
        "failed": 0,
        "to_score": 0,
    }
    assert found["seconds_left"] is None
    assert main(["status", str(BASE)]) == 0
    assert "not known before the first record" in capsys.readouterr().out


def test_plan_chooses_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = ["--method", "bitfit", "--size", "100", "--seed", "1", "--budget", "epochs"]
    assert main(["plan", str(BASE), *chosen]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert {(c["method"], c["n_train"], c["init_seed"], c["steps"]) for c in runs} == {
        ("bitfit", 100, 1, 39)
    }
    assert main(["plan", str(BASE), "--method", "lora"]) == 2
    assert "--method lora: no run of base has it" in capsys.readouterr().err


def test_pin_prints_the_hashes_of_files(
    capsys: pytest.CaptureFixture[str],
    tiny_config: dict[str, Any],
    squad_file: Path,
    tiny_encoder: Path,
    tmp_path: Path,
) -> None:
    from tuning_curves.tasks.question_answering.data import content_sha256, read_squad

    study = tmp_path / "tiny.yaml"
    config = copy.deepcopy(tiny_config)
    del config["data"]["content_sha256"], config["encoder"]["weights_sha256"]
    study.write_text(yaml.safe_dump(config), "utf-8")
    assert main(["pin", "--study", str(study)]) == 0
    pins = yaml.safe_load(capsys.readouterr().out)
    assert pins["data"]["content_sha256"]["train"] == content_sha256(read_squad(squad_file))
    assert main(["pin", "--encoder", str(tiny_encoder)]) == 0
    weights = pins["encoder"]["weights_sha256"]
    assert f"weights_sha256: {weights}\n" in capsys.readouterr().out
    assert main(["pin"]) == 2


def test_an_unknown_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["tune"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["status", "nope.yaml"], 4, "nope.yaml: no such study file (there are: "),
        (["plan", "config/demo.yaml", "--size", "7"], 2, "--size 7: no run of demo has it"),
        (["pin", "--encoder", "nowhere"], 4, "nowhere: no such folder"),
        (
            ["fetch", "data", "--spec", '{"a": 1}', "--out", "o"],
            2,
            "unknown key 'a' in the section",
        ),
        (["fetch", "data", "--spec", '{"name": "x"}', "--out", "o"], 2, "lacks the key 'source'"),
        (["methods", "--encoder", "nope.json"], 4, "nope.json: no such file"),
    ],
)
def test_plain_mistakes_are_one_error_with_its_status(
    arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(Path(__file__).parents[2])
    assert main(arguments) == status
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"\xff\xfe{", "job.json: not a training job: not UTF-8", id="bytes"),
        pytest.param(b"[" * 100_000, "not a training job (", id="deep"),
        pytest.param(b"[{}]", "not a training job (", id="list"),
        pytest.param(b'{"runs": [], "foo": 1}', "unknown key 'foo'", id="key"),
    ],
)
def test_a_job_file_that_is_none_is_one_error(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "job.json").write_bytes(content)
    folders = [f"--{name}={tmp_path}" for name in ("encoder", "windows", "workspace")]
    assert main(["train", "--job", str(tmp_path / "job.json"), *folders]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--cache-gib", "--checkpoint-seconds"])
@pytest.mark.parametrize("value", ["nan", "-1", "inf", "much"])
def test_amounts_are_finite_and_not_negative(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "--job", "job.json", f"{option}={value}"])
    assert ended.value.code == 2
    words = f"argument {option}: '{value}', expected a finite number, 0 or more"
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("value", ["NaN", '"\\ud800"'])
def test_a_job_whose_settings_have_no_hash_is_one_error(value: str) -> None:
    study = read_study(BASE)
    text = study.job(study.unique[:1]).dump()
    with pytest.raises(UsageError, match="not a training job"):
        load_job(text.replace('"warmup":0.1', f'"warmup":{value}'))


def answered(identity: str, text: str) -> Any:
    """A prediction with its example's id."""
    from tuning_curves.tasks.base import Prediction
    from tuning_curves.trained.predict import Answered

    found = Prediction(text=text, value=text, row={"answer": text})
    return Answered(id=identity, prediction=found)


def test_a_terminal_without_a_letter_gets_its_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON keeps to JSON's own escapes."""
    from tuning_curves.commands.predict import _print

    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, "ascii", write_through=True))
    assert main(["status", str(BASE)]) == 0
    shown.truncate(0)
    shown.seek(0)
    for as_json in (False, True):
        _print([answered("1", "Éloïse")], single=False, as_json=as_json)
    plain, row = shown.getvalue().splitlines()
    assert plain == b"1\t\\xc9lo\\xefse"
    assert json.loads(row) == {"id": "1", "answer": "Éloïse"}


def test_a_printed_command_can_be_pasted() -> None:
    from tuning_curves.commands.advise import _keeping

    study = read_study(BASE)
    best = {"method": "full", "budget": "floor"}
    advice = {"best": best, "n_train": 100, "arms": [best | {"learning_rate": 1 / 30_000}]}
    words = shlex.split(_keeping(Path("my studies/a b.yaml"), study, advice).partition(": ")[2])
    assert words[:4] == ["tuning-curves", "train", "--study", "my studies/a b.yaml"]
    assert float(words[words.index("--learning-rate") + 1]) == 1 / 30_000  # all its digits


@pytest.mark.parametrize(
    ("text", "value"), [("0.85", 85.0), ("85", 85.0), ("85%", 85.0), ("0.5%", 0.5), ("100", 100.0)]
)
def test_a_target_is_a_share_or_per_cent(text: str, value: float) -> None:
    from tuning_curves.commands.advise import percent

    assert percent(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["0", "1", "-0.5", "850", "0%", "nan", "much", ""])
def test_a_target_that_cannot_be_meant_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["advise", str(BASE), f"--target={text}"])
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert f"argument --target: {text!r}, " in said
    assert "write 1% or 100%" in said or "(0.85) or per cent up to 100 (85 or 85%)" in said


def test_a_metric_that_the_task_has_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["advise", str(ARCHIVED), "--metric", "exact_match"]) == 2
    said = capsys.readouterr().err
    assert "the task text-classification has no metric 'exact_match'" in said
    assert "name one of accuracy, matthews, macro_f1" in said


def test_advice_on_archived_records(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["advise", str(ARCHIVED), "--target", "0.8", "--metric", "macro_f1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["study"], said["metric"]) == ("sentiment", "macro_f1")
    (advice,) = said["advice"]
    assert advice["best"] == {"method": "full", "budget": "steps-600"}
    needed = said["labels_needed"]
    assert needed["target"] == pytest.approx(80.0)
    best = needed["curves"][0]
    assert (best["method"], best["budget"]) == ("full", "steps-600")
    assert 128 < best["n"] < 2048  # its macro-F1 is 74.0 % and 84.6 % there
    assert needed["sentences"][0].startswith("80.0 % macro-F1 with full under steps-600: about ")


def test_a_tab_in_an_id_breaks_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    from tuning_curves.commands.predict import _print

    _print([answered("a\tb", "one\ntwo")], single=False, as_json=False)
    assert capsys.readouterr().out == "a b\tone two\n"
