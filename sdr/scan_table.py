"""The scan plan as tables for a terminal: who listens how, what is met with which probability, what is never heard.

Words and numbers alone; the plan is made elsewhere.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from detector.scan import EVENTS, Outlook, ScanPlan
from detector.types import Technology

__all__ = ["plan_tables"]

NAMES: Final = {Technology.GSM: "GSM", Technology.LTE: "LTE"}


def plan_tables(plan: ScanPlan) -> Iterator[RenderableType]:
    """The parts of a plan, one below the other."""
    yield receivers_table(plan)
    for technology in NAMES:
        heard = [one for one in plan.outlooks if one.chances and one.band.technology is technology]
        if heard:
            yield chances_table(technology, heard)
    missed = [one for one in plan.outlooks if one.reason is not None]
    if missed:
        yield missed_table(missed)
    yield Text(
        "A chance is for one event on any channel of the band at any time, strong enough, while nothing else is heard.",
        style="dim",
    )


def receivers_table(plan: ScanPlan) -> Table:
    """How each receiver goes round."""
    table = Table("receiver", "tunings", "revisit", "at worst", title="Receivers", title_justify="left")
    for number, (reach, rhythm) in enumerate(zip(plan.receivers, plan.rhythms, strict=True)):
        name = f"{number + 1} {reach.name}"
        if rhythm is None:
            table.add_row(name, "none", "", "")
        elif rhythm.still:
            (first, *_) = plan.cover.of_receiver(number)
            table.add_row(name, f"stays on {first.centre_hz / 1e6:.3f} MHz", "", "")
        else:
            table.add_row(name, f"{rhythm.windows}", seconds(rhythm.revisit_s), seconds(rhythm.longest_revisit_s))
    return table


def chances_table(technology: Technology, outlooks: Sequence[Outlook]) -> Table:
    """Probability of intercept by band and event."""
    events = [event.name for event in EVENTS.values() if event.technology is technology]
    table = Table(title=f"{NAMES[technology]}: probability of intercept", title_justify="left")
    table.add_column("band")
    for name in events:
        table.add_column(name, justify="right")
    for one in outlooks:
        table.add_row(one.band.name, *(percent(one.chances[name]) for name in events))
    return table


def missed_table(outlooks: Sequence[Outlook]) -> Table:
    """Bands, or parts of them, that are never heard."""
    table = Table("band", "uplink [MHz]", "never heard", "why", title="Never heard", title_justify="left")
    for one in outlooks:
        edges = f"{one.band.low_hz / 1e6:g}-{one.band.high_hz / 1e6:g}"
        table.add_row(one.band.name, edges, percent(1 - one.heard_share), str(one.reason))
    return table


def percent(share: float) -> str:
    """A share as people read it; what is not certain is never rounded to certainty."""
    if share in {0.0, 1.0}:
        return f"{100 * share:.0f} %"
    if not 0.001 <= share <= 0.999:
        return "< 0.1 %" if share < 0.5 else "> 99.9 %"
    return f"{100 * share:.1f} %"


def seconds(time_s: float) -> str:
    """A time of seconds or minutes."""
    return f"{time_s:.1f} s" if time_s < 120 else f"{time_s / 60:.1f} min"
