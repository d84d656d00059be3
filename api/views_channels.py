"""What callers are given of channels, as JSON."""

from enum import StrEnum

from api.delivery import Fate, Fault, Health, State
from api.outgoing import Tally
from api.views import Utc, View, instant

__all__ = ["ChannelState", "ChannelView", "FareView", "TrialView", "channel_view", "fare_view", "trial_view"]


class ChannelState(StrEnum):
    """How a channel fares."""

    UNTRIED = "untried"
    DELIVERS = "delivers"
    FAILING = "failing"
    ALARM = "alarm"


class FareView(View):
    """How a channel fares, as the feed tells it when that changes."""

    name: str
    type: str
    state: ChannelState
    last_success_utc: Utc | None
    failing_since_utc: Utc | None
    fault: Fault | None
    alarmed_utc: Utc | None
    why: str


class ChannelView(FareView):
    """A channel: where it leads, how it fares, what waits, and what it never delivered."""

    target: str
    waiting: int
    waiting_since_utc: Utc | None
    lost: int


class TrialView(View):
    """What became of a test; ``waiting`` means that the peer has not answered yet."""

    state: State
    why: str


def state_of(health: Health) -> ChannelState:
    """How a channel fares, in a word."""
    if health.alarmed_us is not None:
        return ChannelState.ALARM
    if health.failing_us is not None:
        return ChannelState.FAILING
    return ChannelState.UNTRIED if health.success_us is None else ChannelState.DELIVERS


def fare_view(health: Health, *, kind: str) -> FareView:
    """How a channel fares, as callers see it."""
    return FareView(
        name=health.channel,
        type=kind,
        state=state_of(health),
        last_success_utc=instant(health.success_us),
        failing_since_utc=instant(health.failing_us),
        fault=health.fault,
        alarmed_utc=instant(health.alarmed_us),
        why=health.why,
    )


def channel_view(health: Health, tally: Tally, *, kind: str, target: str) -> ChannelView:
    """A channel as callers see it."""
    return ChannelView(
        **fare_view(health, kind=kind).model_dump(),
        target=target,
        waiting=tally.waiting,
        waiting_since_utc=instant(tally.oldest_us),
        lost=tally.lost,
    )


def trial_view(fate: Fate | None) -> TrialView:
    """What became of a test, as callers see it."""
    if fate is None:
        return TrialView(state=State.WAITING, why="the channel has not tried it yet")
    return TrialView(state=fate.state, why=fate.why)
