"""Pages are in the navigation, their links lead somewhere, their outputs are what is printed."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from docsite import outputs
from docsite.links import EXPLORER, OUTSIDE, SOURCES, mend
from tuning_curves.cli import make_parser

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
TYPED = re.compile(r"^ *\$ tuning-curves (.*(?:(?<=\\)\n.*)*)$", re.MULTILINE)


def navigation() -> dict[str, str]:
    """The navigation's pages with their titles."""
    (line,) = re.findall(
        r"^nav:\n(?:  .*\n)+", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE
    )
    pages: dict[str, str] = {}
    for section in yaml.safe_load(line)["nav"]:
        for entry in next(iter(section.values())):
            ((title, page),) = entry.items()
            assert page not in pages, f"{page} is in the navigation twice"
            pages[page] = title
    return pages


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_in_the_navigation(page: str) -> None:
    assert page in navigation(), (
        f"docs/{page} is not in the navigation: add a line to `nav` in mkdocs.yml, under the "
        "heading that it belongs to"
    )


def test_the_navigation_names_no_page_that_is_not_there() -> None:
    made = {page for page in navigation() if page.startswith("reference/")}
    assert set(navigation()) - made == {*PAGES, *SOURCES}


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE, "README.md"])
def test_links_to_files_lead_to_files(page: str) -> None:
    folder = DOCS if page in PAGES else ROOT
    text = (folder / page).read_text("utf-8")
    if page != "README.md":  # which is no page of the site
        assert mend(text, page, {}).missing == []
    for target in re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", text):
        assert (folder / page).parent.joinpath(target).exists(), target


def test_a_link_leads_to_the_page_that_is_made_from_a_file() -> None:
    titles = {"reference/columns.md": "Columns", "budgets.md": "Budgets"}
    text = (
        "[columns](../src/tuning_curves/analysis/columns.py) [budgets.md](budgets.md#why)\n"
        "[licence](../LICENSE) [away](https://example.org/x.md) [none](../nothing.md)\n"
        "```text\n[as it is](../LICENSE)\n```\n"
    )
    found = mend(text, "intervals.md", titles)
    assert found.markdown == (
        "[columns](reference/columns.md) [Budgets](budgets.md#why)\n"
        "[licence](files/LICENSE) [away](https://example.org/x.md) [none](../nothing.md)\n"
        "```text\n[as it is](../LICENSE)\n```\n"
    )
    assert found.copied == {"LICENSE"}
    assert found.missing == ["../nothing.md"]
    outside = mend("[docs/budgets.md](../docs/budgets.md)", "config/README.md", titles)
    assert outside.markdown == "[Budgets](../budgets.md)"


def test_the_explorer_is_a_link_on_the_site_alone() -> None:
    text = "see `results/explorer.html`\n```text\n`results/explorer.html`\n```\n"
    found = mend(text, "reference/columns.md", {}).markdown
    assert found == text.replace(EXPLORER, f"[{EXPLORER}](../results.html)", 1)


@pytest.mark.parametrize(("page", "blocks"), [("tutorial", 5), ("advice", 2)])
def test_a_page_shows_what_its_commands_print(page: str, blocks: int) -> None:
    text = (DOCS / f"{page}.md").read_text("utf-8")
    assert len(outputs.BLOCK.findall(text)) == blocks
    assert outputs.fill(text) == text, f"run `python -m docsite.outputs docs/{page}.md`"


def test_an_output_is_written_anew_and_a_command_that_fails_is_told() -> None:
    page = "```console\n$ head -1 LICENSE\nsomething else\n```\n\n```text\n$ not run\n```\n"
    first = (ROOT / "LICENSE").read_text("utf-8").splitlines()[0]
    assert outputs.fill(page) == page.replace("something else", first)
    with pytest.raises(RuntimeError, match="'ls nothing-here' ended with 2, expected 0"):
        outputs.fill("```console\n$ ls nothing-here\n```\n")


@pytest.mark.parametrize("page", PAGES)
def test_what_is_typed_on_a_page_is_a_command(page: str) -> None:
    for typed in TYPED.findall((DOCS / page).read_text("utf-8")):
        make_parser().parse_args(shlex.split(typed.replace("\\\n", " "), comments=True))


def test_commands_of_several_lines_are_found_whole() -> None:
    text = "    $ tuning-curves new mine \\\n        --yes\n    said\n$ tuning-curves status x\n"
    assert TYPED.findall(text) == ["new mine \\\n        --yes", "status x"]
