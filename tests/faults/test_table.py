"""`docs/faults.md` and the tests say the same: each fault has a test, each test is in the table."""

import re

import pytest

from .conftest import ROOT

HERE = "tests/faults/"
ROW = re.compile(r"^\| (?P<fault>.+?) \| (?P<outcome>.+?) \| `(?P<test>.+?)` \|$", re.MULTILINE)


def listed() -> list[str]:
    """The tests that the tables name, by their full path."""
    text = (ROOT / "docs" / "faults.md").read_text("utf-8")
    tests = [row["test"] for row in ROW.finditer(text)]
    return [test if test.startswith("tests/") else HERE + test for test in tests]


class Collected:
    """A pytest plugin that keeps the names of what is collected."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.names = {item.nodeid for item in session.items}


def collected(files: list[str]) -> set[str]:
    """The tests that pytest finds in these files."""
    found = Collected()
    options = ["--collect-only", "--quiet", "-p", "no:xdist", f"--rootdir={ROOT}"]
    status = pytest.main([*options, *(str(ROOT / file) for file in files)], plugins=[found])
    assert status == 0
    return found.names


def test_the_table_names_every_fault_test_and_no_other() -> None:
    tests = listed()
    own = sorted(f"{HERE}{path.name}" for path in (ROOT / HERE).glob("test_*.py"))
    own.remove(f"{HERE}test_table.py")
    found = collected([*own, *sorted({test.partition("::")[0] for test in tests} - set(own))])
    assert set(tests) - found == set()
    assert {test for test in found if test.startswith(HERE)} - set(tests) == set()
    assert len({test for test in tests if test.startswith(HERE)}) >= 25
