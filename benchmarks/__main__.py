"""`python -m benchmarks [--quick] [NAME …]`: speed as ratios within one process.

Every row is compared with the hardware's limit or a plain loop. Repeats are interleaved and the
median is reported, because machines are noisy. The exit code is 1 if a row misses its limit.
"""

import argparse
from importlib import import_module

from benchmarks.rows import Row

MODULES = (
    "ranks",
    "endtoend",
    "captions",
    "frechet",
    "intervals",
    "sequential",
    "generation",
    "video",
    "report",
    "growth",
    "scale",
    "power",
    "seeds",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(MODULES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small sizes, few repeats")
    args = parser.parse_args()
    print("| work | measured | reference | ratio | must reach | |\n|---|---:|---:|---:|---:|---|")
    missed = False
    for name in args.name or MODULES:
        for row in import_module(f"benchmarks.{name}").rows(args.quick):
            print(line(row), flush=True)
            missed |= row.missed
    return int(missed)


def line(row: Row) -> str:
    """Return a row of the table."""
    measured, reference = (_format_value(x, row.unit) for x in (row.measured, row.reference))
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
    limit = (
        "" if row.limit is None else f"≤ {_format_value(row.limit, '×' if row.ratio else row.unit)}"
    )
    note = f"**missed** {row.note}" if row.missed else row.note
    return f"| {row.name} | {measured} | {reference} | {ratio} | {limit} | {note} |"


def _format_value(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}"


if __name__ == "__main__":
    raise SystemExit(main())
