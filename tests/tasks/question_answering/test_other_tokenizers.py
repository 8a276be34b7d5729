"""Windows of tokenizers with two separators between question and context and no token types."""

from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer

from tests.encoders.tokenizers_of_families import save_bytes, save_pieces
from tuning_curves.tasks.question_answering.data import SquadData
from tuning_curves.tasks.question_answering.windows import cut_windows, find_template
from tuning_curves.tasks.windows import open_tokenizer

MAX_LENGTH, STRIDE = 120, 16
NAMES = ("bytes", "XLMRobertaTokenizer", "CamembertTokenizer")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each tokenizer's folder."""
    made = {name: tmp_path_factory.mktemp(name) for name in NAMES}
    save_bytes(made["bytes"])
    for name in NAMES[1:]:
        save_pieces(made[name], name)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_two_separators_and_no_types_are_read_off(folders: dict[str, Path], name: str) -> None:
    backend = open_tokenizer(folders[name])
    template, number = find_template(backend), backend.token_to_id
    assert template.before == (number("<s>"),)
    assert template.between == (number("</s>"), number("</s>"))
    assert template.after == (number("</s>"),)
    assert (template.question_type, template.context_type) == (0, 0)
    assert template.specials == 4


@pytest.mark.parametrize("name", NAMES)
def test_windows_are_the_librarys_and_labels_cover_the_answers(
    folders: dict[str, Path], tiny_squad: SquadData, name: str
) -> None:
    """Offsets of such tokenizers may be empty or overlap: what a label spans has the answer in it.

    (The library's example would put some answers' ends before their starts there.)
    """
    split = cut_windows(tiny_squad, open_tokenizer(folders[name]), MAX_LENGTH, STRIDE)
    library = AutoTokenizer.from_pretrained(folders[name], local_files_only=True)
    overlapping = labelled = 0
    for number, question in enumerate(tiny_squad.questions):
        context = tiny_squad.contexts[question.paragraph]
        theirs = library(
            question.question.strip(),
            context,
            truncation="only_second",
            max_length=MAX_LENGTH,
            stride=STRIDE,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        made = split.windows_of(np.array([number]))
        assert len(made) == len(theirs["input_ids"])
        overlapping += len(made) > 1
        for row, window in enumerate(made):
            ours = split.lay_out([window])
            assert ours.tokens.tolist() == theirs["input_ids"][row]
            assert set(ours.types.tolist()) == {0}
            assert ours.context_start.tolist() == [theirs.sequence_ids(row).index(1)]
            start, end = map(int, ours.labels[0])
            if (start, end) != (0, 0):
                pairs = theirs["offset_mapping"][row]
                covered = context[pairs[start][0] : pairs[end][1]]
                assert covered.strip() == question.answers[0].text
                labelled += 1
    assert overlapping >= 2
    assert labelled >= len(tiny_squad.questions)
