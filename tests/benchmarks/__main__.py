"""Measure everything and print one table: what, ours, reference, ratio, target, verdict."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from rich.console import Console  # noqa: E402 - the libraries read the variables when they are loaded
from rich.table import Table  # noqa: E402

from tests.benchmarks.row import Row  # noqa: E402

GROUPS = sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in ("row", "__main__", "__init__"))


def main() -> int:
    """Print the table; the exit status is 0 whatever it says, since a busy machine is no defect."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"which groups to run (default: all of {', '.join(GROUPS)})")
    groups = parser.parse_args().groups or GROUPS
    table = Table("what", "ours", "reference", "ratio", "target", "verdict", title="Benchmarks, both sides in this run")
    for group in groups:
        for row in importlib.import_module(f"tests.benchmarks.{group}").rows():
            table.add_row(*_cells(row))
    Console(width=170).print(table)
    return 0


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≥" if row.at_least else "≤"
    return (
        row.what,
        f"{row.ours:.4g} {row.unit}",
        f"{row.reference:.4g} {row.unit} ({row.reference_name})",
        f"{row.ratio:.3g}",
        f"{sign} {row.target:.3g}",
        "ok" if row.is_reached else "falls short",
    )


if __name__ == "__main__":
    sys.exit(main())
