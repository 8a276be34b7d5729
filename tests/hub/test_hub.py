"""The hub's real clients against a hub on the loopback, each in a process and cache of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.files import sha256_of_file
from tuning_curves.squad import SquadData, content_sha256

from .hub_server import Hub

REVISION = "0123456789abcdef0123456789abcdef01234567"
ENCODER = {"name": "tiny", "source": "hub", "repository": "lab/tiny", "revision": REVISION}
DATA = {
    "name": "tiny",
    "source": "hub",
    "repository": "lab/questions",
    "revision": REVISION,
    "held_out_questions": 5,
}


@pytest.fixture(scope="module")
def dataset_repository(tiny_squad: SquadData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set repository as the hub holds SQuAD: parquet files, one row a question."""
    import pandas as pd

    rows = [
        {
            "id": q.id,
            "title": tiny_squad.titles[q.article],
            "context": tiny_squad.contexts[q.paragraph],
            "question": q.question,
            "answers": {
                "text": [a.text for a in q.answers],
                "answer_start": [a.start for a in q.answers],
            },
        }
        for q in tiny_squad.questions
    ]
    folder = tmp_path_factory.mktemp("questions")
    (folder / "plain_text").mkdir()
    for split in ("train", "validation"):
        name = f"plain_text/{split}-00000-of-00001.parquet"
        pd.DataFrame(rows).to_parquet(folder / name)
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: plain_text\n  default: true\n  data_files:\n"
        "  - split: train\n    path: plain_text/train-*\n"
        "  - split: validation\n    path: plain_text/validation-*\n---\n"
    )
    return folder


@pytest.fixture
def hub(tiny_encoder: Path, dataset_repository: Path) -> Iterator[Hub]:
    served = Hub()
    served.add("models", "lab/tiny", tiny_encoder, REVISION)
    served.add("datasets", "lab/questions", dataset_repository, REVISION)
    yield served
    served.close()


def fetch(
    hub_url: str, what: str, spec: dict[str, Any], out: Path, home: Path, **extra: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        **{k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"},
        "HF_ENDPOINT": hub_url,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **extra,
    }
    command = [sys.executable, "-m", "tuning_curves", "fetch", what]
    command += ["--spec", json.dumps(spec), "--out", str(out)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_an_encoder_comes_from_the_hub_at_its_revision_and_then_from_the_cache(
    hub: Hub, tiny_encoder: Path, tmp_path: Path
) -> None:
    done = fetch(hub.url, "encoder", ENCODER, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    expected = sha256_of_file(tiny_encoder / "model.safetensors")
    assert manifest["files"]["model.safetensors"]["sha256"] == expected
    hub.requests.clear()
    again = fetch(
        hub.url, "encoder", ENCODER, tmp_path / "again", tmp_path / "home", HF_HUB_OFFLINE="1"
    )
    assert again.returncode == 0, again.stderr
    assert hub.requests == []


def test_a_data_set_comes_from_the_hub_with_the_same_content_as_the_file(
    hub: Hub, tiny_squad: SquadData, tmp_path: Path
) -> None:
    done = fetch(hub.url, "data", DATA, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["content_sha256"]["train"] == content_sha256(tiny_squad)


def test_other_weights_than_pinned_are_refused(hub: Hub, tmp_path: Path) -> None:
    spec = {**ENCODER, "weights_sha256": "f" * 64}
    done = fetch(hub.url, "encoder", spec, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 3
    assert "the study pins ffff" in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"revision": "f" * 40}, "at revision 'ffff"),
        ({"repository": "lab/none"}, "'lab/none'"),
    ],
)
def test_what_the_hub_does_not_have_is_one_clear_error(
    hub: Hub, tmp_path: Path, change: dict[str, str], words: str
) -> None:
    done = fetch(hub.url, "encoder", {**ENCODER, **change}, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 4
    assert words in done.stderr
    assert "source: path" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_hub_is_one_clear_error(tmp_path: Path) -> None:
    done = fetch("http://127.0.0.1:9", "encoder", ENCODER, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 4
    assert "the hub did not give the encoder 'lab/tiny'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_download_that_breaks_off_is_taken_up_again(
    hub: Hub, tiny_encoder: Path, tmp_path: Path
) -> None:
    hub.faults.add("cut")
    fetch(hub.url, "encoder", ENCODER, tmp_path / "out", tmp_path / "home")
    done = fetch(hub.url, "encoder", ENCODER, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 0, done.stderr
    found = sha256_of_file(tmp_path / "out" / "model.safetensors")
    assert found == sha256_of_file(tiny_encoder / "model.safetensors")


@pytest.mark.parametrize("fault", ["unauthorised", "broken"])
def test_a_refusing_hub_is_one_clear_error(hub: Hub, tmp_path: Path, fault: str) -> None:
    hub.faults.add(fault)
    done = fetch(hub.url, "encoder", ENCODER, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 4
    assert "the hub did not give the encoder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_slow_hub_is_waited_for(hub: Hub, tmp_path: Path) -> None:
    hub.faults.add("slow")
    done = fetch(hub.url, "encoder", ENCODER, tmp_path / "out", tmp_path / "home")
    assert done.returncode == 0, done.stderr
