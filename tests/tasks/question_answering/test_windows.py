"""Windows against the library's own tokenizer call and its question-answering example."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.data import (
    SquadData,
    content_sha256,
    parse_squad,
    read_squad,
    to_squad,
)
from tuning_curves.tasks.question_answering.windows import (
    WindowSet,
    find_template,
)
from tuning_curves.tasks.windows import make_windows, open_windows, read_manifest
from tuning_curves.util.errors import DataError, ResourceError
from tuning_curves.util.files import sha256_of

MAX_LENGTH, STRIDE = 80, 16
TASK = QuestionAnswering(n_best=20, max_answer_tokens=30)


def pick(data: SquadData, numbers: set[int]) -> SquadData:
    """These questions alone, with their paragraphs and articles."""
    wanted = {data.questions[number].id for number in numbers}
    value = to_squad(data)
    for article in value["data"]:
        for paragraph in article["paragraphs"]:
            paragraph["qas"] = [entry for entry in paragraph["qas"] if entry["id"] in wanted]
        article["paragraphs"] = [p for p in article["paragraphs"] if p["qas"]]
    value["data"] = [article for article in value["data"] if article["paragraphs"]]
    return parse_squad(value, "a choice of questions")


@pytest.fixture(scope="module")
def windows(
    tiny_encoder: Path, tiny_squad: SquadData, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Windows of the tiny file, both splits alike but for the test split's fewer questions."""
    folder = tmp_path_factory.mktemp("windows")
    data = {"train": tiny_squad, "test": pick(tiny_squad, {0, 1, 8})}
    make_windows(TASK, data, tiny_encoder, folder, max_length=MAX_LENGTH, stride=STRIDE)
    return folder


def example_label(
    pairs: list[tuple[int, int]], parts: list[int | None], begin: int, end: int
) -> tuple[int, int]:
    """Start and end position of an answer, by the library's question-answering example.

    One slip of the example is mended: where the answer begins in the window's last context token,
    it walks on over the separator (whose offsets are 0, 0) and labels that as the start.
    """
    first = parts.index(1)
    last = limit = len(parts) - 1 - parts[::-1].index(1)
    if pairs[first][0] > begin or pairs[last][1] < end:
        return 0, 0
    while first <= limit and pairs[first][0] <= begin:
        first += 1
    while pairs[last][1] >= end:
        last -= 1
    return first - 1, last + 1


def expect_librarys_windows(
    split: WindowSet, data: SquadData, encoder: Path, max_length: int, stride: int
) -> dict[str, int]:
    """Compare every window of a split; count what was seen, so that a test can ask for it."""
    tokenizer = AutoTokenizer.from_pretrained(encoder, local_files_only=True)
    seen = {"windows": 0, "labelled": 0, "unlabelled": 0}
    for number, question in enumerate(data.questions):
        made = split.windows_of(np.array([number]))
        theirs = tokenizer(
            question.question.strip(),
            data.contexts[question.paragraph],
            truncation="only_second",
            max_length=max_length,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_token_type_ids=True,
        )
        assert len(made) == len(theirs["input_ids"]), question.id
        answer = question.answers[0]
        for row, window in enumerate(made):
            ours = split.lay_out([window])
            assert ours.tokens.tolist() == theirs["input_ids"][row], question.id
            assert ours.types.tolist() == theirs["token_type_ids"][row]
            assert ours.positions.tolist() == list(range(len(ours.tokens)))
            parts = theirs.sequence_ids(row)
            assert ours.context_start.tolist() == [parts.index(1)]
            pairs = theirs["offset_mapping"][row]
            label = example_label(pairs, parts, answer.start, answer.start + len(answer.text))
            assert tuple(ours.labels[0].tolist()) == label, question.id
            size, first = int(split.window_tokens[window]), int(ours.first_token[0])
            context = pairs[parts.index(1) : parts.index(1) + size]
            assert list(map(int, split.char_start[first : first + size])) == [a for a, _ in context]
            assert list(map(int, split.char_end[first : first + size])) == [b for _, b in context]
            seen["windows"] += 1
            seen["labelled" if label != (0, 0) else "unlabelled"] += 1
    assert seen["windows"] == len(split.lengths)
    return seen


def test_windows_are_the_librarys(windows: Path, tiny_encoder: Path, tiny_squad: SquadData) -> None:
    split = open_windows(windows)["train"]
    seen = expect_librarys_windows(split, tiny_squad, tiny_encoder, MAX_LENGTH, STRIDE)
    assert seen["labelled"] >= 25  # each question in one window at least
    assert seen["unlabelled"] >= 4  # the long context's windows without the answer
    assert seen["windows"] == seen["labelled"] + seen["unlabelled"]


@pytest.mark.parametrize("form", [(384, 128, 0), (128, 48, 150)])
def test_windows_of_300_real_questions_are_the_librarys(
    real_dev: SquadData, real_encoder: Path, tmp_path: Path, form: tuple[int, int, int]
) -> None:
    """The form: max_length, stride, and how many second and later windows at least."""
    max_length, stride, overlapping = form
    chosen = pick(real_dev, set(range(0, 10_500, 35)))
    assert len(chosen.questions) == 300
    data = {"train": chosen, "test": pick(real_dev, {0, 1})}
    make_windows(TASK, data, real_encoder, tmp_path, max_length=max_length, stride=stride)
    split = open_windows(tmp_path)["train"]
    seen = expect_librarys_windows(split, chosen, real_encoder, max_length, stride)
    assert seen["windows"] - 300 >= overlapping
    assert seen["labelled"] >= 300
    texts = label_texts(split, chosen)
    assert sum(gold == text for gold, text in texts) >= 297  # the others end inside a token
    assert all(gold in text for gold, text in texts)


@pytest.fixture(scope="module")
def real_dev(real_squad: Path) -> SquadData:
    return read_squad(real_squad / "dev-v1.1.json")


def label_texts(split: WindowSet, data: SquadData) -> list[tuple[str, str]]:
    """(gold answer, text under the label) for every labelled window."""
    texts = []
    for number, owner in enumerate(split.example_of_window()):
        question = data.questions[owner]
        if split.labels[number, 0] == 0:
            continue
        window = split.lay_out([number])
        to_flat = window.first_token[0] - window.context_start[0]
        begin = int(split.char_start[to_flat + window.labels[0, 0]])
        end = int(split.char_end[to_flat + window.labels[0, 1]])
        texts.append((question.answers[0].text, data.contexts[question.paragraph][begin:end]))
    return texts


def test_a_label_reads_as_the_answer(windows: Path, tiny_squad: SquadData) -> None:
    texts = label_texts(open_windows(windows)["train"], tiny_squad)
    assert {gold for gold, _ in texts} == {q.answers[0].text for q in tiny_squad.questions}
    assert all(gold == text for gold, text in texts)


def test_a_window_without_the_answer_is_labelled_cls(windows: Path, tiny_squad: SquadData) -> None:
    """The answer stands in the last 16 tokens of the long context: the last windows have it."""
    split = open_windows(windows)["train"]
    made = split.windows_of(np.array([0]))
    starts, ends = split.labels[made].T
    assert starts.tolist()[:3] == ends.tolist()[:3] == [0, 0, 0]
    assert 0 < starts[-1] < ends[-1]
    assert (starts == 0).tolist() == (ends == 0).tolist()


def test_windows_overlap_and_cover_the_context(windows: Path, tiny_squad: SquadData) -> None:
    split = open_windows(windows)["train"]
    made = split.windows_of(np.array([0]))
    first, size = split.window_first[made], split.window_tokens[made]
    assert first[0] == 0
    assert (first[1:] == first[:-1] + size[:-1] - STRIDE).all()
    assert first[-1] + size[-1] == np.diff(split.context_bounds)[0]
    assert (split.lengths[made][:-1] == MAX_LENGTH).all()
    assert split.lengths[made[-1]] <= MAX_LENGTH


def test_a_batch_is_its_windows_side_by_side(windows: Path) -> None:
    split = open_windows(windows)["train"]
    chosen = [7, 0, 12]
    batch, parts = split.lay_out(chosen), [split.lay_out([number]) for number in chosen]
    for name in ("tokens", "positions", "types", "labels", "context_start"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(getattr(batch, name), joined), name
        assert getattr(batch, name).dtype == np.int64, name
    assert batch.lengths == split.lengths[chosen].tolist()
    assert batch.positions[batch.lengths[0]] == 0  # positions restart


def test_windows_of_follow_the_questions_order(windows: Path) -> None:
    split = open_windows(windows)["train"]
    owner = split.example_of_window()
    both = split.windows_of(np.array([9, 0]))
    assert both.tolist() == [
        *np.flatnonzero(owner == 9).tolist(),
        *np.flatnonzero(owner == 0).tolist(),
    ]


def test_texts_and_articles_are_kept(windows: Path, tiny_squad: SquadData) -> None:
    split = open_windows(windows)["train"]
    contexts, answers = split.texts["contexts"], split.texts["answers"]
    assert contexts == list(tiny_squad.contexts)
    assert answers[1] == ["1843", "in 1843"]
    assert split.group_sizes.tolist() == [5, 5, 5, 5, 5]
    assert split.paragraph_of_question.tolist()[:7] == [0, 0, 1, 1, 1, 2, 2]


def test_the_template_is_read_off_the_tokenizer(tiny_encoder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder, local_files_only=True)
    template = find_template(tokenizer.backend_tokenizer)
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    assert (template.before, template.between, template.after) == ((cls,), (sep,), (sep,))
    assert (template.question_type, template.context_type) == (0, 1)
    assert template.specials == 3


def test_the_manifest_says_what_was_made(windows: Path, tiny_squad: SquadData) -> None:
    manifest = read_manifest(windows)
    assert manifest["layout"] == 2
    assert (manifest["max_length"], manifest["stride"]) == (MAX_LENGTH, STRIDE)
    assert manifest["content"]["train"] == content_sha256(tiny_squad)
    assert manifest["content"]["test"] != manifest["content"]["train"]
    expected = {f"{split}/{name}.npy" for split in ("train", "test") for name in WindowSet.ARRAYS}
    assert manifest["files"].keys() == expected | {"train/texts.json", "test/texts.json"}


def test_making_windows_twice_gives_the_same_bytes(
    windows: Path, tiny_encoder: Path, tiny_squad: SquadData, tmp_path: Path
) -> None:
    data = {"train": tiny_squad, "test": pick(tiny_squad, {0, 1, 8})}
    make_windows(TASK, data, tiny_encoder, tmp_path, max_length=MAX_LENGTH, stride=STRIDE)
    assert (tmp_path / "manifest.json").read_bytes() == (windows / "manifest.json").read_bytes()


def test_a_question_without_room_for_context_is_refused(
    tiny_encoder: Path, tiny_squad: SquadData, tmp_path: Path
) -> None:
    """The first with 14 tokens: of 24, less 3 special ones, 7 are left."""
    data = {"train": tiny_squad, "test": tiny_squad}
    with pytest.raises(DataError) as caught:
        make_windows(TASK, data, tiny_encoder, tmp_path, max_length=24, stride=7)
    assert str(caught.value) == (
        "question '1-0' has 14 tokens, which leaves room for 7 tokens of context (expected more "
        "than the overlap, 7)\nfix: raise windows.max_length, lower windows.stride, or "
        "shorten the question"
    )
    assert not (tmp_path / "manifest.json").exists()


def altered(windows: Path, to: Path, name: str) -> Path:
    """A copy in which one byte of one file is another."""
    folder = Path(shutil.copytree(windows, to / "windows"))
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    "name", ["train/labels.npy", "test/context_tokens.npy", "train/texts.json"]
)
def test_one_altered_byte_is_refused(windows: Path, tmp_path: Path, name: str) -> None:
    folder = altered(windows, tmp_path, name)
    with pytest.raises(DataError) as caught:
        open_windows(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder / name}: missing or altered since it was made (expected")
    assert message.endswith(f"fix: delete {folder} and run again: windows are made anew")


def test_a_missing_file_is_refused(windows: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(windows, tmp_path / "windows"))
    (folder / "test" / "char_end.npy").unlink()
    with pytest.raises(DataError, match=r"test/char_end\.npy: missing or altered"):
        open_windows(folder)


def test_windows_without_a_manifest_are_unfinished(windows: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(windows, tmp_path / "windows"))
    (folder / "manifest.json").unlink()
    with pytest.raises(
        ResourceError, match=r"manifest\.json: the windows' manifest is missing\nfix"
    ):
        open_windows(folder)


def test_windows_of_another_layout_are_refused(windows: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(windows, tmp_path / "windows"))
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"layout": 0}))
    with pytest.raises(DataError, match=r"windows of layout 0 \(expected 2\)"):
        open_windows(folder)


DIGEST = """
import hashlib, sys
from pathlib import Path
from tuning_curves.tasks.windows import open_windows
split = open_windows(Path(sys.argv[1]))["train"]
window = split.lay_out(range(len(split.lengths)))
print(hashlib.sha256(window.tokens.tobytes() + window.labels.tobytes()).hexdigest())
assert "torch" not in sys.modules and "transformers" not in sys.modules
"""


def test_two_processes_open_the_same_windows_at_once(windows: Path) -> None:
    source = Path(__file__).resolve().parents[3] / "src"
    command = [sys.executable, "-c", DIGEST, str(windows)]
    environment = os.environ | {"PYTHONPATH": str(source)}
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    found = [process.communicate(timeout=60)[0].strip() for process in running]
    split = open_windows(windows)["train"]
    window = split.lay_out(range(len(split.lengths)))
    content = window.tokens.tobytes() + window.labels.tobytes()
    assert found == [hashlib.sha256(content).hexdigest()] * 2


def test_minilms_windows_are_those_of_the_archived_records(
    real_encoder: Path, tiny_squad: SquadData, tiny_test: SquadData, tmp_path: Path
) -> None:
    """Every byte of them, as they were before the tokenizer was read from its own file alone."""
    data = {"train": tiny_squad, "test": tiny_test}
    make_windows(TASK, data, real_encoder, tmp_path, max_length=64, stride=16)
    found = sha256_of(read_manifest(tmp_path)["files"])
    assert found == "3161f8fd02da9c145686805637e065c6eca08565726d3a4d7f07fe28073f2a6d"
