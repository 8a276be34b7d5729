"""The explorer in a real browser: Chromium or Chrome as the system has it, driven by playwright."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tuning_curves.analysis.advice.advise import make_advice, read_curves
from tuning_curves.report.explorer.data import explorer_data, study_data
from tuning_curves.report.explorer.page import write_page
from tuning_curves.study.config import read_study
from tuning_curves.study.grid import Study

from .conftest import invented_tables, study_of, write_results

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
NAME, BUDGET, METRIC, N = "squad-steps", "epochs", "exact_match", 1000  # an archived study
FILE = Path(f"config/{NAME}.yaml")
VIEWS = (
    *("curves", "differences", "training", "advice", "costs", "shares", "biases", "verdicts"),
    *("facts", "studies"),
)
WITH_CHART = set(VIEWS) - {"advice", "verdicts", "facts"}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
READY = "document.body.dataset.ready === 'yes'"
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of an archived study and of an invented demo."""
    folder = tmp_path_factory.mktemp("explorer")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        data = explorer_data([FILE], ROOT / "results")
        demo = study_of(scale="demo", study="a-demo")
        write_results(invented_tables(demo), demo, folder / "results" / "a-demo")
        patch.chdir(folder)
        data["studies"].append(study_data(Study(demo), Path("config/a-demo.yaml"), Path()))
    out = folder / "explorer.html"
    write_page(data, out)
    return out


@pytest.fixture
def opened(browser: Any, page_file: Path) -> Iterator[Open]:
    """Opens the page at an address; at the end nothing may have been said, loaded or asked for."""
    contexts, complaints = [], []

    def open_at(address: str = "", **options: Any) -> Any:
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _note(request.url, complaints))
        page.goto(f"{page_file.as_uri()}#{address}")
        page.wait_for_function(READY)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []


def _note(url: str, complaints: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        complaints.append(f"request: {url}")


def settled(page: Any) -> None:
    page.wait_for_function(READY)


def rows_of(page: Any) -> int:
    said = page.locator("#behind > summary").inner_text()
    return int(re.search(r"\((.*) rows\)", said)[1].replace(",", ""))  # type: ignore[index]


def address_of(page: Any) -> str:
    return str(page.evaluate("location.hash"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_view_is_drawn_in_both_themes_and_fits(
    opened: Open, scheme: str, viewport: dict[str, int]
) -> None:
    page = opened(viewport=viewport, color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 27)"}[scheme]
    for view in VIEWS:
        page.locator(f"#views button[value={view}]").click()
        settled(page)
        assert rows_of(page) > 0, view
        marks = page.locator("#charts svg .mark-symbol path, #charts svg .mark-rect path").count()
        assert (marks > 0) == (view in WITH_CHART), view
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], view
        assert page.locator(f"#views [aria-current=page][value={view}]").count() == 1


def test_the_toggle_changes_the_theme_and_the_address_keeps_it(opened: Open) -> None:
    page = opened("view=curves", color_scheme="light")
    page.get_by_role("button", name="Dark theme").click()
    settled(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert "theme=dark" in address_of(page)
    again = opened(address_of(page)[1:], color_scheme="light")
    assert again.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("view", VIEWS)
def test_every_choice_changes_the_view_and_its_address(opened: Open, view: str) -> None:
    page = opened(f"view={view}&study={NAME}")
    names = page.eval_on_selector_all(
        "#controls select", "all => all.filter(s => s.offsetParent).map(s => s.name)"
    )
    for name in names:
        select = page.locator(f"#controls select[name={name}]")
        values = select.evaluate("s => [...s.options].map(o => o.value)")
        for value in values[-1:] + values[:1]:
            select.select_option(value)
            settled(page)
            assert select.input_value() == value
            assert f"{name}={value}" in address_of(page).replace("+", " ").replace("%20", " ")


def test_methods_are_taken_away_and_brought_back(opened: Open) -> None:
    page = opened(f"view=curves&study={NAME}&budget={BUDGET}&metric={METRIC}")
    before = rows_of(page)
    rows = table("curves")
    assert before == len(rows)
    offered = page.eval_on_selector_all("#methods input", "all => all.map(box => box.value)")
    assert {*offered} >= {row["method"] for row in rows}
    page.get_by_label("BitFit", exact=True).uncheck()
    settled(page)
    assert rows_of(page) == sum(row["method"] != "bitfit" for row in rows) < before
    assert page.evaluate("document.activeElement.value") == "bitfit"  # the focus stays
    kept = address_of(page).partition("methods=")[2].split(",")
    assert sorted(kept) == sorted({*offered} - {"bitfit"})
    page.get_by_role("button", name="none").click()
    settled(page)
    assert rows_of(page) == 0
    assert page.locator("#said").inner_text() == "The study has nothing to show here."
    page.get_by_role("button", name="all", exact=True).click()
    settled(page)
    assert rows_of(page) == before


def test_differences_are_the_tables_and_their_other_side(opened: Open, page_file: Path) -> None:
    (row,) = (
        row for row in table("contrasts")
        if (row["first"], row["second"], row["n_train"]) == ("bitfit", "full", str(N))
    )  # fmt: skip
    place = f"view=differences&study={NAME}&budget={BUDGET}&metric={METRIC}"
    same = saved(opened(f"{place}&against=full&methods=bitfit"))
    (own,) = (each for each in same if each["n_train"] == str(N))
    for key in ("difference", "low", "high", "p_holm"):
        assert float(own[key]) == float(row[key])
    turned = saved(opened(f"{place}&against=bitfit&methods=full"))
    (own,) = (each for each in turned if each["n_train"] == str(N))
    for key, source in (("difference", "difference"), ("low", "high"), ("high", "low")):
        assert float(own[key]) == -float(row[source])


def table(name: str) -> list[dict[str, str]]:
    """The archived table's rows of the budget and the metric."""
    path = ROOT / "results" / NAME / "tables" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        return [row for row in rows if (row["budget"], row["metric"]) == (BUDGET, METRIC)]


def saved(page: Any) -> list[dict[str, str]]:
    """The rows of the CSV file that the page hands out."""
    page.locator("#behind > summary").click()
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download CSV").click()
    text = Path(begun.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == rows_of(page) == page.locator("#table tbody tr").count()
    return rows


def test_a_point_tells_all_links_to_its_records_and_says_how_to_make_it(opened: Open) -> None:
    page = opened(f"view=curves&study={NAME}&budget={BUDGET}&metric={METRIC}")
    curves = table("curves")
    first = next(row for row in curves if row["method"] == "full")
    n, rate = first["n_train"], float(first["learning_rate"])
    mark = page.locator("#charts .mark-symbol path").first
    said = f"method full fine-tuning; budget {BUDGET}; n {n};"
    assert said in mark.get_attribute("aria-label")
    mark.hover()
    assert "full fine-tuning" in page.locator("#vg-tooltip-element").inner_text()
    mark.click()
    assert page.locator("#point").is_visible()
    assert f"point=full+{n}" in address_of(page)
    link = page.locator("#point-record a").get_attribute("href")
    assert link == f"{NAME}/records/full/"
    assert (ROOT / "results" / link).is_dir()
    commands = page.locator("#point-command").inner_text()
    asked = f"--method full --size {n} --budget {BUDGET} --learning-rate {rate} --all >"
    assert asked in commands
    page.get_by_role("button", name="Close").click()
    assert page.locator("#point").is_hidden()
    page.locator("#behind > summary").click()
    page.get_by_role("button", name=re.compile(f"Details of BitFit, {BUDGET}, {N:,}")).click()
    assert page.evaluate("document.activeElement.id") == "point"
    (row,) = (row for row in curves if (row["method"], row["n_train"]) == ("bitfit", str(N)))
    assert row["score"] in page.locator("#point-facts").inner_text()


def test_an_address_shows_the_same_again(opened: Open) -> None:
    page = opened(f"view=differences&study={NAME}&budget=best&against=full&methods=bitfit")
    page.locator("#behind > summary").click()
    page.get_by_role("button", name=re.compile("Details")).first.click()
    again = opened(address_of(page)[1:])
    again.locator("#behind > summary").click()
    for place in ("#heading", "#table", "#point", "#said"):
        assert again.locator(place).inner_text() == page.locator(place).inner_text()


def test_advice_is_what_the_command_says_at_twenty_settings(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    curves = read_curves(read_study(FILE))
    page = opened(f"view=advice&study={NAME}")
    settings = [(n, m) for n in (40, 100, 300, 1000, 9000) for m in (0.01, 2.0, 20.0, None)]
    assert len(settings) == 20
    for n, minutes in settings:
        address = f"view=advice&study={NAME}&labels={n}&minutes={minutes or 'any'}"
        page.evaluate("address => { document.body.dataset.ready = 'no'; location.hash = address }",
                      address)  # fmt: skip
        settled(page)
        shown = page.eval_on_selector_all(
            "#said .answer",
            "all => all.map(a => [...a.querySelectorAll('li')].map(l => l.textContent))",
        )
        advice = make_advice(curves, n, minutes)
        assert shown == [one["notes"] + one["sentences"] for one in advice], (n, minutes)
        standing = page.evaluate("seen.rows.map(r => [r.budget, r.n_train, r.method, r.standing])")
        tied = [(b, n, m) for b, n, m, standing in standing if standing != "behind"]
        assert sorted(tied) == sorted(
            (arm["budget"], one["n_train"], arm["method"])
            for one in advice
            for arm in one["compared"]
            if arm["standing"] != "behind"
        )


def test_sliders_move_by_keys_and_say_their_values(opened: Open) -> None:
    page = opened(f"view=advice&study={NAME}&labels=400&minutes=any")
    slider = page.get_by_role("slider", name="Labels")
    assert slider.get_attribute("aria-valuetext") == "400 questions"
    slider.focus()
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    settled(page)
    assert int(page.locator("[name=labels-exact]").input_value()) > 400
    page.locator("[name=labels-exact]").fill("73")
    page.keyboard.press("Enter")
    settled(page)
    assert "labels=73" in address_of(page)
    minutes = page.get_by_role("slider", name="Minutes")
    minutes.focus()
    page.keyboard.press("Home")
    settled(page)
    assert "Nothing trained so quickly" in page.locator("#said").inner_text()
    page.keyboard.press("End")
    settled(page)
    assert page.locator("#minutes-said").inner_text() == "any time"


def test_every_control_has_a_name_and_the_first_tab_leads_to_the_chart(opened: Open) -> None:
    page = opened()
    nameless = page.eval_on_selector_all(
        "button, select, input",
        "all => all.filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))"
        ".map(e => e.outerHTML)",
    )
    assert nameless == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_demo_is_no_evidence_and_verdicts_are_filtered(opened: Open) -> None:
    page = opened("view=curves&study=a-demo")
    assert page.locator("#demo").is_visible()
    assert "no evidence" in page.locator("select[name=study]").inner_text()
    page.locator("select[name=study]").select_option(NAME)
    settled(page)
    assert page.locator("#demo").is_hidden()
    page.locator("#views button[value=verdicts]").click()
    page.locator("select[name=verdict]").select_option("undecided")
    settled(page)
    verdicts = page.evaluate("seen.rows.map(r => [r.study, r.verdict])")
    assert {verdict for _, verdict in verdicts} == {"undecided"}
    assert {study for study, _ in verdicts} == {NAME, "a-demo (demo: no evidence)"}
