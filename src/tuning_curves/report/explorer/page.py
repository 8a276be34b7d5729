"""The explorer's page, put together from its parts into one file that loads nothing.

Charts are drawn by Vega-Lite, from specifications in `static/charts.js`: it is well kept, its SVG
carries labels for screen readers on every mark, which Plotly's does not, it needs 0.9 MB with all
that it stands on, and it comes as one wheel, pinned as every package is: `vl-convert-python` holds
Vega, Vega-Lite and Vega-Embed. Altair, from whose makers it is, would write the same specifications
when the page is built, while this page writes them anew with each choice.

A policy in the page's head forbids every request; equal results give equal bytes.
"""

import functools
import json
from pathlib import Path
from string import Template
from typing import Any

from tuning_curves.util.errors import ResourceError
from tuning_curves.util.files import write_text

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("state", "views", "curves", "costs", "judged", "advice", "charts", "controls", "page")


def write_page(data: dict[str, Any], out: Path) -> int:
    """Write the page; returns its size in bytes."""
    page = make_page(data)
    write_text(out, page)
    return len(page.encode("utf-8"))


def make_page(data: dict[str, Any]) -> str:
    """The page's text."""
    template = Template((STATIC / "index.html").read_text("utf-8"))
    return template.substitute(
        style=(STATIC / "explorer.css").read_text("utf-8"),
        data=as_script(data),
        library=library(),
        script="\n".join((STATIC / f"{name}.js").read_text("utf-8") for name in SCRIPTS),
    )


def as_script(data: Any) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


@functools.cache
def library() -> str:
    """The JavaScript that draws the charts.

    Raises:
        ResourceError: vl-convert-python is not installed.
    """
    try:
        import vl_convert
    except ImportError:
        raise ResourceError(
            "the explorer needs the vl-convert-python package",
            fix="pip install -r requirements.txt",
        ) from None
    bundle = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    bundle = bundle.replace("</script", "<\\/script")
    return f"(() => {{{bundle}\n}})();"  # its own names stay inside
