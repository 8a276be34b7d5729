"""Tables for reading: the same cells as Markdown and CSV."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tuning_curves.analysis.columns import TABLES
from tuning_curves.analysis.tables import of_metric, read_tables, read_tables_of
from tuning_curves.report import sheets, wording, write
from tuning_curves.util.errors import DataError, ResourceError

DASH = wording.NOTHING


def test_scores_have_one_row_per_size_and_one_column_per_method(make_study: Any, make_tables: Any):
    sheet = sheets.scores(of_metric(make_tables(make_study())["curves"], "exact_match"))
    assert sheet.headings == (
        "budget", "n", "full fine-tuning", "BitFit", "adapter (Houlsby)", "head only",
    )  # fmt: skip
    assert sheet.rows[0] == ("epochs", "100", "10.0 ± 0.8", "18.0 ± 0.8", "16.0 ± 0.8", "2.0 ± 0.8")
    assert [row[:2] for row in sheet.rows[3:5]] == [("epochs", "1,000"), ("floor", "100")]


def test_one_seed_has_no_deviation_and_a_missing_point_is_a_dash(make_study: Any, make_tables: Any):
    curves = of_metric(make_tables(make_study(seeds=(0,)))["curves"], "exact_match")
    gone = (curves["method"] == "head") & (curves["n_train"] == 100)
    sheet = sheets.scores(curves[~gone])
    assert sheet.rows[0] == ("epochs", "100", "10.0", "18.0", "16.0", DASH)


def test_contrasts_are_read_with_signs_and_intervals(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    sheet = sheets.make_sheets(make_tables(study), study)["contrasts"]
    assert sheet.headings[7] == "95\N{NO-BREAK SPACE}% interval"
    numbers = ("−8.0", "[−10.0, −6.0]", "0.0100", "0.0400")
    place = ("epochs", "BitFit", "full fine-tuning", "1,000", "3")
    assert sheet.rows[6:8] == ((*place, "EM", *numbers), (*place, "F1", *numbers))


def test_markdown_keeps_bars_inside_cells() -> None:
    sheet = sheets.Sheet(headings=("what", "n"), rows=(("a|b", "1"),), right=(False, True))
    assert sheets.to_markdown(sheet) == "| what | n |\n| --- | ---: |\n| a\\|b | 1 |\n"


def test_a_paper_prints_the_studys_metric_alone(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    every = sheets.make_sheets(tables, study)
    one = sheets.make_sheets(tables, study, every_metric=False)
    place = every["contrasts"].headings.index("metric")
    left = [row[:place] + row[place + 1 :] for row in every["contrasts"].rows if row[place] == "EM"]
    assert len(left) < len(every["contrasts"].rows)
    assert list(one["contrasts"].rows) == left
    assert one["limits"] == every["limits"]


def test_contrasts_in_short_say_where_which_sizes_stand(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    sheet = sheets.make_sheets(make_tables(study), study)["contrasts_in_short"]
    assert sheet.rows[0] == (
        "BitFit minus full fine-tuning", "epochs and floor", "100", "500, 1,000", "250",
    )  # fmt: skip
    alone = make_study(seeds=(0,), methods=("full", "bitfit"))
    sheet = sheets.make_sheets(make_tables(alone), alone)["contrasts_in_short"]
    assert [row[2:] for row in sheet.rows] == [("–", "–", "100, 250, 500, 1,000")]


def test_costs_in_short_have_a_row_per_method(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    sheet = sheets.make_sheets(tables, study)["costs_in_short"]
    assert sheet.headings[:3] == ("method", "time per step, to full", "activations (MB)")
    assert sheet.headings[-1] == "s to 90\N{NO-BREAK SPACE}% of full's best"
    assert sheet.rows[1] == (
        "BitFit", "0.72", "300", "0.106", "0.212", "0.106", "150", "–",
    )  # fmt: skip
    tables["costs"]["step_time_ratio"] = float("nan")
    tables["reach"]["train_seconds"] = float("nan")
    untimed = sheets.make_sheets(tables, study)["costs_in_short"]
    assert untimed.headings == (
        "method", "activations (MB)", "gradients (MB)", "optimizer (MB)", "to store (MB)",
    )  # fmt: skip


def test_every_table_is_written_twice(
    make_study: Any, make_tables: Any, write_tables: Any, tmp_path: Path
) -> None:
    study = make_study()
    folder = write_tables(make_tables(study), tmp_path / "tables")
    write.write_report_tables(folder, study, folder)
    names = {"scores", *TABLES}
    assert {path.stem for path in folder.glob("*.csv")} == names
    shown = (names - {"training"}) | {"costs_in_short", "contrasts_in_short"}
    assert {path.stem for path in folder.glob("*.md")} == shown
    first = (folder / "scores.csv").read_text("utf-8").splitlines()[:2]
    assert first == [
        "budget,n,full fine-tuning,BitFit,adapter (Houlsby),head only",
        "epochs,100,10.0 ± 0.8,18.0 ± 0.8,16.0 ± 0.8,2.0 ± 0.8",
    ]


def test_missing_tables_are_one_error_that_names_them(
    make_study: Any, make_tables: Any, write_tables: Any, tmp_path: Path
) -> None:
    folder = write_tables(make_tables(make_study()), tmp_path)
    (folder / "curves.csv").unlink()
    (folder / "costs.csv").unlink()
    with pytest.raises(ResourceError, match=r"no curves\.csv, costs\.csv \(the report needs every"):
        read_tables(folder)


def test_a_missing_column_and_text_for_numbers_are_named(
    make_study: Any, make_tables: Any, write_tables: Any, tmp_path: Path
) -> None:
    frames = make_tables(make_study())
    folder = write_tables({**frames, "counts": frames["counts"].drop(columns="share")}, tmp_path)
    with pytest.raises(DataError, match=r"counts\.csv: no column 'share'"):
        read_tables(folder)
    write_tables({**frames, "counts": frames["counts"].assign(share="many")}, tmp_path)
    with pytest.raises(DataError, match="column 'share' holds text"):
        read_tables(folder)


def test_a_table_of_headings_alone_is_read(
    make_study: Any, make_tables: Any, write_tables: Any, tmp_path: Path
) -> None:
    frames = make_tables(make_study())
    folder = write_tables({**frames, "contrasts": frames["contrasts"].iloc[:0]}, tmp_path)
    found = read_tables(folder)["contrasts"]
    assert found.empty
    assert pd.api.types.is_numeric_dtype(found["low"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-0.04, "0.0"), (-0.06, f"{wording.MINUS}0.1"), (1234.56, "+1,234.6"), (float("nan"), DASH)],
)
def test_differences_are_signed_but_zero_is_not(value: float, expected: str) -> None:
    found = wording.difference(value)
    assert found == expected


def test_numbers_are_written_shortly() -> None:
    assert [wording.rate(r) for r in (1.5e-4, 0.01, 1e-5, 2.25e-3)] == [
        "1.5e-4", "1e-2", "1e-5", "2.25e-3",
    ]  # fmt: skip
    assert [wording.significant(v) for v in (0.00114, 12.345, 999.9, 1234.5, 0)] == [
        "0.00114", "12.3", "1,000", "1,234", "0",
    ]  # fmt: skip
    assert wording.percent_level(0.95) == "95\N{NO-BREAK SPACE}%"
    assert wording.percent_level(0.999) == "99.9\N{NO-BREAK SPACE}%"
    assert wording.join(["a", "b", "c"]) == "a, b and c"
    assert [wording.span(v) for v in ([3, 3], [2, 10])] == ["3", "2 to 10"]
    assert wording.p_value(0.0) == "< 0.0001"


def test_tables_of_another_study_are_refused(
    make_study: Any, make_tables: Any, write_tables: Any, tmp_path: Path
) -> None:
    folder = write_tables(make_tables(make_study()), tmp_path / "tables")
    assert read_tables_of(folder, make_study()).keys() == TABLES.keys()
    with pytest.raises(
        DataError, match="full at n = 100 under epochs is not of the study invented"
    ):
        read_tables_of(folder, make_study(sizes=(250, 500)))


def test_costs_are_compared_at_the_places_that_all_methods_have(
    make_study: Any, make_tables: Any
) -> None:
    """The head, at one size of short texts, would keep less than at the longer texts of another."""
    study = make_study()
    tables = make_tables(study)
    costs = tables["costs"]
    place = (costs["budget"] == "epochs") & (costs["n_train"] == 100)
    costs = costs[place | (costs["method"] != "head")]
    costs = costs.assign(activation_bytes=costs["activation_bytes"].where(place, 9e9))
    short = sheets.costs_in_short(costs, tables["reach"])
    column = short.headings.index("activations (MB)")
    assert [row[column] for row in short.rows if row[0] != "head only"] != []
    assert all(float(row[column]) < 1000 for row in short.rows)
    apart = costs[(costs["method"] == "head") | (costs["n_train"] != 100)]  # no place has them all
    whole = sheets.costs_in_short(apart, tables["reach"])
    assert [row[column] for row in whole.rows if row[0] == "BitFit"] == ["9,000"]
