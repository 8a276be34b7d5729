"""A file of a domain or of names that cannot be meant: the error names the file and the key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.demo.cultures import NAMES, read_names
from tuning_curves.demo.templates import FOLDER, read_domain
from tuning_curves.util.errors import DataError, UsageError

BRIDGES = FOLDER / "bridges.json"
KINDS = "person, place, year, date, measure, count, thing, reason"


def changed(source: Path, folder: Path, change: Callable[[Any], object]) -> Path:
    """A copy of a file with one thing wrong."""
    content = json.loads(source.read_text("utf-8"))
    change(content)
    path = folder / source.name
    path.write_text(json.dumps(content), "utf-8")
    return path


def in_slot(name: str, **keys: Any) -> Callable[[Any], object]:
    return lambda domain: domain["slots"][name].update(keys)


def in_bodies(form: str) -> Callable[[Any], object]:
    return lambda domain: domain["bodies"][1].__setitem__(2, form)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (in_slot("begun", kind="yaer"), f"slots.begun.kind is 'yaer', expected one of {KINDS}"),
        (in_slot("begun", base="closed"), "slots.begun.base is 'closed', expected a year or"),
        (in_slot("begun", hihg=3), "unknown key 'hihg' in slots.begun; did you mean 'high'?"),
        (in_slot("opened", low="1790"), "slots.opened.low is '1790', expected integer"),
        (in_slot("opened", low=1990), "slots.opened.low is 1990, expected at most high, 1925"),
        (in_slot("span", step=0), "slots.span.step is 0, expected 1 or more"),
        (in_slot("stone", options=[]), "slots.stone.options is [], expected 1 or more items"),
        (lambda d: d["slots"].update(it={"kind": "place"}), "slots.it has a name that forms use"),
        (lambda d: d.pop("endings"), "the domain lacks the key 'endings'"),
        (lambda d: d["bodies"].append([]), "bodies.5 is [], expected 1 or more items"),
        (in_bodies("it fell in {fallen}"), "bodies.1.2 has {fallen}, expected a slot, or one of"),
        (in_bodies("it fell in {flood"), "bodies.1.2 is 'it fell in {flood', expected every brace"),
        (lambda d: d["questions"].update(when=["When?"]), "questions.when asks for no slot"),
        (lambda d: d["titles"].append("Bridge"), "titles.3 is 'Bridge', expected one of {home},"),
        (lambda d: d.pop("titles"), "expected titles, or is_person and no titles"),
    ],
)
def test_a_wrong_domain_names_file_and_key(change, expected, tmp_path):
    path = changed(BRIDGES, tmp_path, change)
    with pytest.raises(UsageError) as caught:
        read_domain(path)
    assert f"{path}: {expected}" in caught.value.message
    assert caught.value.fix == "correct the file as tuning_curves/demo/domain.py describes it"


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "twice.json"
    path.write_text('{"name": "bridge", "name": "ford"}', "utf-8")
    with pytest.raises(DataError, match=r"twice\.json.*the key 'name' twice"):
        read_domain(path)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda n: n["cultures"]["western"]["tails"].append("For d"), "cultures.western.tails.14"),
        (lambda n: n["cultures"]["western"].update(men=["Ann", "Ann"]), "expected each item once"),
        (lambda n: n["prefixes"].clear(), "prefixes is [], expected 1 or more items"),
    ],
)
def test_wrong_names_are_refused(change, expected, tmp_path):
    path = changed(NAMES, tmp_path, change)
    with pytest.raises(UsageError) as caught:
        read_names(path)
    assert str(path) in caught.value.message
    assert expected in caught.value.message
