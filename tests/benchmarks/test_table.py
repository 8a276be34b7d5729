"""The page of the docs and the results file say the same."""

from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.results import RESULTS, read_results
from benchmarks.rows.common import Subject, frame, skipped
from tuning_curves.util.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
SUBJECT = Subject(
    name="full-fp32", ours="`full`, float32", peer="the example", unit="example", target=4.3
)


def test_the_docs_hold_the_committed_results() -> None:
    page = (ROOT / table.PAGE).read_text("utf-8")
    rows = read_results(ROOT / RESULTS)
    assert page == table.replace_block(page, table.render(rows)), "run python -m benchmarks --table"


def test_a_row_is_a_line_with_readable_times() -> None:
    row = frame(SUBJECT) | {
        "ours_s": 0.2334, "peer_s": 1.004, "ratio": 4.302, "ratio_interval": [4.1, 4.5],
        "rounds": 7, "share": 0.512, "share_target": 0.75,
    }  # fmt: skip
    lines = table.render([row]).splitlines()
    assert [run.strip() for run in lines[2].strip("|").split("|")] == [
        "`full-fp32`", "233 ms", "1 s", "4.3", "4.1 to 4.5", "7", "4.3", "51% (target 75%)",
    ]  # fmt: skip


def test_rows_with_one_peer_share_a_line_of_words() -> None:
    more = {"ours_s": 1.0, "peer_s": 2.0, "ratio": 2.0, "ratio_interval": [2.0, 2.0], "rounds": 1}
    other = Subject(name="full-bf16", ours="`full`, bfloat16", peer="the example", unit="example")
    text = table.render([frame(SUBJECT) | more, frame(other) | more])
    assert (
        "- `full-fp32` (`full`, float32), `full-bf16` (`full`, bfloat16); against the example."
        " Time per example."
    ) in text.splitlines()


def test_a_row_without_a_peer_shows_its_points() -> None:
    subject = Subject(name="scaling-n", ours="a run", peer=None, unit="run")
    row = frame(subject) | {"points": [{"method": "head", "n": 16, "seconds": 1.5}]}
    assert "| head     |  16 |       1.5 |" in table.render([row])


def test_a_row_left_out_says_why() -> None:
    text = table.render([skipped(SUBJECT, "no environment")])
    assert text == "Not measured: `full-fp32` (no environment)."


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(DataError, match="put them back"):
        table.replace_block("# Benchmarks\n", "block")
