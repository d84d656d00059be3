"""Where one receiver listens next: a pure function of its state, the time counted in samples, and what was heard.

Windows are visited by a policy; a stay in which something is heard may be drawn out ("linger"), within a bound. Every
window is visited again within a known time, whatever is heard elsewhere. Nothing here knows frequencies.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

__all__ = ["Policy", "Rhythm", "State", "advance", "begin", "listens_from"]


class Policy(StrEnum):
    """In what order windows are visited."""

    FIXED = "fixed"  # the first window alone
    ROUND_ROBIN = "round-robin"
    PRIORITY = "priority"  # more often where something was heard lately


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How a receiver goes through its windows.

    Parameters
    ----------
    windows
        How many it has.
    dwell_s
        How long it listens in a window in which nothing is heard.
    settle_s
        How long it hears nothing of use after tuning.
    linger_s
        By how much a stay may be drawn out at most while something is heard; zero for never.
    hold_s
        So long after the last of what was heard the window counts as quiet again.
    recent_s
        For so long a window in which something was heard is visited more often.
    favour
        How many times as often.
    """

    windows: int
    policy: Policy = Policy.ROUND_ROBIN
    dwell_s: float = 1.0
    settle_s: float = 0.05
    linger_s: float = 10.0
    hold_s: float = 0.6
    recent_s: float = 600.0
    favour: int = 4

    def __post_init__(self) -> None:
        if self.windows < 1:
            raise ValueError(f"windows={self.windows} is not positive")
        if not self.dwell_s > 0:
            raise ValueError(f"dwell_s={self.dwell_s} is not positive")
        for name in ("settle_s", "linger_s", "hold_s", "recent_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}={getattr(self, name)} is negative")
        if self.favour < 1:
            raise ValueError(f"favour={self.favour} is below 1")

    @property
    def still(self) -> bool:
        """Whether it never leaves its window."""
        return self.windows == 1 or self.policy is Policy.FIXED

    @property
    def revisit_s(self) -> float:
        """From one visit of a window to the next while nothing is heard anywhere."""
        return self.dwell_s if self.still else self.windows * (self.settle_s + self.dwell_s)

    @property
    def longest_revisit_s(self) -> float:
        """The same at the worst, with every other window busy all the time; endless for windows never visited."""
        if self.still:
            return self.dwell_s if self.windows == 1 else inf
        # By priority each other window may take the turn that it saved up and one more, at its favour.
        between = 2 * self.favour if self.policy is Policy.PRIORITY else 1
        return (1 + (self.windows - 1) * between) * (self.settle_s + self.dwell_s + self.linger_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a receiver listens.

    Parameters
    ----------
    window
        Which it is tuned to.
    since_s
        When it was tuned there.
    until_s
        When the stay ends if nothing more is heard.
    heard_s
        When something was last heard, by window.
    turns
        How much each window has had, weighted; the least is next.
    """

    window: int
    since_s: float
    until_s: float
    heard_s: tuple[float, ...]
    turns: tuple[float, ...]


def begin(rhythm: Rhythm, now_s: float = 0.0) -> State:
    """The state of a receiver that tunes to its first window."""
    nothing = State(
        window=0, since_s=now_s, until_s=now_s, heard_s=(-inf,) * rhythm.windows, turns=(0.0,) * rhythm.windows
    )
    return tuned(rhythm, nothing, 0, now_s)


def listens_from(rhythm: Rhythm, state: State) -> float:
    """When the receiver hears something of use."""
    return state.since_s + rhythm.settle_s


def advance(rhythm: Rhythm, state: State, now_s: float, *, heard: bool = False) -> State:
    """The state at a time, no earlier than the last one.

    Parameters
    ----------
    now_s
        Counted in samples of the receiver.
    heard
        Whether something that may be a phone was heard in the present window up to now.
    """
    if heard:
        heard_s = (*state.heard_s[: state.window], now_s, *state.heard_s[state.window + 1 :])
        latest_s = listens_from(rhythm, state) + rhythm.dwell_s + rhythm.linger_s
        until_s = max(state.until_s, min(now_s + rhythm.hold_s, latest_s))
        state = replace(state, heard_s=heard_s, until_s=until_s)
    if rhythm.still or now_s < state.until_s:
        return state
    return tuned(rhythm, state, chosen(rhythm, state), now_s)


def chosen(rhythm: Rhythm, state: State) -> int:
    """The next window: in turn, or the one that has had least for its weight."""
    others = [(state.window + step) % rhythm.windows for step in range(1, rhythm.windows)]
    return others[0] if rhythm.policy is Policy.ROUND_ROBIN else min(others, key=lambda window: state.turns[window])


def tuned(rhythm: Rhythm, state: State, window: int, now_s: float) -> State:
    """The state of a receiver that tunes to a window now."""
    recent = now_s - state.heard_s[window] <= rhythm.recent_s
    cost = 1 / rhythm.favour if recent and rhythm.policy is Policy.PRIORITY else 1.0
    turns = list(state.turns)
    # A window saves up one turn at most that it could not use, or two of them would later shut out the others.
    turns[window] = max(turns[window], min(turns[:window] + turns[window + 1 :], default=0.0) - 1) + cost
    return replace(
        state,
        window=window,
        since_s=now_s,
        until_s=now_s + rhythm.settle_s + rhythm.dwell_s,
        turns=tuple(turn - min(turns) for turn in turns),
    )
