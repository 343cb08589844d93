"""How far a publisher is, on a terminal; to a pipe or a file it shows nothing, and it counts nothing for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn


@contextmanager
def progress_bar(console: Console, what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs and yield what is to be told how many more are done.

    Without a `total` the bar only moves; it shows the count and the rate either way, and goes away at the end.
    """
    if not console.is_terminal:
        yield lambda _count: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _rate(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)


def _rate() -> ProgressColumn:
    from rich.progress import ProgressColumn as Column
    from rich.progress import Task
    from rich.text import Text

    class Rate(Column):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    return Rate()
