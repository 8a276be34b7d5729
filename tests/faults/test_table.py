"""`docs/faults.md` and the tests say the same: each fault has a test, each test is in the table."""

import os
import re
import subprocess
import sys

from .conftest import ROOT

HERE = "tests/faults/"
ROW = re.compile(r"^\| (?P<fault>.+?) \| (?P<outcome>.+?) \| `(?P<test>.+?)` \|$", re.MULTILINE)


def listed() -> list[str]:
    """The tests that the tables name, by their full path."""
    text = (ROOT / "docs" / "faults.md").read_text("utf-8")
    tests = [row["test"] for row in ROW.finditer(text)]
    return [test if test.startswith("tests/") else HERE + test for test in tests]


def collected(files: list[str]) -> set[str]:
    """The tests that pytest finds in these files."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:xdist", *files]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {line for line in done.stdout.splitlines() if "::" in line}


def test_the_table_names_every_fault_test_and_no_other() -> None:
    tests = listed()
    own = sorted(f"{HERE}{path.name}" for path in (ROOT / HERE).glob("test_*.py"))
    own.remove(f"{HERE}test_table.py")
    found = collected([*own, *sorted({test.partition("::")[0] for test in tests} - set(own))])
    assert set(tests) - found == set()
    assert {test for test in found if test.startswith(HERE)} - set(tests) == set()
    assert len({test for test in tests if test.startswith(HERE)}) >= 25
