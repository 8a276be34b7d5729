"""Files that are torn, altered or of something else: refused by name (3), never averaged in."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning_curves.analysis.runs import read_records
from tuning_curves.study.records import sealed
from tuning_curves.util.errors import DataError

from .conftest import Bench, Processes

DAMAGED = 3
EACH_STEP = {"tuning_curves.training.loop:CHECKPOINT_SECONDS": 0.0}
STEP = "tuning_curves.training.loop:Trainer.step"


def test_a_torn_record_is_named_and_the_other_runs_go_on(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    assert bench.train().status == 0
    torn, lost = bench.path(0), bench.path(1)
    torn.write_bytes(torn.read_bytes()[:1000])
    lost.unlink()
    status = bench.processes.run("status", bench.study_file(), folder=bench.folder)
    assert status.status == DAMAGED
    assert "2 runs  done 0  running 0  missing 1  failed 0  damaged 1" in status.said
    assert f"damaged: {torn.relative_to(bench.folder)}: record is not valid" in status.said
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"error: {torn}: record is not valid JSON" in ended.said
    assert f"fix: delete {torn} and run again: the run is trained anew" in ended.said
    assert lost.exists()
    torn.unlink()
    assert bench.train().status == 0
    assert bench.numbers() == undisturbed


def test_no_flipped_bit_of_a_record_reaches_a_table(whole: Bench, tmp_path: Path) -> None:
    planned = whole.study.unique[0]
    intact = whole.path(0).read_bytes()
    draw = random.Random(0)
    path, refused = tmp_path / "record.json", 0
    for place in draw.sample(range(len(intact)), 300):
        flipped = bytearray(intact)
        flipped[place] ^= 1 << draw.randrange(8)
        path.write_bytes(flipped)
        try:
            read_records([planned], whole.study.settings, {planned.id: path})
        except DataError as error:
            refused += 1
            assert str(path) in error.message
        else:  # white space became other white space
            assert json.loads(flipped) == json.loads(intact), place
    assert refused > 250


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param(("training", "warmup"), "settings.training.warmup is 0.9", id="configuration"),
        pytest.param(("engine",), "settings.engine is 0.9", id="code version"),
    ],
)
def test_a_record_of_another_run_is_refused_by_what_differs(
    bench: Bench, whole: Bench, changed: tuple[str, ...], words: str
) -> None:
    shutil.copytree(whole.workspace / "records", bench.workspace / "records")
    record = json.loads(bench.path(0).read_bytes())
    part = record["settings"]
    for key in changed[:-1]:
        part = part[key]
    part[changed[-1]] = 0.9
    bench.path(0).write_text(json.dumps(sealed(record)), "utf-8")
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"{bench.path(0)}: not the record of this run: {words}" in ended.said


@pytest.mark.parametrize("damage", ["a bit of its hash", "bits of its content", "its end is lost"])
def test_a_damaged_checkpoint_starts_the_run_anew(
    bench: Bench, undisturbed: dict[str, Any], damage: str
) -> None:
    bench.train(faults=({"at": STEP, "call": 5, "do": "kill"},), changes=EACH_STEP)
    path = bench.checkpoint(0)
    content = bytearray(path.read_bytes())
    if damage == "its end is lost":
        content = content[: len(content) // 2]
    elif damage == "a bit of its hash":
        content[3] ^= 1
    else:
        for place in range(100, len(content), 997):
            content[place] ^= 1
    path.write_bytes(content)
    assert bench.train().status == 0
    assert bench.numbers() == undisturbed


def test_a_checkpoint_of_an_older_layout_starts_the_run_anew(
    bench: Bench, undisturbed: dict[str, Any]
) -> None:
    older = EACH_STEP | {"tuning_curves.training.checkpoint:LAYOUT": 0}
    bench.train(faults=({"at": STEP, "call": 5, "do": "kill"},), changes=older)
    assert bench.checkpoint(0).exists()
    assert bench.train().status == 0
    assert bench.numbers() == undisturbed


def test_flipped_bits_of_the_cache_change_no_number(make_bench: Any, tmp_path: Path) -> None:
    bench = make_bench({"methods": [{"name": "head", "learning_rates": [1e-2]}]})
    cache = tmp_path / "activations"
    assert bench.train("--cache", cache).status == 0
    before = bench.numbers()
    for states in cache.rglob("states.f16"):
        content = np.fromfile(states, np.uint8)
        content[::997] ^= 64
        content.tofile(states)
    bench.workspace = bench.folder / "again"
    assert bench.train("--cache", cache).status == 0
    assert bench.numbers() == before


def test_a_flipped_bit_of_the_windows_is_refused(bench: Bench) -> None:
    copy = bench.folder / "windows"
    shutil.copytree(bench.windows, copy)
    bench.windows = copy
    flip(copy / "train" / "context_tokens.npy", 200)
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"{copy}/train/context_tokens.npy: missing or altered since it was made" in ended.said
    assert f"fix: delete {copy} and run again" in ended.said


def test_an_encoder_that_changed_after_it_was_fetched_is_refused(bench: Bench) -> None:
    bench.encoder = own_encoder(bench)
    flip(bench.encoder / "model.safetensors", 5000)
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"{bench.encoder}/model.safetensors: altered since it was fetched" in ended.said
    assert f"fix: delete {bench.encoder} and run again" in ended.said


@pytest.mark.parametrize(
    ("what", "pin"), [("encoder", "weights_sha256"), ("data", "content_sha256")]
)
def test_another_hash_than_the_study_pins_is_refused(
    tiny_config: dict[str, Any], processes: Processes, tmp_path: Path, what: str, pin: str
) -> None:
    wrong = "0" * 64
    section = tiny_config[what] | {
        pin: wrong if what == "encoder" else {"train": wrong, "test": wrong}
    }
    task = ("--task", json.dumps(tiny_config["task"]))
    fetch = ("fetch", what, "--spec", json.dumps(section), *task, "--out", tmp_path / "out")
    ended = processes.run(*fetch)
    assert ended.status == DAMAGED
    assert f"the study pins {wrong}" in ended.said
    assert "fix: " in ended.said
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_another_encoder_than_the_runs_name_is_refused(
    bench: Bench, tiny_config: dict[str, Any], processes: Processes
) -> None:
    source = bench.folder / "other"
    shutil.copytree(tiny_config["encoder"]["path"], source)
    flip(source / "model.safetensors", 5000)
    section = {"name": "tiny", "source": "path", "path": str(source)}
    section["weights_sha256"] = pinned(source, processes)
    bench.encoder = bench.folder / "fetched"
    fetch = ("fetch", "encoder", "--spec", json.dumps(section), "--out", bench.encoder)
    assert processes.run(*fetch).status == 0
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"{bench.encoder}: an encoder pinned {section['weights_sha256']}, expected" in ended.said
    assert bench.numbers() == {}


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_an_encoder_with_another_file_beside_the_same_weights_is_refused(
    bench: Bench, name: str
) -> None:
    from tuning_curves.util.files import sha256_of_file

    bench.encoder = own_encoder(bench)
    path = bench.encoder / name
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    manifest = json.loads((bench.encoder / "manifest.json").read_bytes())
    manifest["files"][name]["sha256"] = sha256_of_file(path)
    (bench.encoder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"{bench.encoder}: an encoder whose {name} is pinned" in ended.said
    assert bench.numbers() == {}


def test_windows_of_another_encoder_are_refused(bench: Bench) -> None:
    copy = bench.folder / "windows"
    shutil.copytree(bench.windows, copy)
    bench.windows = copy
    manifest = json.loads((copy / "manifest.json").read_bytes()) | {"tokenizer_sha256": "0" * 64}
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"{bench.windows}: windows of another encoder: their tokenizer.json" in ended.said
    assert bench.numbers() == {}


def test_windows_of_other_content_or_settings_are_refused(make_bench: Any) -> None:
    bench = make_bench({"windows": {"max_length": 80, "stride": 24}})
    ended = bench.train()
    assert ended.status == DAMAGED
    assert f"{bench.windows}: windows with max_length 96, expected 80" in ended.said
    other = {"train": "1" * 64, "test": "1" * 64}
    ended = make_bench({"data": {"content_sha256": other}}).train()
    assert ended.status == DAMAGED
    assert f"{bench.windows}: windows of data pinned" in ended.said


def flip(path: Path, place: int) -> None:
    """Flip a bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def own_encoder(bench: Bench) -> Path:
    """A copy of the fetched encoder that a test may damage."""
    return Path(shutil.copytree(bench.encoder, bench.folder / "encoder"))


def pinned(folder: Path, processes: Processes) -> str:
    """What `pin` prints for an encoder's weights."""
    return processes.run("pin", "--encoder", folder).said.split()[1]
