"""Shelving: alerts of a sensor or a wing are not announced for a time. Pure; the time is passed in.

A shelf always ends by itself, bears a reason and the name of whoever asked for it, and is told. That of a whole wing
comes into force only once a second person has agreed. Evidence is recorded all the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from api.actors import HUB, Actor

__all__ = [
    "Shelf",
    "ShelfError",
    "ShelfKind",
    "ShelvingRules",
    "asked_for",
    "confirmed",
    "ended",
    "in_force",
    "run_out",
]


class ShelfError(ValueError):
    """A shelf that cannot be; the message names what is wrong."""


class ShelfKind(StrEnum):
    """What is shelved."""

    SENSOR = "sensor"
    WING = "wing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvingRules:
    """How long a shelf may last, and how long the first person's wish for a wing waits for the second."""

    longest_us: int
    confirm_within_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Something that is not announced.

    Parameters
    ----------
    until_us
        When it ends by itself.
    since_us
        When it came into force; None while it waits for a second person.
    ended_us, ended_by
        When it was taken back or ran out.
    """

    id: int
    kind: ShelfKind
    name: str
    reason: str
    asked_us: int
    asked_by: Actor
    until_us: int
    since_us: int | None = None
    confirmed_by: Actor | None = None
    ended_us: int | None = None
    ended_by: Actor | None = None

    def is_in_force(self, *, now_us: int) -> bool:
        """Whether it holds anything back now."""
        return self.since_us is not None and self.ended_us is None and now_us < self.until_us


def asked_for(
    kind: ShelfKind, name: str, *, reason: str, lasts_us: int, actor: Actor, rules: ShelvingRules, now_us: int
) -> Shelf:
    """A new shelf: of a sensor in force at once, of a wing once somebody else agrees.

    Raises
    ------
    ShelfError
        If it would last too long.
    """
    if not 0 < lasts_us <= rules.longest_us:
        raise ShelfError(f"seconds: {lasts_us / 1e6:g} is outside 0 to {rules.longest_us / 1e6:g}")
    return Shelf(
        id=0,
        kind=kind,
        name=name,
        reason=reason,
        asked_us=now_us,
        asked_by=actor,
        until_us=now_us + lasts_us,
        since_us=now_us if kind is ShelfKind.SENSOR else None,
    )


def confirmed(shelf: Shelf, actor: Actor, *, rules: ShelvingRules, now_us: int) -> Shelf:
    """A wing's shelf once a second person has agreed; the same if that very person had agreed before.

    Raises
    ------
    ShelfError
        If it needs nobody, is over, waited for too long, or the person is the one who asked.
    """
    if shelf.confirmed_by == actor and shelf.ended_us is None:
        return shelf
    if shelf.since_us is not None or shelf.ended_us is not None or now_us >= shelf.until_us:
        raise ShelfError(f"shelf {shelf.id} does not wait for anybody")
    if now_us - shelf.asked_us > rules.confirm_within_us:
        raise ShelfError(f"shelf {shelf.id} waited for too long; it must be asked for again")
    if actor.name.casefold() == shelf.asked_by.name.casefold():
        raise ShelfError(f"shelf {shelf.id} needs a second person; {actor.name} is the first")
    return replace(shelf, since_us=now_us, confirmed_by=actor)


def ended(shelf: Shelf, actor: Actor, *, now_us: int) -> Shelf:
    """A shelf that is taken back; the same if it was over."""
    return shelf if shelf.ended_us is not None else replace(shelf, ended_us=now_us, ended_by=actor)


def run_out(shelf: Shelf, *, rules: ShelvingRules, now_us: int) -> Shelf:
    """A shelf whose time is over, or that nobody agreed to in time; otherwise the same."""
    unconfirmed = shelf.since_us is None and now_us - shelf.asked_us > rules.confirm_within_us
    over = now_us >= shelf.until_us or unconfirmed
    return ended(shelf, HUB, now_us=min(now_us, shelf.until_us)) if over else shelf


def in_force(shelves: Iterable[Shelf], kind: ShelfKind, *, now_us: int) -> dict[str, int]:
    """Until when each thing of a kind is shelved, of those that are."""
    until: dict[str, int] = {}
    for shelf in shelves:
        if shelf.kind is kind and shelf.is_in_force(now_us=now_us):
            until[shelf.name] = max(shelf.until_us, until.get(shelf.name, 0))
    return until
