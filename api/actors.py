"""Who does something to an alert: a person by the name that came with the request, or the hub itself.

There are no accounts yet. A person's name is a claim that nobody checked: it is stored and told as not verified, and it
opens nothing but what the settings grant to that name. Accounts will replace :func:`claimed`, and nothing else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

__all__ = ["HUB", "MAX_NAME", "Actor", "ActorError", "ActorKind", "claimed"]

MAX_NAME: Final = 80


class ActorError(ValueError):
    """A name that nobody can have."""


class ActorKind(StrEnum):
    """What an actor is."""

    PERSON = "person"
    HUB = "hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something.

    Parameters
    ----------
    verified
        Whether the hub knows that it is so, rather than being told.
    see_places
        Whether the actor may see where sensors stand, and change the site.
    """

    name: str
    kind: ActorKind
    verified: bool
    see_places: bool = False


HUB: Final = Actor(name="hub", kind=ActorKind.HUB, verified=True)


def claimed(name: str, *, engineers: Collection[str]) -> Actor:
    """The person of a name that came with a request.

    Parameters
    ----------
    name
        Percent-encoded UTF-8, so that any name fits into a header.
    engineers
        Names that may see sensors' places.

    Raises
    ------
    ActorError
        If it is no name.
    """
    try:
        told = " ".join(unquote(name, errors="strict").split())
    except UnicodeDecodeError as error:
        raise ActorError("not percent-encoded UTF-8") from error
    if not 0 < len(told) <= MAX_NAME or not told.isprintable():
        raise ActorError(f"expected a name of 1 to {MAX_NAME} printable characters")
    return Actor(name=told, kind=ActorKind.PERSON, verified=False, see_places=told in engineers)
