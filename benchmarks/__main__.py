"""`python -m benchmarks`: measure, write results.json, compare with the last committed one.

`make bench` is the usual door. Everything runs on one thread.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.start import ROOT, start


def make_parser() -> argparse.ArgumentParser:
    """The options, which make passes on."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="ROW", help="measure these rows")
    parser.add_argument("--rounds", type=int, default=7, help="at most (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=600.0,
        help="no new round of a group after this long (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--whole", action="store_true", help="the targets' full sizes throughout")
    parser.add_argument(
        "--data", type=Path, default=Path("data"), metavar="FOLDER",
        help="has cola/ and ud-english-ewt/; rows without data are left out (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, help="write here, and leave docs/benchmarks.md as it is"
    )
    parser.add_argument("--strict", action="store_true", help="exit status 1 if a ratio fell")
    parser.add_argument("--table", action="store_true", help="only draw docs/benchmarks.md anew")
    parser.add_argument("--list", action="store_true", help="print the rows' names")
    return parser


def main() -> int:
    """Run; the exit status."""
    args = make_parser().parse_args()
    return start(lambda: run(args))


def run(args: argparse.Namespace) -> int:
    """Measure what is asked for; the exit status."""
    from benchmarks import results, rows, table

    if args.table:
        table.update_page(ROOT / table.PAGE, results.read_results(ROOT / results.RESULTS))
        return 0
    if args.list:
        print("\n".join(rows.names()))
        return 0
    out = args.out or ROOT / results.RESULTS
    before = results.committed_results(ROOT)
    fresh = measure(args, out)
    if args.out is None:
        table.update_page(ROOT / table.PAGE, results.read_results(out))
    print(table.render(fresh))
    return report(results.changes(before, fresh), args.strict)


def measure(args: argparse.Namespace, out: Path) -> list[dict]:
    """Measure row by row; each is on disk as soon as it is known."""
    from benchmarks import results, rows
    from benchmarks.clock import Patience

    fresh = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        patience = Patience(rounds=args.rounds, seconds=args.seconds)
        bench = rows.Bench(ROOT, Path(scratch), patience, args.whole, folder=args.data)
        for row in rows.measure(bench, args.only or rows.names()):
            fresh.append(row)
            results.save(out, results.merge(results.read_results(out), fresh, rows.names()))
            print(f"{row['name']}: {row['skipped'] or row['ratio'] or 'done'}", file=sys.stderr)
    return fresh


def report(verdicts: dict[str, str], strict: bool) -> int:
    """Print how the ratios stand to the last committed ones; 1 if one fell and that matters."""
    for name, verdict in verdicts.items():
        if verdict in ("fell", "rose"):
            print(f"{name}: the ratio {verdict} since the last committed results")
    fell = "fell" in verdicts.values()
    print("A ratio fell." if fell else "No ratio fell.", file=sys.stderr)
    return 1 if fell and strict else 0


if __name__ == "__main__":
    sys.exit(main())
