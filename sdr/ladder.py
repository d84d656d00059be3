"""What is done about a receiver that fails, in which order: a pure state machine that reads no clock and touches nothing.

Each failure takes one rung; each rung is bounded in time. The ladder is climbed anew once samples have flown for a while.
At its top stands the alarm: from there on it is climbed over and over, slowly, until the receiver returns.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

__all__ = ["GROUND", "RUNGS", "SETTLED_S", "Ladder", "Rung", "Step", "climb", "streaming"]

SETTLED_S: Final = 10.0
"""Samples must flow for this long before a failure counts as a new one [s]."""

ROUND: Final = 30
"""Rungs from one climb of the whole ladder to the next, with the alarm standing: about a minute."""


class Step(StrEnum):
    """What is done before the receiver is opened again."""

    REOPEN = "reopen"
    """Let the capture process end by itself."""

    KILL = "kill"
    """End it, whatever its driver does."""

    RESET = "reset"
    """Reset the device on its bus."""

    POWER = "power"
    """Take the power from its port for a moment."""

    ALARM = "alarm"
    """Tell people; then as :attr:`REOPEN`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step, how long it may take, and how long the receiver may then take to open [s]; then a pause."""

    step: Step
    bound_s: float
    open_s: float
    pause_s: float


RUNGS: Final = (
    Rung(step=Step.REOPEN, bound_s=0.5, open_s=3.0, pause_s=0.0),
    Rung(step=Step.KILL, bound_s=0.5, open_s=3.0, pause_s=0.2),
    Rung(step=Step.RESET, bound_s=1.0, open_s=3.0, pause_s=0.5),
    Rung(step=Step.POWER, bound_s=8.0, open_s=3.0, pause_s=0.5),
    # A machine that is too slow for the other rungs has its time here.
    Rung(step=Step.ALARM, bound_s=0.5, open_s=10.0, pause_s=1.5),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Where on the ladder we stand.

    Parameters
    ----------
    climbed
        Rungs taken since the receiver was last well.
    alarmed
        The alarm was reached and the receiver has not streamed since.
    since_s
        Since when samples flow without a failure; None while they do not.
    """

    climbed: int = 0
    alarmed: bool = False
    since_s: float | None = None


GROUND: Final = Ladder()


def climb(ladder: Ladder, *, now_s: float, rungs: tuple[Rung, ...] = RUNGS) -> tuple[Ladder, Rung]:
    """Take the next rung after a failure.

    Behind the alarm the top rung is taken again and again; each thirtieth time the whole ladder.
    """
    well = ladder.since_s is not None and now_s - ladder.since_s >= SETTLED_S
    climbed = 0 if well else ladder.climbed
    rung = rungs[min(climbed % ROUND, len(rungs) - 1)]
    alarmed = rung.step is Step.ALARM or (ladder.alarmed and not well)
    return Ladder(climbed=climbed + 1, alarmed=alarmed), rung


def streaming(ladder: Ladder, *, now_s: float) -> Ladder:
    """Samples flow: the alarm ends; where we stand is forgotten once they have flown for long enough."""
    if ladder.since_s is None:
        return replace(ladder, since_s=now_s, alarmed=False)
    return GROUND if ladder.climbed and now_s - ladder.since_s >= SETTLED_S else ladder
