"""The hub's real clients against a hub on the loopback, each in a process and cache of its own."""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tuning_curves.data.hub import _failure
from tuning_curves.tasks.question_answering.data import SquadData, content_sha256
from tuning_curves.util.files import sha256_of_file

from .conftest import DATA, ENCODER, REVISION, Fetch, command, environment
from .server import Fault, Hub

QUICK = {"HF_HUB_DOWNLOAD_TIMEOUT": "1", "HF_HUB_ETAG_TIMEOUT": "1"}
CHUNK = 10_485_760  # bytes that the client holds before it writes them


def weights_of(folder: Path) -> str:
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return manifest["files"]["model.safetensors"]["sha256"]


def sizes(home: Path) -> list[int]:
    """Of the client's whole files and of the one that is under way, the largest first."""
    found = []
    for path in home.rglob("blobs/*"):
        with contextlib.suppress(FileNotFoundError):  # it has got its final name
            found.append(path.stat().st_size)
    return sorted(found, reverse=True)


@pytest.fixture
def large_encoder(hub: Hub, tiny_encoder: Path, tmp_path: Path) -> Path:
    """The tiny encoder with an extra tensor, so that its file is 24 MB, as `lab/large`."""
    folder = tmp_path / "large"
    shutil.copytree(tiny_encoder, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["cls.extra"] = torch.arange(6_000_000, dtype=torch.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    hub.add("models", "lab/large", folder, REVISION)
    return folder


LARGE = {**ENCODER, "repository": "lab/large"}


def test_an_encoder_comes_at_its_revision_and_then_from_the_cache_alone(
    hub: Hub, fetch: Fetch, tiny_encoder: Path, tmp_path: Path
) -> None:
    done = fetch("encoder", ENCODER)
    assert done.returncode == 0, done.stderr
    assert weights_of(tmp_path / "out") == sha256_of_file(tiny_encoder / "model.safetensors")
    assert all(REVISION in request for request in hub.requests)
    hub.requests.clear()
    again = fetch("encoder", ENCODER, out="again", HF_HUB_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert hub.requests == []


def test_a_data_set_has_the_files_content_and_then_comes_from_the_cache_alone(
    hub: Hub, fetch: Fetch, tiny_squad: SquadData, tmp_path: Path
) -> None:
    done = fetch("data", DATA)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["content_sha256"]["train"] == content_sha256(tiny_squad)
    hub.requests.clear()
    again = fetch("data", DATA, out="again", HF_HUB_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert hub.requests == []


def test_other_weights_or_content_than_pinned_are_refused(fetch: Fetch, tmp_path: Path) -> None:
    done = fetch("encoder", {**ENCODER, "weights_sha256": "f" * 64})
    assert done.returncode == 3
    assert "the study pins ffff" in done.stderr
    done = fetch("encoder", {**ENCODER, "files_sha256": {"tokenizer.json": "e" * 64}})
    assert done.returncode == 3
    assert "tokenizer.json has sha256" in done.stderr
    assert not list((tmp_path / "out").iterdir())
    pins = {"train": "d" * 64, "test": "d" * 64}
    done = fetch("data", {**DATA, "content_sha256": pins}, out="data")
    assert done.returncode == 3
    assert "the study pins dddd" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("what", "change", "words"),
    [
        ("encoder", {"revision": "f" * 40}, "at revision 'ffff"),
        ("encoder", {"repository": "lab/none"}, "model 'lab/none'"),
        ("data", {"repository": "lab/none"}, "dataset 'lab/none'"),
    ],
)
def test_what_the_hub_does_not_have_is_one_clear_error(
    fetch: Fetch, what: str, change: dict[str, str], words: str
) -> None:
    done = fetch(what, {**{"encoder": ENCODER, "data": DATA}[what], **change})
    assert done.returncode == 4
    assert words in done.stderr
    assert "fix: correct repository and revision" in done.stderr


def test_a_gated_repository_says_how_to_be_let_in(hub: Hub, fetch: Fetch, tmp_path: Path) -> None:
    hub.faults.append(Fault("/lab/tiny", times=20, status=401))
    done = fetch("encoder", ENCODER)
    assert done.returncode == 4
    assert "set HF_TOKEN" in done.stderr
    hub.faults.clear()
    assert fetch("encoder", ENCODER).returncode == 0


def test_without_a_network_and_a_cache_the_offline_switch_is_named(fetch: Fetch) -> None:
    done = fetch("encoder", ENCODER, HF_HUB_OFFLINE="1")
    assert done.returncode == 4
    assert "HF_HUB_OFFLINE" in done.stderr


def test_a_hub_that_is_down_may_come_back(fetch: Fetch, tmp_path: Path) -> None:
    done = fetch("encoder", ENCODER, url="http://127.0.0.1:9", **QUICK)
    assert done.returncode == 75
    assert "the hub did not give the model 'lab/tiny'" in done.stderr
    assert "fix: run again later" in done.stderr
    assert not list((tmp_path / "out").iterdir())
    assert fetch("encoder", ENCODER).returncode == 0


@pytest.mark.parametrize("where", ["/api/", "/resolve/"])
def test_a_server_error_that_passes_is_waited_out(hub: Hub, fetch: Fetch, where: str) -> None:
    hub.faults.append(Fault(where, times=2, status=500))
    done = fetch("encoder", ENCODER)
    assert done.returncode == 0, done.stderr
    assert hub.faults[0].times == 0


def test_a_server_error_that_stays_may_pass_later(hub: Hub, fetch: Fetch, tmp_path: Path) -> None:
    hub.faults.append(Fault("/resolve/", status=503))
    done = fetch("encoder", ENCODER)
    assert done.returncode == 75
    assert "503" in done.stderr
    assert not list((tmp_path / "out").iterdir())
    hub.faults.clear()
    assert fetch("encoder", ENCODER).returncode == 0


def test_a_server_that_falls_silent_may_speak_later(hub: Hub, fetch: Fetch, tmp_path: Path) -> None:
    hub.faults.append(Fault("model.safetensors", cut=4_000, stall=20.0))
    done = fetch("encoder", ENCODER, **QUICK)
    assert done.returncode == 75
    assert not list((tmp_path / "out").iterdir())
    hub.faults.clear()
    assert fetch("encoder", ENCODER).returncode == 0


def test_a_slow_hub_is_waited_for(hub: Hub, fetch: Fetch) -> None:
    hub.faults.append(Fault("/", stall=0.3))
    assert fetch("encoder", ENCODER).returncode == 0


def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    hub: Hub, fetch: Fetch, large_encoder: Path, tmp_path: Path
) -> None:
    hub.faults.append(Fault("model.safetensors", times=1, cut=CHUNK + 5_000))
    done = fetch("encoder", LARGE)
    assert done.returncode == 0, done.stderr
    assert hub.ranges == [f"bytes={CHUNK}-"]
    assert weights_of(tmp_path / "out") == sha256_of_file(large_encoder / "model.safetensors")


def test_after_a_killed_download_only_what_is_missing_is_fetched(
    hub: Hub, fetch: Fetch, large_encoder: Path, tmp_path: Path
) -> None:
    """The client names a partial file by its process, so that the next one starts it anew."""
    hub.faults.append(Fault("model.safetensors", times=1, cut=2 * CHUNK, stall=60.0))
    killed = subprocess.Popen(
        command("encoder", LARGE, tmp_path / "out"),
        env=environment(hub.url, tmp_path / "home"),
        stderr=subprocess.DEVNULL,
    )
    while not (arrived := sizes(tmp_path / "home")) or arrived[0] < CHUNK or len(arrived) < 4:
        assert killed.poll() is None
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "out" / "manifest.json").exists()
    done = fetch("encoder", LARGE)
    assert done.returncode == 0, done.stderr
    bodies = [request for request in hub.requests if request.startswith("GET /lab/large/resolve")]
    assert len([request for request in bodies if "model.safetensors" in request]) == 2
    assert len([request for request in bodies if "config.json" in request]) == 2  # two such names
    assert weights_of(tmp_path / "out") == sha256_of_file(large_encoder / "model.safetensors")


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_file_that_arrives_altered_is_fetched_again(
    hub: Hub, fetch: Fetch, tiny_encoder: Path, tmp_path: Path, file: str
) -> None:
    hub.faults.append(Fault(file, times=1, alter=True))
    done = fetch("encoder", ENCODER)
    assert done.returncode == 0, done.stderr
    assert f"{file}: damaged, fetching it again" in done.stderr
    assert sha256_of_file(tmp_path / "out" / file) == sha256_of_file(tiny_encoder / file)


def test_a_hub_that_alters_every_time_is_not_believed(
    hub: Hub, fetch: Fetch, tmp_path: Path
) -> None:
    hub.faults.append(Fault("model.safetensors", alter=True))
    done = fetch("encoder", ENCODER)
    assert done.returncode == 3
    assert "model.safetensors has another hash than the hub states" in done.stderr
    assert not list((tmp_path / "out").iterdir())
    hub.faults.clear()
    assert fetch("encoder", ENCODER).returncode == 0


@pytest.mark.parametrize("what", ["encoder", "data"])
def test_a_cache_that_rotted_is_mended(
    fetch: Fetch, tmp_path: Path, what: str, tiny_squad: SquadData
) -> None:
    spec = {"encoder": ENCODER, "data": DATA}[what]
    assert fetch(what, spec).returncode == 0
    largest = max((tmp_path / "home").rglob("blobs/*"), key=lambda p: p.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    done = fetch(what, spec, out="again")
    assert done.returncode == 0, done.stderr
    assert "damaged, fetching it again" in done.stderr


def test_rows_that_are_no_squad_are_refused(
    hub: Hub, fetch: Fetch, dataset_repository: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "repository"
    shutil.copytree(dataset_repository, folder)
    (folder / "plain_text" / "validation-00000-of-00001.parquet").write_bytes(b"PAR1 no more")
    hub.add("datasets", "lab/torn", folder, REVISION)
    done = fetch("data", {**DATA, "repository": "lab/torn"})
    assert done.returncode == 3
    assert "lab/torn: no rows can be read for" in done.stderr
    assert not (tmp_path / "out").exists()


def test_only_pickled_weights_at_the_hub_are_refused_with_the_way_out(
    hub: Hub, fetch: Fetch, tiny_encoder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(tiny_encoder, folder)
    tensors = load_file(folder / "model.safetensors")
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    hub.add("models", "lab/pickled", folder, REVISION)
    done = fetch("encoder", {**ENCODER, "repository": "lab/pickled"})
    assert done.returncode == 4
    assert 'only "pytorch_model.bin": pickled weights can run code, and are refused' in done.stderr
    assert "fix: convert it once" in done.stderr
    assert not any("GET" in r and "pytorch_model.bin" in r for r in hub.requests)


def test_a_disk_without_room_for_the_download_is_not_the_hubs_fault(
    fetch: Fetch, large_encoder: Path, tmp_path: Path
) -> None:
    done = fetch("encoder", LARGE, largest_file=1 << 20)
    assert done.returncode == 4
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "fix: free space, or raise the quota" in done.stderr
    assert "the hub did not give" not in done.stderr


def test_a_disk_without_room_for_the_rows_is_not_the_repositorys_fault(
    fetch: Fetch, dataset_repository: Path
) -> None:
    """The downloaded files are there; what the library makes of them has no room."""
    assert fetch("data", DATA).returncode == 0
    done = fetch("data", DATA, out="again", largest_file=100, HF_HUB_OFFLINE="1")
    assert done.returncode == 4
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "no rows can be read" not in done.stderr


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/cache/blobs"), "folder writable"),
        (OSError("Not enough disk space. Needed: 80 MB (download: 1 MB)"), "free space"),
        (PermissionError(errno.EPERM, "Operation not permitted"), None),  # a socket's: no name
        (OSError(errno.ECONNREFUSED, "Connection refused"), None),
    ],
    ids=["forbidden folder", "before it begins", "socket", "refused"],
)
def test_a_cause_of_this_machine_is_found_in_the_chain(error: OSError, kind: str | None) -> None:
    outer = RuntimeError("An error occurred while generating the dataset")
    outer.__cause__ = error
    message = str(_failure("model 'lab/tiny'", outer))
    assert ("the hub did not give" in message) == (kind is None)
    assert kind is None or kind in message
