"""The figures show the tables: so many lines, so many points, nothing cut off."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from tuning_curves.report import style
from tuning_curves.report.figures import (
    FIGURES,
    bias_heatmap,
    curves,
    difference,
    drawer,
    figure2,
    forecast,
    learning_rates,
    shares,
    step_costs,
    time_memory,
    training,
)
from tuning_curves.report.figures.panels import short
from tuning_curves.study.config import StudyConfig

SLOW = pytest.mark.slow
FIVE = ("full", "bitfit", "adapter-houlsby", "adapter-pfeiffer", "head")
PAPER_SIZES = (500, 1000, 2000, 5000, 8000, 15000)


def limited(study: StudyConfig, sizes: dict[str, int]) -> StudyConfig:
    """The study, in which these budgets have one size each."""
    budgets = [
        budget.model_copy(update={"sizes": (sizes[budget.name],)})
        if budget.name in sizes
        else budget
        for budget in study.budgets
    ]
    return study.model_copy(update={"budgets": tuple(budgets)})


def labels(axes: Any) -> list[str]:
    """Labels of an axes' lines that belong into a legend."""
    return [str(n) for n in (line.get_label() for line in axes.get_lines()) if n[0] != "_"]


def test_every_figure_of_the_list_can_be_drawn() -> None:
    assert all(callable(drawer(name)) for name in FIGURES)


def test_curves_have_one_panel_per_budget_and_one_line_per_method(
    make_study: Any, make_tables: Any
):
    study = make_study()
    figure = curves.draw(make_tables(study), study)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "epochs\n3 epochs",
        "floor\n3 epochs, at least 150 steps",
    ]
    for axes in figure.axes:
        assert labels(axes) == ["full fine-tuning", "BitFit", "adapter (Houlsby)", "head only"]
        assert [len(line.get_xdata()) for line in axes.get_lines()] == [4, 4, 4, 4]
        assert [len(bars.get_segments()) for bars in axes.collections] == [4, 4, 4, 4]
    np.testing.assert_allclose(figure.axes[0].get_lines()[0].get_ydata(), [10, 21.94, 30.97, 40])


def test_a_forecast_goes_on_where_the_curve_ends(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    figure = forecast.draw(make_tables(study), study)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "full fine-tuning, epochs", "BitFit, epochs", "adapter (Houlsby), epochs",
        "head only, epochs",
    ]  # fmt: skip
    for axes in figure.axes:
        measured, ahead = axes.get_lines()
        assert list(measured.get_xdata()) == [100, 250, 500, 1000]
        assert list(ahead.get_xdata()) == [1000, 1414, 2000, 2828, 4000]
        assert ahead.get_ydata()[0] == measured.get_ydata()[-1]
    band = figure.axes[1].collections[-1].get_paths()[0].get_extents()
    assert (band.x0, band.x1) == (1000, 4000)
    assert band.height == pytest.approx(14 * np.log10(4) + 8, abs=0.1)  # BitFit's gain, and 8 above


def test_a_forecast_is_of_the_budget_that_ends_higher(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    rows = tables["forecast"]
    higher = (rows["method"] == "bitfit") & (rows["budget"] == "floor")
    raised = rows.assign(score=rows["score"] + 5.0 * higher)
    figure = forecast.draw({**tables, "forecast": raised}, study)
    assert figure.axes[1].get_title(loc="left") == "BitFit, floor"


def test_without_four_sizes_a_forecast_says_what_it_takes(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(sizes=(100, 1000))
    figure = forecast.draw(make_tables(study), study)
    assert "four sizes and three seeds" in figure.texts[0].get_text()


def test_many_curves_are_drawn_in_one_row_per_family(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    known = tables["curves"]
    more = ["bitfit-q", "bitfit-ln2", "top-1", "random-mask", "lora", "rnn"]
    others = [known[known["method"] == "head"].assign(method=name) for name in more]
    figure = curves.draw({**tables, "curves": pd.concat([known, *others])}, study)
    rows = [figure.axes[place : place + 2] for place in range(0, len(figure.axes), 2)]
    assert [row[1].get_legend().get_title().get_text() for row in rows] == [
        "main methods", "some of the biases", "added modules", "by depth or type",
        "single parameters", "without pre-training",
    ]  # fmt: skip
    drawn = [[labels(axes) for axes in row] for row in rows]
    assert drawn[1] == [["BitFit (q)", "BitFit (LN2)"]] * 2
    assert sum(len(row[0]) for row in drawn) == 10  # each method in one row
    unnamed = [len(row[0].get_lines()) - len(labels(row[0])) for row in rows]
    assert unnamed == [0, 2, 2, 2, 2, 2]  # full and BitFit in grey


def test_a_family_has_no_panel_under_a_budget_that_does_not_train_it(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study()
    tables = make_tables(study)
    known = tables["curves"]
    head = known[(known["method"] == "head") & (known["budget"] == "floor")]
    others = [head.assign(method=name) for name in ("bitfit-q", "lora", "ia3", "rnn", "top-1")]
    figure = curves.draw({**tables, "curves": pd.concat([known, *others])}, study)
    assert len(figure.axes) == 2 + 4
    labelled = [axes.get_xlabel() for axes in figure.axes]
    assert labelled == ["training questions n", *[""] * 4, "training questions n"]


def test_shares_leave_out_budgets_and_sizes_of_few_methods(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(methods=FIVE)
    tables = make_tables(study)
    known = tables["curves"]
    few = known["method"].isin(["full", "bitfit"])
    most = (known["budget"] == "floor") & known["n_train"].isin([250, 500])
    figure = shares.draw({**tables, "curves": known[few | most]}, study)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["floor, n = 250", "floor, n = 500"]


def test_a_point_without_an_interval_has_no_bar(make_study: Any, make_tables: Any) -> None:
    study = make_study(seeds=(0,))
    figure = curves.draw(make_tables(study), study)
    assert [len(axes.collections) for axes in figure.axes] == [0, 0]
    assert [len(axes.get_lines()) for axes in figure.axes] == [4, 4]


def test_figure2_of_a_reduced_study_keeps_the_paper_apart(make_study: Any, make_tables: Any):
    study = make_study()
    figure = figure2.draw(make_tables(study), study)
    upper = [figure.axes[place] for place in (0, 2, 4)]
    assert [labels(axes) for axes in upper] == [
        ["full fine-tuning", "BitFit"],
        ["full fine-tuning", "BitFit"],
        ["full fine-tuning, published", "BitFit, published"],
    ]
    assert "BERT-base on SQuAD" in upper[2].get_title(loc="left")
    difference = figure.axes[1].get_lines()[1]
    np.testing.assert_allclose(difference.get_ydata(), [8, 1.63, -3.18, -8])
    published = figure.axes[5].get_lines()[1].get_ydata()
    assert len(published) == 12
    assert published[0] == pytest.approx(7.2)
    assert figure2.SOURCE in [text.get_text() for text in _texts(figure)]


def test_figure2_of_the_paper_has_its_points_hollow_beside_ours(make_study: Any, make_tables: Any):
    study = make_study(scale="paper", sizes=PAPER_SIZES)
    figure = figure2.draw(make_tables(study), study)
    assert len(figure.axes) == 4
    lines = {str(line.get_label()): line for line in figure.axes[0].get_lines()}
    assert set(lines) == {
        "full fine-tuning", "BitFit", "full fine-tuning, published", "BitFit, published",
    }  # fmt: skip
    assert lines["BitFit, published"].get_markerfacecolor() == "white"
    assert len(lines["BitFit, published"].get_xdata()) == 12


def test_figure2_of_a_demo_has_no_point_of_the_paper(make_study: Any, make_tables: Any) -> None:
    study = make_study(scale="demo")
    figure = figure2.draw(make_tables(study), study)
    assert len(figure.axes) == 4
    assert all("published" not in name for axes in figure.axes for name in labels(axes))
    assert figure2.SOURCE not in [text.get_text() for text in _texts(figure)]


def test_figure2_says_when_it_cannot_be_drawn(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full", "head"))
    figure = figure2.draw(make_tables(study), study)
    assert not figure.axes
    assert "no finished runs of both BitFit and full" in figure.texts[0].get_text()


def test_learning_rates_ring_the_choice_and_flag_edges(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    selection = tables["selection"]
    inside = (selection["method"] == "bitfit") & (selection["n_train"] == 100)
    selection.loc[inside, ["edge", "learning_rate"]] = ["", 1e-2]
    figure = learning_rates.draw(tables, study)
    assert len(figure.axes) == 6  # the adapter has one rate: no choice, no panel
    bitfit = figure.axes[1]
    assert bitfit.get_title(loc="left") == "BitFit\nepochs"
    *lines, chosen, at_edge = bitfit.get_lines()
    assert [len(line.get_xdata()) for line in lines] == [3, 3, 3, 3]
    assert list(chosen.get_xdata()) == [1e-2]
    assert len(at_edge.get_xdata()) == 3


def test_learning_rates_of_a_method_with_one_budget(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    rates = tables["learning_rates"]
    absent = (rates["method"] == "bitfit") & (rates["budget"] == "floor")
    figure = learning_rates.draw({**tables, "learning_rates": rates[~absent]}, study)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "BitFit\nepochs" in titles
    assert "BitFit\nfloor" not in titles
    alone = rates[rates["method"] == "adapter-houlsby"]
    figure = learning_rates.draw({**tables, "learning_rates": alone}, study)
    assert "one rate" in figure.texts[0].get_text()


def test_rates_that_differ_between_budgets_alone_are_no_choice(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study()
    tables = make_tables(study)
    rates = tables["learning_rates"]
    rates = rates[rates["learning_rate"] == rates["learning_rate"].iloc[0]]
    first = rates["budget"] == "epochs"
    own = rates.assign(learning_rate=rates["learning_rate"].where(first, 0.5))
    figure = learning_rates.draw({**tables, "learning_rates": own}, study)
    assert "one rate" in figure.texts[0].get_text()


def test_training_has_losses_above_scores_at_three_sizes_and_each_training_once(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study()
    figure = training.draw(make_tables(study), study)
    upper, lower = figure.axes[:3], figure.axes[3:]
    # Of trainings of 39 and 150 steps at 100, of 96 and 150 at 250: they differ most at the end.
    assert [axes.get_title(loc="left") for axes in upper] == ["n = 100", "n = 250", "n = 1,000"]
    assert [len(axes.get_lines()) for axes in upper] == [8, 8, 4]  # at 1,000 the budgets are alike
    full = upper[0].get_lines()[:2]
    assert [line.get_xdata()[-1] for line in full] == [39, 150]
    assert [list(line.get_ydata()) for line in full] == [[4, 3, 2, 1]] * 2
    assert list(lower[0].get_lines()[0].get_ydata()) == [10, 20, 30, 40]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["full fine-tuning", "BitFit", "adapter (Houlsby)", "head only"]


def test_training_without_scores_along_the_way_has_losses_alone(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(sizes=(100,))
    tables = make_tables(study)
    tables["training"]["validation_score"] = np.nan
    (axes,) = training.draw(tables, study).axes
    assert axes.get_ylabel() == "training loss\n(nats)"


def test_training_of_many_methods_has_a_row_for_each_other_family(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study()
    tables = make_tables(study)
    known = tables["training"]
    head = known[(known["method"] == "head") & (known["n_train"] == 250)]
    more = ["bitfit-q", "bitfit-k", "lora", "ia3", "rnn"]
    rows = pd.concat([known, *(head.assign(method=name) for name in more)])
    figure = training.draw({**tables, "training": rows}, study)
    families = figure.axes[6:]
    titles = [axes.get_legend().get_title().get_text() for axes in families[1::2]]
    assert titles == ["some of the biases", "added modules", "without pre-training"]
    assert families[0].get_title(loc="left") == "training loss (nats), n = 250"
    drawn = [set(labels(axes)) for axes in families[1::2]]
    assert drawn == [{"BitFit (q)", "BitFit (k)"}, {"LoRA", "IA3"}, {"BiLSTM reader"}]


def test_methods_of_one_size_are_no_curve(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    known = tables["curves"]
    single = (known["method"] == "head") & (known["n_train"] > 100)
    figure = curves.draw({**tables, "curves": known[~single]}, study)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "BitFit" in labels
    assert "head only" not in labels


def test_the_difference_is_shaded_where_the_curves_cross(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    figure = difference.draw(tables, study)
    ours = figure.axes[0].get_lines()[-1]
    np.testing.assert_allclose(ours.get_ydata(), [8, 1.63, -3.18, -8])
    (shade,) = figure.axes[0].patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (240, 420)
    published = {str(line.get_label()): line for line in figure.axes[2].get_lines()}
    assert difference.PUBLISHED in published
    longer = published["replication (BERT-base), at least 2,000 steps"]
    np.testing.assert_allclose(longer.get_ydata()[:2], [7.65, 3.82])
    tables["crossovers"]["statement"] = "undecided"
    assert not difference.draw(tables, study).axes[0].patches


def test_the_difference_of_a_demo_has_nothing_published(make_study: Any, make_tables: Any) -> None:
    study = make_study(scale="demo", seeds=(0,))
    figure = difference.draw(make_tables(study), study)
    assert len(figure.axes) == 2
    shown = {text.get_text() for legend in figure.legends for text in legend.get_texts()}
    assert shown == {"this study, no interval"}


def test_shares_count_the_head_and_take_three_sizes(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    tables = make_tables(study)
    figure = shares.draw(tables, study)
    assert len(figure.axes) == 6  # two budgets, three of four sizes
    assert shares.three_sizes([500, 100, 250, 1000]) == [100, 250, 1000]
    assert shares.three_sizes([100]) == [100]
    percent = shares.trained_shares(tables["counts"]).set_index("method")["percent"]
    assert percent["full"] == 100
    assert percent["head"] == pytest.approx(100 * 770 / 22_566_146)
    assert percent["adapter-houlsby"] == pytest.approx(100 * 610_562 / 22_566_146)


def test_memory_is_stacked_and_times_stand_beside_it(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full", "bitfit", "head"))
    figure = time_memory.draw(make_tables(study), study)
    batch, one, times = figure.axes
    widths = [bar.get_width() for bar in batch.patches]  # activations, gradients, optimizer
    assert widths == pytest.approx(
        [300, 300, 1.2, 90.2646, 0.105992, 0.00308, 180.529, 0.211984, 0.00616], rel=1e-4
    )
    assert one.patches[0].get_width() == 40
    said = [text.get_text() for text in times.texts]
    assert said == ["not reached"] * 3  # BitFit at 90 %, the head at both


def test_without_seconds_the_figures_of_costs_say_so(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full", "bitfit", "head"))
    tables = make_tables(study)
    untimed = tables["costs"]["method"] == "bitfit"
    tables["costs"].loc[untimed, ["seconds_per_step", "step_time_ratio", "train_seconds"]] = np.nan
    times = ["train_seconds", "low", "high"]
    tables["reach"].loc[tables["reach"]["method"] == "bitfit", times] = np.nan
    tables["reach"].loc[tables["reach"]["method"] == "bitfit", "statement"] = (
        "undecided: no training that has it was timed"
    )
    said = [text.get_text() for text in time_memory.draw(tables, study).axes[2].texts]
    assert sorted(said) == 2 * ["not reached"] + 2 * ["not timed"]  # the head, and BitFit
    tables["costs"][["seconds_per_step", "step_time_ratio", "train_seconds"]] = np.nan
    tables["reach"][times] = np.nan
    figure = time_memory.draw(tables, study)
    assert [text.get_text() for text in figure.axes[2].texts] == [
        "no run was timed\non quiet cores"
    ]
    assert len(step_costs.draw(tables, study).axes) == 3


def test_what_records_lack_is_said(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("full", "bitfit"))
    tables = make_tables(study)
    tables["biases"] = tables["biases"].iloc[:0]
    assert "do not say how far" in bias_heatmap.draw(tables, study).texts[0].get_text()
    study = make_study(methods=("full", "head"))
    figure = bias_heatmap.draw(make_tables(study), study)
    assert "does not train BitFit" in figure.texts[0].get_text()
    assert "no pair of runs" in difference.draw(make_tables(study), study).texts[0].get_text()
    alone = make_study(methods=("head",))
    figure = time_memory.draw(make_tables(alone), alone)
    assert "full has no score" in [text.get_text() for text in figure.axes[2].texts]


def test_a_budget_of_some_sizes_stands_beside_the_curves_of_the_others(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(budgets=("epochs", "floor", "long"), methods=("full", "bitfit"))
    tables = make_tables(study)
    only = study.sizes[1]
    study = limited(study, {"long": only})
    for name in ("curves", "contrasts"):
        rows = tables[name]
        tables[name] = rows[(rows["budget"] != "long") | (rows["n_train"] == only)]
    words = f"300 steps, at n = {only} only"
    figure = curves.draw(tables, study)
    assert [axes.get_title(loc="left").splitlines()[0] for axes in figure.axes] == [
        "epochs",
        "floor",
    ]
    for axes in figure.axes:
        hollow = [line for line in axes.get_lines() if line.get_label() == "_other"]
        assert [len(line.get_xdata()) for line in hollow] == [1, 1]
        assert {line.get_markerfacecolor() for line in hollow} == {"white"}
    assert figure.legends[0].get_title().get_text() == f"hollow: long: {words}"
    figure = difference.draw(tables, study)
    assert len(figure.axes) == 2 + (study.scale == "reduced")
    assert f"long: {words}" in [t.get_text() for t in figure.legends[0].get_texts()]
    assert len(figure2.draw(tables, study).axes) == 2 * (2 + (study.scale == "reduced"))
    assert len(shares.draw(tables, study).axes) == 2 * 3


def test_marks_of_other_budgets_stay_on_the_axes_and_apart(
    make_study: Any, make_tables: Any
) -> None:
    study = make_study(budgets=("epochs", "long", "longer"), methods=FIVE)
    tables = make_tables(study)
    last = study.sizes[-1]
    study = limited(study, {"long": last, "longer": last})
    rows = tables["curves"]
    rows = rows[(rows["budget"] == "epochs") ^ (rows["n_train"] == last)]  # epochs lacks the last
    tables["curves"] = rows[rows["method"] != "head"]
    figure = curves.draw(tables, study)
    (axes,) = figure.axes
    marks = [line for line in axes.get_lines() if line.get_label() == "_other"]
    assert len(marks) == 2 * 4
    assert len({line.get_markerfacecolor() for line in marks}) == 2
    assert all(last < line.get_xdata()[0] < axes.get_xlim()[1] for line in marks)
    assert figure.legends[0].get_title().get_text().count(f"at n = {last:,} only") == 2


def test_biases_are_shown_of_a_budget_that_draws_a_curve(make_study: Any, make_tables: Any) -> None:
    study = make_study(budgets=("epochs", "floor", "long"))
    tables = make_tables(study)
    study = limited(study, {"long": study.sizes[0]})
    assert bias_heatmap.draw(tables, study).get_suptitle().startswith("BitFit, floor, n = ")
    tables["biases"] = tables["biases"].query("budget == 'long'")
    assert bias_heatmap.draw(tables, study).get_suptitle().startswith("BitFit, long, n = ")


def test_biases_are_shown_by_term_and_layer(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    figure = bias_heatmap.draw(make_tables(study), study)
    change = figure.axes[0]
    assert [label.get_text() for label in change.get_yticklabels()][:2] == ["b_q", "b_k"]
    values = change.get_images()[0].get_array()
    assert values.shape == (8, 6)
    assert float(values[0, 5]) == pytest.approx(0.07 * 1.3)
    assert figure.get_suptitle() == "BitFit, floor, n = 1,000"


def test_costs_have_one_mark_per_method(make_study: Any, make_tables: Any) -> None:
    study = make_study()
    figure = step_costs.draw(make_tables(study), study)
    assert len(figure.axes) == 4
    times = [line for line in figure.axes[0].get_lines() if len(line.get_xdata()) == 1]
    assert [line.get_xdata()[0] for line in times] == [1.0, 0.72, 0.8, 0.004]


def test_costs_leave_out_what_was_not_measured(make_study: Any, make_tables: Any) -> None:
    study = make_study(methods=("bitfit", "head"))
    tables = make_tables(study)
    tables["costs"][["step_time_ratio", "activation_bytes"]] = np.nan
    assert len(step_costs.draw(tables, study).axes) == 2


@pytest.fixture(scope="module")
def plain_tables(make_study: Any, make_tables: Any) -> dict[str, Any]:
    """The tables of the study that is made without a word, to be read only."""
    tables: dict[str, Any] = make_tables(make_study())
    return tables


@pytest.fixture(
    scope="module",
    params=[pytest.param("demo", marks=SLOW), "reduced", pytest.param("paper", marks=SLOW)],
)
def crowded(request: pytest.FixtureRequest, make_study: Any, make_tables: Any) -> tuple[Any, Any]:
    """A study with as many methods and sizes as there may be, and its tables."""
    scale = request.param
    study = make_study(
        scale=scale,
        methods=("full", "bitfit", "adapter-houlsby", "adapter-pfeiffer", "head"),
        sizes=(100, *PAPER_SIZES, 85_500),
        budgets=("floor",) if scale == "demo" else ("epochs", "floor"),
    )
    return study, make_tables(study)


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_cut_off(name: str, crowded: tuple[Any, Any]) -> None:
    study, tables = crowded
    figure = drawer(name)({table: frame.copy() for table, frame in tables.items()}, study)
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    with style.theme():
        box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert box.x0 >= 0 and box.y0 >= 0
    assert box.x1 <= width and box.y1 <= height


@pytest.mark.parametrize("methods", [FIVE, FIVE[:2]])
def test_titles_over_three_budgets_stand_clear_of_each_other(
    make_study: Any, make_tables: Any, methods: tuple[str, ...]
) -> None:
    study = make_study(methods=methods, budgets=("steps-600", "steps-150", "epochs"))
    for name in ("curves", "difference"):
        figure = drawer(name)(make_tables(study), study)
        FigureCanvasAgg(figure)
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        words = {a.get_title(loc="left") for a in figure.axes} - {""}
        titles = [text for text in figure.findobj(Text) if text.get_text() in words]
        boxes = [title.get_window_extent(renderer) for title in titles]
        assert len(boxes) > 2
        pairs = itertools.combinations(boxes, 2)
        assert not any(one.overlaps(other) for one, other in pairs), name


@pytest.mark.parametrize(
    ("size", "label"), [(500, "500"), (2000, "2k"), (2048, "2,048"), (85_500, "85.5k")]
)
def test_a_size_is_written_as_it_is(size: int, label: str) -> None:
    assert short(size) == label


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_without_finished_runs_is_drawn_as_words(
    name: str, make_study: Any, plain_tables: dict[str, Any]
) -> None:
    study = make_study()
    empty = {table: frame.iloc[:0].copy() for table, frame in plain_tables.items()}
    figure = drawer(name)(empty, study)
    assert "no" in figure.texts[0].get_text()


@SLOW
@pytest.mark.parametrize("name", FIGURES)
def test_drawn_twice_the_bytes_are_the_same(
    name: str, make_study: Any, make_tables: Any, reduced_results: Path, tmp_path: Path
) -> None:
    study = make_study(sizes=(100, 1000))
    tables: dict[str, pd.DataFrame] = make_tables(study)
    paths = style.save(drawer(name)(tables, study), tmp_path / name)
    assert [path.name for path in paths] == [f"{name}.svg", f"{name}.pdf"]
    for path in paths:
        assert path.read_bytes() == (reduced_results / "figures" / path.name).read_bytes()
    assert b"CreationDate" not in (tmp_path / f"{name}.pdf").read_bytes()
    assert b"dc:date" not in (tmp_path / f"{name}.svg").read_bytes()


def _texts(figure: Figure) -> list[Any]:
    return [legend.get_title() for legend in figure.legends]
