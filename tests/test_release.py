"""What a reviewer reads beside the code: it agrees with the project, and names what is there."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tuning_curves import __version__
from tuning_curves.report.figures import FIGURES

ROOT = Path(__file__).resolve().parents[1]
NO_STUDIES = ("claims", "squad-unresolved", "your-data")


def named_in_studies(section: str) -> set[str]:
    """The names of the data or the encoders of every study in `config/`."""
    paths = (p for p in (ROOT / "config").glob("*.yaml") if p.stem not in NO_STUDIES)
    return {yaml.safe_load(path.read_text("utf-8"))[section]["name"] for path in paths}


@pytest.mark.parametrize("section, heading", [("data", "Data"), ("encoder", "Encoders")])
def test_every_data_source_and_encoder_of_a_study_has_its_licence(
    section: str, heading: str
) -> None:
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    table = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert all(len(row) == 4 and all(row) for row in rows)
    assert sorted(re.sub("`", "", row[0]) for row in rows) == sorted(named_in_studies(section))


def test_everything_that_a_snakemake_report_shows_has_a_caption() -> None:
    captions = {path.stem for path in (ROOT / "workflow" / "report").iterdir()}
    assert captions == {*FIGURES, "scores", "paper", "workflow"}


def test_the_workflow_catalog_finds_what_its_standard_usage_asks_for() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text("utf-8"))["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment", "report"}
    assert (ROOT / "Snakefile").is_file()
    assert (ROOT / "config" / "README.md").is_file()
    assert usage["mandatory-flags"]["flags"].split()[0] == "--configfile"
    assert (ROOT / usage["mandatory-flags"]["flags"].split()[1]).is_file()


def test_one_version_one_title_and_one_licence_wherever_they_are_stated() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    deposit = json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    assert citation["version"] == deposit["version"] == __version__
    assert citation["title"] == deposit["title"]
    assert citation["license"] == deposit["license"] == "MIT"
    assert citation["keywords"] == deposit["keywords"]
    assert deposit["description"] == f"<p>{citation['abstract']}</p>"
    assert deposit["creators"] == citation["authors"]


def test_every_file_of_the_codecheck_is_there() -> None:
    stated = yaml.safe_load((ROOT / "codecheck.yml").read_text("utf-8"))
    assert stated["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    assert stated["paper"]["title"] in (ROOT / "paper" / "synthesis.typ").read_text("utf-8")
    files = [item["file"] for item in stated["manifest"]]
    assert len(set(files)) == len(files) and all(item["comment"] for item in stated["manifest"])
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_the_image_is_made_with_the_makefiles_tools() -> None:
    makefile, dockerfile = (ROOT / n for n in ("Makefile", "Dockerfile"))
    uv = re.search(r"^UV := (.+)$", makefile.read_text("utf-8"), re.M)[1]  # type: ignore[index]
    lines = dockerfile.read_text("utf-8")
    assert f"\nARG UV={uv}\n" in lines
    sources = re.findall(r"^COPY ([^-].*) \S+$", lines, re.M)
    copied = {word for line in sources for word in line.split()}
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert all(f"!{word.split('/')[0]}" in kept for word in copied - {"."})
    assert all((ROOT / word.removeprefix("!")).exists() for word in kept if word.startswith("!"))
