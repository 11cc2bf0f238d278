"""Progress bars on standard error; silent where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, int, str], None]
"""Called with the number of steps done, the number of all steps, and what is being done."""


def silent(done: int, total: int, text: str) -> None:
    """Say nothing."""


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """Show a bar while something long runs.

    Parameters
    ----------
    title : str
        What it is.

    Yields
    ------
    callable
        To be called with (done, total, text).
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        bar = bars.add_task(title, total=None, text="")

        def report(done: int, total: int, text: str) -> None:
            bars.update(bar, completed=done, total=total, text=text)

        yield report
