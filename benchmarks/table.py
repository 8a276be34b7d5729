"""The results as Markdown, and the page that holds them between two markers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from tuning_curves.util.errors import DataError
from tuning_curves.util.files import write_text

PAGE = Path("docs/benchmarks.md")
BEGIN, END = "<!-- results: written by `make bench` -->", "<!-- end of results -->"
NOTHING = "No results are committed yet: `make bench` writes them here."
HEADERS = (
    "row", "ours", "peer", "ratio", "interval", "rounds", "target", "share of the matrix rate",
)  # fmt: skip


def render(rows: Sequence[dict[str, Any]]) -> str:
    """All rows: the ratios, what each row compares, the tables of growth."""
    if not rows:
        return NOTHING
    measured = [row for row in rows if row["skipped"] is None]
    parts = [
        _ratios([row for row in measured if row["ratio"] is not None]),
        *(_growth(row) for row in measured if "points" in row),
        _words(measured),
        *_gaps(rows),
        _machines(measured),
    ]
    return "\n\n".join(part for part in parts if part)


def _ratios(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    lines = [
        [
            f"`{row['name']}`",
            _time(row["ours_s"]),
            _time(row["peer_s"]),
            f"{row['ratio']:.3g}",
            "{:.3g} to {:.3g}".format(*row["ratio_interval"]),
            row["rounds"],
            "" if row["target"] is None else f"{row['target']:g}",
            _share(row),
        ]
        for row in rows
    ]
    return tabulate(lines, HEADERS, tablefmt="github", disable_numparse=True)


def _share(row: dict[str, Any]) -> str:
    """The share of the matrix rate, with its target where there is one."""
    if row.get("share") is None:
        return ""
    target = row.get("share_target")
    return f"{row['share']:.0%}" + ("" if target is None else f" (target {target:.0%})")


def _growth(row: dict[str, Any]) -> str:
    table = tabulate(row["points"], headers="keys", tablefmt="github")
    return f"`{row['name']}`: {row['ours']}; CPU seconds per {row['unit']}.\n\n{table}"


def _words(rows: Sequence[dict[str, Any]]) -> str:
    """What the rows set side by side: rows with the same peer, unit and note share a line."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row["peer"] is not None:
            kind = (row["peer"], row["unit"], row["note"])
            alike.setdefault(kind, []).append(f"`{row['name']}` ({row['ours']})")
    lines = [
        f"- {', '.join(names)}; against {peer}. Time per {unit}. {note}".rstrip()
        for (peer, unit, note), names in alike.items()
    ]
    return "\n".join(lines)


def _gaps(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence a reason for which rows were not measured."""
    alike: dict[str, list[str]] = {}
    for row in rows:
        if row["skipped"]:
            alike.setdefault(row["skipped"], []).append(f"`{row['name']}`")
    return [f"Not measured: {', '.join(names)} ({reason})." for reason, names in alike.items()]


def _machines(rows: Sequence[dict[str, Any]]) -> str:
    days: dict[str, set[str]] = {}
    for row in rows:
        days.setdefault(row["machine"], set()).add(row["measured"][:10])
    lines = [f"{name} ({', '.join(sorted(own))})" for name, own in sorted(days.items())]
    return "Measured on: " + "; ".join(lines) + "." if lines else ""


def _time(seconds: float) -> str:
    """Seconds with a unit that keeps the number readable."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def replace_block(page: str, block: str) -> str:
    """The page with this between its markers.

    Raises:
        DataError: the page has lost a marker.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise DataError(f"{PAGE}: expected one line {BEGIN!r} and one {END!r}", fix="put them back")
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{rest.partition(END)[2]}"


def update_page(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows into the page."""
    write_text(path, replace_block(path.read_text("utf-8"), render(rows)))
