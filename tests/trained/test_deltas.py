"""Kept deltas: what they hold, what they answer, and what is made of them."""

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tuning_curves.cli import main
from tuning_curves.study.job import Job, PlannedRun
from tuning_curves.study.paths import WorkerPaths
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.trained.export import export
from tuning_curves.trained.predict import TrainedModel
from tuning_curves.trained.restore import restore_models
from tuning_curves.training.delta import read_delta
from tuning_curves.training.evaluate import Evaluator
from tuning_curves.training.worker import run_job
from tuning_curves.util.errors import DataError, ResourceError, UsageError
from tuning_curves.util.files import write_json

FOLDING = ["full", "bitfit", "head", "top-1", "random-mask", "random-rows", "fisher-mask", "lora-2"]
FOLDING += ["ia3", "layernorm", "scratch"]
APART = ["adapter-houlsby-4", "adapter-pfeiffer-4", "prefix-3", "rnn", "fixed-window"]
QUICK = {"full", "bitfit", "head", "adapter-houlsby-4"}
CPU = torch.device("cpu")
SLOW = pytest.mark.slow


def one_run(make_study: Any, method: str, **training: Any) -> Job:
    """A job of one run, which trains far enough to move every kind of tensor."""
    study = make_study(
        {
            "methods": [{"name": method, "learning_rates": [3e-2 if method != "full" else 3e-3]}],
            "sizes": [8],
            "budgets": [{"name": "b", "epochs": 6, "min_steps": 0}],
            "analysis": {"contrasts": []},
            "training": training,
        }
    )
    return study.job(study.unique)


def keep(places: WorkerPaths) -> WorkerPaths:
    return dataclasses.replace(places, keep_deltas=True, retrain_for_deltas=True)


def delta_of(places: WorkerPaths, job: Job) -> Path:
    """Where the delta of a job's first run lies."""
    return places.delta(job.runs[0].run, job.settings)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kept:
    """A run whose delta was kept.

    Attributes:
        path: of the delta.
        record: of the run.
        answers: those that its evaluation gave to the test part.
    """

    planned: PlannedRun
    path: Path
    record: dict[str, Any]
    answers: list[str]


@pytest.fixture(scope="session")
def train_once(
    make_study: Any, tiny_windows: tuple[Path, Path], made_once: Any
) -> Callable[..., Kept]:
    """A function from a method and its training's settings to what one training of it left."""

    def train(method: str, precision: str = "float32") -> Kept:
        job = one_run(make_study, method, precision=precision)
        encoder, windows = tiny_windows
        paths = keep(WorkerPaths(encoder=encoder, windows=windows, workspace=Path()))

        def run(workspace: Path) -> None:
            with evaluations_noted() as answers:
                run_job(job, dataclasses.replace(paths, workspace=workspace), "cpu")
            write_json(workspace / "answers.json", answers[0])

        folder = made_once(f"delta-{method}-{precision}", run)
        (planned,) = job.runs
        made = dataclasses.replace(paths, workspace=folder)
        return Kept(
            planned=planned,
            path=delta_of(made, job),
            record=json.loads((made.records / planned.record).read_text()),
            answers=json.loads((folder / "answers.json").read_text()),
        )

    return train


@contextlib.contextmanager
def evaluations_noted() -> Iterator[list[list[str]]]:
    """The answers that evaluations give meanwhile: of test first, then of validation."""
    answers: list[list[str]] = []
    original = Evaluator.evaluate

    def noting(self: Evaluator, feed: Any, precision: str) -> Any:
        found = original(self, feed, precision)
        answers.append(list(found.predictions.texts))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Evaluator, "evaluate", noting)
        yield answers


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=SLOW)])
@pytest.mark.parametrize(
    "method",
    [m if m in QUICK else pytest.param(m, marks=SLOW) for m in [*FOLDING, *APART]],
)
def test_a_delta_answers_as_its_evaluation_did(
    train_once: Any, places: WorkerPaths, tiny_test: SquadData, method: str, precision: str
) -> None:
    kept = train_once(method, precision)
    given = TrainedModel(read_delta(kept.path), places.encoder, CPU).describe(tiny_test)
    assert [one.text for one in given] == kept.answers
    assert len({one.text for one in given}) > 3  # an answer to all would show nothing
    assert max(one.row["windows"] for one in given) > 1
    for question, one in zip(tiny_test.questions, given, strict=True):
        if one.row["start"] is not None:
            context = tiny_test.contexts[question.paragraph]
            assert context.startswith(one.text, one.row["start"])


@pytest.mark.parametrize("method", ["bitfit", "random-mask", "lora-2"])
def test_a_delta_holds_what_is_trained_and_its_run(train_once: Any, method: str) -> None:
    kept = train_once(method)
    record, delta = kept.record, read_delta(kept.path)
    assert (delta.about.record.id, delta.about.run) == (kept.planned.id, kept.planned.run)
    assert delta.about.settings.to_json() == record["settings"]
    assert delta.about.record.scores == record["scores"]
    numbers = sum(t.numel() for t in delta.tensors.values() if t.is_floating_point())
    parameters = record["parameters"]
    assert numbers == sum(parameters[place] for place in ("backbone", "added", "head"))


def test_a_recorded_run_is_trained_again_for_its_delta_alone(
    make_study: Any, places: WorkerPaths
) -> None:
    job = one_run(make_study, "bitfit")
    run_job(job, places, "cpu")
    record = places.records / job.runs[0].record
    written = record.read_bytes()
    assert not delta_of(places, job).exists()
    assert run_job(job, keep(places), "cpu").trained == 1
    assert record.read_bytes() == written
    delta = read_delta(delta_of(places, job))
    assert delta.about.record.scores == json.loads(written)["scores"]
    assert run_job(job, keep(places), "cpu").found == 1


def test_who_keeps_a_delta_is_told_where_it_lies_and_what_asks_it(
    train_once: Any, make_study: Any, places: WorkerPaths, tmp_path: Path, capsys: Any
) -> None:
    kept = train_once("bitfit")
    (tmp_path / "job.json").write_text(one_run(make_study, "bitfit", precision="float32").dump())
    folders = ["--encoder", str(places.encoder), "--windows", str(places.windows)]
    folders += ["--workspace", str(kept.path.parents[2])]
    made = ["train", "--job", str(tmp_path / "job.json"), *folders, "--device", "cpu"]
    assert main([*made, "--keep-delta"]) == 0
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert f"kept {kept.path}" in lines
    asked = f"--delta {kept.path} --encoder {places.encoder}"
    assert f"  tuning-curves predict {asked} --file FILE" in lines
    assert f"  tuning-curves export {asked} --out my-model" in lines


def test_an_archived_run_is_not_trained_again_but_for_its_delta(
    make_study: Any, places: WorkerPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = one_run(make_study, "head")
    run_job(job, places, "cpu")
    fresh = dataclasses.replace(places, workspace=tmp_path / "fresh", archive=places.records)
    summary = run_job(job, fresh, "cpu")
    assert (summary.trained, summary.found) == (0, 1)
    summary = run_job(job, keep(fresh), "cpu")
    assert (summary.trained, summary.found) == (1, 0)
    assert delta_of(fresh, job).exists()
    assert not fresh.records.exists()  # the archived record is the only one
    assert "warning" not in capsys.readouterr().err  # the same machine gives the same scores


def test_a_diverged_run_leaves_no_delta_and_is_not_trained_again(
    make_study: Any, places: WorkerPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = QuestionAnswering.loss
    failing = lambda *args: original(*args) * float("nan")  # noqa: E731
    monkeypatch.setattr(QuestionAnswering, "loss", failing)
    job = one_run(make_study, "bitfit")
    assert run_job(job, keep(places), "cpu").diverged == 1
    assert run_job(job, keep(places), "cpu").found == 1
    assert not delta_of(places, job).exists()


@pytest.mark.parametrize("method", FOLDING)
def test_an_exported_checkpoint_gives_the_models_logits(
    train_once: Any, places: WorkerPaths, tmp_path: Path, method: str
) -> None:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    delta = read_delta(train_once(method).path)
    export(delta, places.encoder, tmp_path / "out")
    whole, loading = AutoModelForQuestionAnswering.from_pretrained(
        tmp_path / "out", output_loading_info=True
    )
    assert not any(loading.values())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    batch = tokenizer("Where is Orrin?", "Orrin lies in the sea.", return_tensors="pt")
    with torch.inference_mode():
        theirs = whole.eval()(**batch)
    np.testing.assert_allclose(
        torch.stack((theirs.start_logits[0], theirs.end_logits[0]), dim=1).numpy(),
        logits_of(restore_models(delta, places.encoder)[1], batch),
        rtol=1e-4,
        atol=1e-4,
    )


def logits_of(model: Any, batch: Any) -> np.ndarray:
    """Our own model's logits of one sequence, [T, 2]."""
    from tuning_curves.encoders.packing import Packing

    tokens, types = batch["input_ids"], batch["token_type_ids"]
    packing = Packing.of([tokens.shape[1]], CPU)
    with torch.inference_mode():
        hidden = model.embed(tokens, torch.arange(tokens.shape[1])[None], types)
        return model(hidden, packing).numpy()


@pytest.mark.parametrize("method", APART)
def test_what_does_not_fold_is_refused(
    train_once: Any, places: WorkerPaths, tmp_path: Path, method: str
) -> None:
    delta = read_delta(train_once(method).path)
    with pytest.raises(UsageError, match=f"the method {method} adds modules"):
        export(delta, places.encoder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def bitfit(train_once: Any, tmp_path: Path) -> Path:
    """A kept delta of BitFit, to do with as a test likes."""
    return Path(shutil.copy(train_once("bitfit").path, tmp_path / "bitfit.safetensors"))


def test_every_altered_byte_of_a_delta_is_refused(bitfit: Path) -> None:
    content = bytearray(bitfit.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.choice(len(content), 200, replace=False):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        bitfit.write_bytes(changed)
        with pytest.raises(DataError):
            read_delta(bitfit)


def test_a_torn_delta_and_other_files_are_refused(bitfit: Path, tmp_path: Path) -> None:
    content = bitfit.read_bytes()
    for length in (0, 7, 100, len(content) // 2, len(content) - 1):
        bitfit.write_bytes(content[:length])
        with pytest.raises(DataError, match="torn, or not a safetensors file"):
            read_delta(bitfit)
    save_file({"x": torch.zeros(2)}, bitfit)
    with pytest.raises(DataError, match="no delta of this package"):
        read_delta(bitfit)
    with pytest.raises(ResourceError, match="no such delta"):
        read_delta(tmp_path / "none.safetensors")


def test_another_encoder_is_refused(bitfit: Path, places: WorkerPaths, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        if (places.encoder / name).exists():
            (other / name).write_bytes((places.encoder / name).read_bytes())
    with pytest.raises(ResourceError, match=r"model\.safetensors: no such file"):
        restore_models(read_delta(bitfit), other)
    tensors = load_file(places.encoder / "model.safetensors")
    tensors["embeddings.LayerNorm.bias"][0] += 1
    save_file(tensors, other / "model.safetensors")
    with pytest.raises(DataError, match=r"model\.safetensors: sha256 .* trained on 'tiny'"):
        restore_models(read_delta(bitfit), other)


def test_answers_on_the_command_line(
    bitfit: Path, places: WorkerPaths, tiny_test_file: Path, tmp_path: Path, capsys: Any
) -> None:
    one = ["predict", "--delta", str(bitfit), "--encoder", str(places.encoder)]
    context = "Its lamp burns kerosene — its bell weighs 410 kilograms."
    assert main([*one, "--question", "What burns?", "--context", context, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert context[row["start"] :].startswith(row["answer"])
    assert row["answer"]
    assert main([*one, "--question", "What burns?", "--context", context]) == 0
    assert capsys.readouterr().out == row["answer"] + "\n"
    out = tmp_path / "predictions.json"
    assert main([*one, "--file", str(tiny_test_file), "--predictions", str(out)]) == 0
    assert capsys.readouterr().out.count("\n") == 25
    assert (
        main(
            [
                "score",
                "--task",
                "question-answering",
                "--data",
                str(tiny_test_file),
                "--predictions",
                str(out),
            ]
        )
        == 0
    )
    total = json.loads(capsys.readouterr().out)
    record = read_delta(bitfit).about.record
    assert record.scores is not None
    scores = record.scores["test"]
    assert total["total"] == scores["total"]
    assert total["exact_match"] == pytest.approx(100 * scores["exact"] / scores["total"])


def test_questions_need_no_answers(
    bitfit: Path, places: WorkerPaths, tiny_test_file: Path, tmp_path: Path, capsys: Any
) -> None:
    one = ["predict", "--delta", str(bitfit), "--encoder", str(places.encoder), "--file"]
    assert main([*one, str(tiny_test_file)]) == 0
    expected = capsys.readouterr().out
    content = json.loads(tiny_test_file.read_text("utf-8"))
    for article in content["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                del question["answers"]
    bare = tmp_path / "questions.json"
    bare.write_text(json.dumps(content), "utf-8")
    assert main([*one, str(bare)]) == 0
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("option", ["--file", "--delta"])
def test_predictions_never_replace_what_was_read(
    bitfit: Path,
    places: WorkerPaths,
    tiny_test_file: Path,
    tmp_path: Path,
    capsys: Any,
    option: str,
) -> None:
    (tmp_path / "there").mkdir()
    read = {"--file": tiny_test_file, "--delta": bitfit}
    out = tmp_path / "there" / ".." / "link"  # the same file by another name
    out.symlink_to(read[option])
    before = read[option].read_bytes()
    given = [part for name, path in read.items() for part in (name, str(path))]
    arguments = ["predict", *given, "--encoder", str(places.encoder), "--predictions", str(out)]
    assert main(arguments) == 2
    assert f"is the file of {option}, which it would replace" in capsys.readouterr().err
    assert read[option].read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--question", " ", "--context", "x"], 2, "--question is empty"),
        (["--question", "x"], 2, "--context is missing"),
        ([], 2, "give --question with --context, or --file"),
        (["--question", "who " * 90, "--context", "x"], 3, "leaves room for"),
        (["--file", "no-such.jsonl"], 4, "no-such.jsonl: no such file"),
        (
            ["--question", "a\udcff", "--context", "x"],
            2,
            "--question holds half a surrogate pair at offset 1",
        ),
    ],
)
def test_what_cannot_be_asked(
    bitfit: Path, places: WorkerPaths, capsys: Any, arguments: list[str], status: int, words: str
) -> None:
    one = ["predict", "--delta", str(bitfit), "--encoder", str(places.encoder)]
    assert main([*one, *arguments]) == status
    assert words in capsys.readouterr().err
