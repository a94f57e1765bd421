"""The display of a run on a terminal."""

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from repdrift.watch.snapshot import Snapshot, Stage, about, clock

WIDEST = 100  # columns; on a wider terminal the numbers would stand far from their names
AROUND = 4  # lines around the running jobs: their heading, those that are not shown, the queue, and one to spare
MOST = 8  # jobs and failures that are shown; more would leave the screen of a small terminal


def rendered(shown: Snapshot, console: Console) -> RenderableType:
    """Return the display of a run. On a low terminal, fewer of the running jobs are shown.

    Parameters
    ----------
    shown : Snapshot
    console : Console
        The terminal, whose width and height count.
    """
    first: list[RenderableType] = [Constrain(head(shown), WIDEST), Constrain(stages(shown.stages), WIDEST)]
    last: list[RenderableType] = [facts] if (facts := told(shown)) else []
    # The cursor stays on an empty line, where the ^C that a terminal shows does not break the last line in two.
    last.append(Text())
    lines = sum(len(console.render_lines(part)) for part in (*first, *last))
    room = console.height - lines - AROUND
    if room > 0 and (shown.now or shown.queued):
        first.append(Constrain(running(shown, min(MOST, room)), WIDEST))
    return Group(*first, *last)


def head(shown: Snapshot) -> Table:
    """Return the first line: the study, its jobs, the time that it has taken, and the time that is left."""
    table = Table.grid(expand=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, justify="right")
    left = Text(f"{clock(shown.seconds)}, {about(shown.left)}" if shown.done < shown.jobs else clock(shown.seconds))
    title = Text.assemble((shown.title, "bold"), f"  {shown.done:,} of {shown.jobs:,} jobs")
    table.add_row(title, left)
    return table


def stages(found: tuple[Stage, ...]) -> Table:
    """Return a line with a bar for each stage."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, min_width=18)
    for stage in found:
        notes = [f"{stage.running} running"] if stage.running else []
        notes += [f"{stage.failed} failed"] if stage.failed else []
        style = "red" if stage.failed else "cyan"
        bar = ProgressBar(stage.jobs, stage.done, complete_style=style, finished_style="green", style="bright_black")
        table.add_row(
            Text(f"  {stage.name}"), bar, f"{stage.done:,} of {stage.jobs:,}", Text(", ".join(notes), style="dim")
        )
    return table


def running(shown: Snapshot, most: int) -> Table:
    """Return a line for each job that runs."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for _ in range(4):
        table.add_column(no_wrap=True, justify="right", style="cyan")
    trains = any(each.epoch for each in shown.now)
    names = ("epoch", "images/s", "accuracy") if trains else ("", "", "")
    table.add_row(Text("now", style="bold"), *(Text(name, style="dim") for name in (*names, "time")))
    for each in shown.now[:most]:
        table.add_row(Text(f"  {each.name}"), each.epoch, each.speed, each.accuracy, clock(each.seconds))
    more = len(shown.now) - most
    if more > 0:
        table.add_row(Text(f"  and {more:,} more"))
    if shown.queued:
        table.add_row(Text(f"  {shown.queued:,} in the queue"))
    return table


def told(shown: Snapshot) -> Table | None:
    """Return the last figure, the last warning and what has failed, or None."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    if shown.figure:
        table.add_row(Text("last figure"), Text(shown.figure, style="green"))
    if shown.warnings:
        table.add_row(Text("warning", style="yellow"), Text(one_line(shown.warnings[-1])))
    for failure in shown.failures[-3:]:
        table.add_row(Text("failed", style="bold red"), Text(f"{failure.name}: {failure.line}"))
        table.add_row("", Text(failure.log, style="dim"))
    if len(shown.failures) > 3:
        table.add_row("", f"and {len(shown.failures) - 3} more have failed")
    return table if table.row_count else None


def one_line(text: str, most: int = 200) -> str:
    """Return a text in one line that is not too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 3] + "..."
