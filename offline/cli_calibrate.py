"""The subcommand that asks what personal calibration is worth."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offline.stages import Run

NAME = "calibrate-check"

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], None]
"""Prints a table: header, rows."""

_TEXT = """\
Trains a network without each person, calibrates it on the first half of the person's blocks, and tests on the second half. Prints
means and paired differences with intervals over people, and writes calibration.html. Networks that are there are not trained again.

  sclcm-offline calibrate-check assets/configs/workload-eegmat.toml --data-root ../shared/data/eegmat
"""


def add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    add_options: Callable[[argparse.ArgumentParser, str], None],
) -> None:
    """Add the subcommand.

    Parameters
    ----------
    commands : argparse subparsers
        Those of 'sclcm-offline'.
    add_options : callable
        Adds the options that all stages share.
    """
    summary = "ask what personal calibration is worth on unseen people"
    parser = commands.add_parser(NAME, help=summary, description=_TEXT, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, NAME)
    parser.add_argument("--block", type=float, default=14.0, metavar="S", help="length of a block, in s (default 14)")


def run_check(options: argparse.Namespace, open_run: Callable[[argparse.Namespace], Run], print_table: Table) -> str:
    """Check, print tables, and return what is left to say.

    Parameters
    ----------
    options : Namespace
        Of the subcommand.
    open_run : callable
        Reads config and data.
    print_table : callable
        Prints a table.
    """
    from offline.evaluate import calibrate_report as told
    from offline.evaluate.calibrate_check import check_calibration
    from offline.progress import progress_bar

    run = open_run(options)
    with progress_bar("calibrating") as report:
        check = check_calibration(run, block_s=options.block, report=report)
    print_table(told.MEANS_TABLE, told.means_rows(check))
    print_table(told.GAINS_TABLE, told.gains_rows(check))
    path = told.write_check(check, run.config, run.windows.dataset, options.block, run.folder.path)
    return "\n".join([told.summary_sentence(check), *check.caveats, f"Report: {path}"])
