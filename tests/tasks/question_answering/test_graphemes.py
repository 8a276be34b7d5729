"""Answers are never cut inside a letter, in whatever writing. All texts are ours."""

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.test_evaluate import OracleFeed
from tuning_curves.tasks.question_answering import QuestionAnswering
from tuning_curves.tasks.question_answering.data import parse_squad
from tuning_curves.tasks.question_answering.graphemes import joined_places, widen
from tuning_curves.tasks.windows import make_windows, open_windows
from tuning_curves.training.evaluate import Evaluator

LANGUAGES = {  # a passage, and answers in it
    "English, decomposed": (
        "The mill was built by Zoe\u0308 Moritze\u0301. It burned.",
        ["Zoe\u0308 Moritze\u0301", "Zoe\u0308"],
    ),
    "Vietnamese": ("Cây cầu này do Nguyễn Thị Định xây năm 1915.", ["Nguyễn Thị Định", "1915"]),
    "Hindi": ("यह पुल राजेश शर्मा ने 1915 में बनाया।", ["राजेश शर्मा", "राजेश", "1915"]),
    "Bengali": ("এই সেতু রবি সেনগুপ্ত তৈরি করেন।", ["রবি সেনগুপ্ত", "সেতু"]),
    "Tamil": ("இந்த பாலத்தை கண்ணன் கட்டினார்.", ["கண்ணன்", "பாலத்தை"]),
    "Thai": ("สะพานนี้ สมชาย สร้าง เมื่อ น้ำ ลด", ["สมชาย", "น้ำ"]),
    "Arabic, with vowels": ("بَنَى الجِسْرَ سَمِيرٌ عَامَ 1915.", ["سَمِيرٌ", "الجِسْرَ"]),
    "Hebrew, with points": ("אֶת הַגֶּשֶׁר בָּנָה דָּוִד.", ["דָּוִד", "הַגֶּשֶׁר"]),
    "Chinese": ("这座桥是李明在1915年建造的。", ["李明", "桥"]),
    "Japanese, decomposed": ("橋は か\u3099く さんが 建てた。", ["か\u3099く"]),
    "Korean, in pieces": (
        unicodedata.normalize("NFD", "다리는 김민수 씨가 지었다."),
        [unicodedata.normalize("NFD", "김민수")],
    ),
    "Emoji": ("She sent 👩🏽‍🔧 and 🇫🇷 to them.", ["👩🏽‍🔧", "🇫🇷"]),
}


def squad_of(context: str, answers: list[str]) -> Any:
    asked = [
        {
            "id": str(number),
            "question": "Who or what?",
            "answers": [{"text": text, "answer_start": context.index(text)}],
        }
        for number, text in enumerate(answers)
    ]
    paragraphs = [{"context": context, "qas": asked}]
    whole = {"version": "1.1", "data": [{"title": "one", "paragraphs": paragraphs}]}
    return parse_squad(whole, "test")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_that_knows_the_labels_gives_every_answer_whole(
    language: str, real_encoder: Path, tmp_path: Path
) -> None:
    context, answers = LANGUAGES[language]
    data = squad_of(context, answers)
    task = QuestionAnswering(n_best=80, max_answer_tokens=80)
    make_windows(
        task, {"train": data, "test": data}, real_encoder, tmp_path, max_length=128, stride=16
    )
    windows = open_windows(tmp_path)["test"]
    evaluator = Evaluator(task, windows, np.arange(len(answers)))
    outcomes = evaluator.evaluate(OracleFeed(windows), "float32")
    assert outcomes.predictions.texts == answers


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("plain text", []),
        ("é as one", []),
        ("e\u0301a", [1]),
        ("e\u0323\u0301a", [1, 2]),
        ("น้ำ", [1, 2]),
        ("र्मा", [1, 3]),
        ("🇫🇷🇩🇪", [1, 3]),
        ("a🇫🇷", [2]),
        ("👩🏽\u200d🔧x", [1, 2, 3]),
        ("word\u200d—", []),
        ("می\u200cخواهم", []),
    ],
)
def test_where_a_text_must_not_be_cut(text: str, places: list[int]) -> None:
    assert sorted(joined_places(text)) == places


def test_tokens_are_widened_to_whole_letters_and_others_left() -> None:
    starts, ends = np.array([0, 1, 4, 0], np.uint32), np.array([1, 2, 5, 0], np.uint32)
    wider = widen("e\u0323\u0301 a", starts, ends)
    assert [part.tolist() for part in wider] == [[0, 0, 4, 0], [3, 3, 5, 0]]
    assert starts.tolist() == [0, 1, 4, 0]
