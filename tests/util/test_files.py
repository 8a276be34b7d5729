"""Files appear whole or not at all, and equal values have equal hashes."""

from pathlib import Path

import pytest

from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import (
    canonical,
    read_json,
    sha256_of,
    sha256_of_file,
    write_json,
    write_text,
    write_whole,
)


def test_written_text_is_utf8_and_makes_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    write_text(path, "naïve — 1 °C\n")
    assert path.read_bytes() == "naïve — 1 °C\n".encode()


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_text(path, "old")
    with pytest.raises(RuntimeError, match="power cut"), write_whole(path) as stream:
        stream.write(b"half")
        raise RuntimeError("power cut")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_half_written_file_is_not_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    with write_whole(path) as stream:
        stream.write(b"all of it")
        stream.flush()
        assert not path.exists()
    assert path.read_bytes() == b"all of it"


def test_a_written_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_text(tmp_path / "ours", "x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_json_comes_back_in_its_order(tmp_path: Path) -> None:
    value = {"b": [1, 2.5, None], "a": {"é": True}}
    write_json(tmp_path / "v.json", value)
    assert (tmp_path / "v.json").read_text("utf-8").startswith('{\n "b": [')
    back = read_json(tmp_path / "v.json", what="value")
    assert back == value
    assert list(back) == ["b", "a"]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_refused(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "v.json", {"loss": number})
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical([number])


def test_a_missing_json_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceError) as caught:
        read_json(tmp_path / "no.json", what="the manifest", fix="make it anew")
    assert str(caught.value) == f"{tmp_path}/no.json: the manifest is missing\nfix: make it anew"
    assert caught.value.exit_status == 4


def test_torn_json_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('{"a": [1, 2')
    with pytest.raises(DataError, match=r"torn\.json: the manifest is not valid JSON .*char 11"):
        read_json(tmp_path / "torn.json", what="the manifest")


def test_json_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes('{"a": "é"}'.encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.json: the manifest is not valid JSON"):
        read_json(tmp_path / "latin.json", what="the manifest")


def test_canonical_text_depends_on_the_value_only() -> None:
    assert canonical({"b": 1, "a": [1.0, "é"]}) == '{"a":[1.0,"é"],"b":1}'
    assert sha256_of({"b": 1, "a": 2}) == sha256_of({"a": 2, "b": 1})
    assert sha256_of({"a": 1}) != sha256_of({"a": 1.0})


def test_hashes_are_the_standard_ones(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert sha256_of_file(tmp_path / "abc") == known
    (tmp_path / "json").write_bytes(b'{"a":1}')
    assert sha256_of({"a": 1}) == sha256_of_file(tmp_path / "json")
