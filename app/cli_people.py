"""The options of the command line for several people at once."""

from __future__ import annotations

import argparse


def add_people(parser: argparse.ArgumentParser) -> None:
    """Add what names several streams, and who wears them."""
    parser.add_argument(
        "--stream",
        action="append",
        metavar="NAME|id:SOURCE_ID",
        help="two people at once: give it once for each, and --model too where they differ; a panel each, and one recording",
    )
    parser.add_argument(
        "--person",
        action="append",
        metavar="NAME",
        help="with --stream, in the same order: what they are called (default: as their streams)",
    )


class OneMoreModel(argparse.Action):
    """Gathers models; the default counts only when none was given."""

    def __call__(self, parser: object, namespace: argparse.Namespace, values: object, option_string: str | None = None) -> None:
        """Take one more."""
        before = [] if namespace.models is self.default else namespace.models
        namespace.models = [*before, values]
