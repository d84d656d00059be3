"""What becomes of a notice after an attempt, and of its channel: tried again later, set aside, or an alarm. Pure.

A notice is tried until it is taken, refused for good, or too old. A channel whose peer is away rests for longer and longer;
once it has failed for long enough, or at once if somebody must mend it, it is an alarm.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Final

from api.channels.notice import Kind, Parcel
from api.channels.port import AwayError, BarredError, ChannelError, PartlyError, RefusedError

__all__ = ["Fate", "Fault", "Health", "RetryRules", "State", "after_fault", "after_success", "fate_of", "pause_us"]

MOST_DOUBLINGS: Final = 30


class State(StrEnum):
    """What became of a notice in one channel."""

    WAITING = "waiting"
    SENT = "sent"
    PARTLY = "partly"
    REFUSED = "refused"
    GIVEN_UP = "given-up"


class Fault(StrEnum):
    """How a channel fails."""

    AWAY = "away"
    BARRED = "barred"
    REFUSED = "refused"
    PARTLY = "partly"


FAULTS: Final = {
    AwayError: Fault.AWAY,
    BarredError: Fault.BARRED,
    RefusedError: Fault.REFUSED,
    PartlyError: Fault.PARTLY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """See the settings of the same names.

    Parameters
    ----------
    first_us, longest_us
        The pause after a first failure, and the longest one.
    keep_us
        What is older is given up.
    patience_us
        A peer that is away for this long makes an alarm.
    """

    first_us: int
    longest_us: int
    keep_us: int
    patience_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a channel fares.

    Parameters
    ----------
    success_us
        When its peer last took a notice, or answered when it was asked.
    failing_us
        Since when it has failed; None if it does not.
    alarmed_us
        When that became an alarm; None if it is none.
    """

    channel: str
    success_us: int | None = None
    failing_us: int | None = None
    fault: Fault | None = None
    why: str = ""
    alarmed_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What is now so of a notice."""

    state: State
    due_us: int
    attempts: int
    why: str


def pause_us(failures: int, *, rules: RetryRules, rng: Random) -> int:
    """How long to rest after so many failures in a row: doubled each time, bounded, and between half and all of that."""
    whole = min(rules.longest_us, rules.first_us << min(failures - 1, MOST_DOUBLINGS))
    return round(whole * rng.uniform(0.5, 1.0))


def fate_of(parcel: Parcel, error: ChannelError | None, *, now_us: int, rules: RetryRules, rng: Random) -> Fate:
    """What becomes of a notice after an attempt, which an error tells to have failed.

    A test is tried once.
    """
    attempts = parcel.attempts + 1
    if error is None:
        return Fate(state=State.SENT, due_us=now_us, attempts=attempts, why="")
    if isinstance(error, PartlyError):
        return Fate(state=State.PARTLY, due_us=now_us, attempts=attempts, why=str(error))
    if isinstance(error, RefusedError):
        return Fate(state=State.REFUSED, due_us=now_us, attempts=attempts, why=str(error))
    due_us = now_us + pause_us(attempts, rules=rules, rng=rng)
    ends = parcel.notice.kind is Kind.TEST or due_us - parcel.notice.at_us > rules.keep_us
    state = State.GIVEN_UP if ends else State.WAITING
    return Fate(state=state, due_us=due_us, attempts=attempts, why=str(error))


def after_success(health: Health, *, now_us: int) -> Health:
    """A channel whose peer took something, or answered."""
    return Health(channel=health.channel, success_us=now_us)


def after_fault(health: Health, error: ChannelError, *, now_us: int, rules: RetryRules) -> Health:
    """A channel after a failure; an alarm once it has lasted, or at once if time alone does not mend it."""
    since_us = now_us if health.failing_us is None else health.failing_us
    fault = FAULTS[type(error)]
    lasting = fault is not Fault.AWAY or now_us - since_us >= rules.patience_us
    alarmed_us = now_us if health.alarmed_us is None and lasting else health.alarmed_us
    return replace(health, failing_us=since_us, fault=fault, why=str(error), alarmed_us=alarmed_us)
