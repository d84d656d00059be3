"""What a proof is: a claim, one trial as a function of its seed, and the bounds that its shares must keep.

Values alone. A trial says what it counted, as shares (hits of so many) and rates (events in so many hours); nothing here
runs one, adds them up or judges them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Bound", "Outcome", "Outcomes", "Proof", "Rate", "Share", "Trial"]


@dataclass(frozen=True, slots=True)
class Share:
    """Hits among trials, such as bursts found among bursts sent.

    ``effective`` says how many independent trials would tell as much, where those of one group share a fate; None where
    all are independent.
    """

    hits: int
    trials: int
    effective: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """Events in a time, such as false detections in hours of quiet air."""

    events: int
    hours: float


Outcome: TypeAlias = bool | Share | Rate
"""A truth value counts as a share of one trial."""

Outcomes: TypeAlias = Mapping[str, Outcome]
"""What one trial counted, by name; each trial may count other things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a trial counted, and how long it took."""

    outcomes: Outcomes
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What is claimed of one share, or of one rate in events an hour.

    Parameters
    ----------
    about
        The name under which the trials count it.
    at_least, at_most
        Where the true value lies, if the claim holds.
    """

    about: str
    at_least: float = 0.0
    at_most: float = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A claim about the product, and how it is tested.

    Parameters
    ----------
    claim
        One sentence.
    count
        Trials of a whole proof.
    few
        Trials of a quick look, as continuous integration takes at each change.
    trial
        One trial: a function of the module's top level, so that other processes can run it; all of its randomness comes
        from its seed.
    bounds
        None for a proof that only measures.
    parallel
        Whether trials may run beside each other in processes of their own.
    """

    name: str
    claim: str
    count: int
    few: int
    trial: Callable[[int], Outcomes]
    bounds: tuple[Bound, ...] = ()
    parallel: bool = True
