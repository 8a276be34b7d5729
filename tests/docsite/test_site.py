"""The site is built strictly and asks no other host for anything."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docsite.links import EXPLORER_PAGE

pytest.importorskip("material", reason="requirements-docs.txt is not installed")
ROOT = Path(__file__).resolve().parents[2]
LOADED = re.compile(r'<(?:script|img|link|iframe)\b[^>]*?\b(?:src|href)="([^"]+)"')
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def build(out: Path, config: Path = ROOT / "mkdocs.yml") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mkdocs", "build"]
    return subprocess.run(
        [*command, "--config-file", str(config), "--site-dir", str(out)],
        cwd=out.parent,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    done = build(out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
def test_every_page_is_built_and_loads_only_what_lies_beside_it(site: Path) -> None:
    made = {"404.html", EXPLORER_PAGE}  # the explorer's own tests ask a browser the same
    pages = sorted(path for path in site.rglob("*.html") if path.name not in made)
    assert len(pages) >= 25
    for path in pages:
        for target in LOADED.findall(path.read_text("utf-8")):
            if not target.startswith("data:"):
                assert "://" not in target, (path, target)
                assert (path.parent / target.partition("?")[0]).exists(), (path, target)
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text("utf-8")), style


@pytest.mark.slow
def test_the_explorer_stands_on_the_site_with_every_archived_study(site: Path) -> None:
    assert 'href="results.html"' in (site / "index.html").read_text("utf-8")
    page = (site / EXPLORER_PAGE).read_text("utf-8")
    archived = [path.parent.name for path in ROOT.glob("results/*/tables")]
    assert {"sentiment", "pos-ewt"} < set(archived)
    for study in set(archived) - {"synthesis"}:
        assert f'"name":"{study}"' in page
    assert '"records":null' in page


@pytest.mark.slow
def test_the_drawing_stands_in_its_page(site: Path) -> None:
    page = (site / "architecture.html").read_text("utf-8")
    assert '<div class="rooms-frame">' in page
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="rooms"' in page


@pytest.mark.slow
def test_links_that_lead_nowhere_end_the_build(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    with (tmp_path / "docs" / "budgets.md").open("a", encoding="utf-8") as page:
        page.write("\n[x](../nothing.py) [x](no-page.md) [x](index.md#nothing)\n")
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    config = config.replace("docsite/hook.py", str(ROOT / "docsite" / "hook.py"))
    config = re.sub(r"^watch: .*\n", "", config, flags=re.MULTILINE)
    (tmp_path / "mkdocs.yml").write_text(config, "utf-8")
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode != 0
    assert "Aborted with 3 warnings in strict mode" in done.stdout + done.stderr
    for target in ("../nothing.py", "no-page.md", "index.md#nothing"):
        assert f"'budgets.md' contains a link '{target}'" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_pages_open_from_a_disk_in_both_themes_and_fit(
    browser: Any, site: Path, scheme: str, viewport: dict[str, int]
) -> None:
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: _note(asked.url, complaints))
    for name in ("index", "architecture", "tutorial", "reference/keys", "config/index"):
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], name
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    context.close()
    assert complaints == []


def _note(url: str, complaints: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        complaints.append(f"request: {url}")
