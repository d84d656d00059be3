"""What episodes are expected to say of each pair of place and sensor, while their places and powers are only probable.

The expectation half of learning: sums over episodes, additive, so that episodes can be forgotten once they are summed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import reduce
from itertools import chain

import numpy as np

from detector.locate.evidence import N_POWERS, Field, Single, Weighed, chance_of_silence
from detector.locate.ground import Real
from detector.locate.walks import Walks, surplus

__all__ = ["Sums", "no_sums", "sums_of", "walk_sums"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Expected sums over episodes: all that learning needs to keep of them.

    Parameters
    ----------
    weight, first, second
        Shape (n_places, n_sensors): how many levels (a silence counts as a level that is only bounded), and the sums of
        the levels above the phone's power and of their squares.
    places
        Shape (n_places,): episodes a place.
    powers
        Shape (N_POWERS,): episodes a power.
    """

    weight: Real
    first: Real
    second: Real
    places: Real
    powers: Real

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def scaled(self, factor: float) -> "Sums":
        """All sums times a factor."""
        return Sums(**{f.name: factor * getattr(self, f.name) for f in fields(self)})


def no_sums(n_places: int, n_sensors: int) -> Sums:
    """Of no episode."""
    nothing = np.zeros((n_places, n_sensors))
    return Sums(weight=nothing, first=nothing, second=nothing, places=np.zeros(n_places), powers=np.zeros(N_POWERS))


def sums_of(chunks: Iterable[Weighed], field: Field) -> Sums:
    """Expected sums of weighed episodes: one chunk or more, of one call of :func:`weigh`."""
    levels: list[Sums] = []
    silent: dict[float, Single] = {}
    powers_db = np.zeros(0)
    for chunk in chunks:
        levels.append(heard_sums(chunk))
        for poi, where in chunk.episodes.silences():
            silent[poi] = chunk.joint.transpose(0, 2, 1) @ where + silent.get(poi, np.float32(0))
        powers_db = chunk.powers_db
    silences = (silent_sums(count, field, powers_db, poi) for poi, count in silent.items())
    return reduce(Sums.__add__, chain(levels, silences))


def heard_sums(weighed: Weighed) -> Sums:
    """Expected sums over the levels that were heard."""
    heard, joint = weighed.episodes.heard, weighed.joint
    level = np.where(heard, weighed.episodes.levels_db, 0.0)
    places = weighed.places
    power, square = (np.tensordot((weighed.powers_db**k).astype(np.float32), joint, 1).astype(float) for k in (1, 2))
    powers = np.zeros(N_POWERS)
    powers[weighed.powers] = joint.sum(axis=(1, 2))
    return Sums(
        weight=places.T @ heard,
        first=places.T @ level - power.T @ heard,
        second=places.T @ level**2 - 2 * power.T @ level + square.T @ heard,
        places=places.sum(axis=0),
        powers=powers,
    )


def silent_sums(count: Single, field: Field, powers_db: Real, poi: float) -> Sums:
    """Expected sums over silences, of which there were ``count``, shape (n_powers, n_places, n_sensors)."""
    mean, variance = silent_level(field, powers_db, poi)
    return replace(
        no_sums(*field.mean_db.shape),
        weight=count.sum(axis=0, dtype=float),
        first=(count * mean).sum(axis=0),
        second=(count * (variance + mean**2)).sum(axis=0),
    )


def silent_level(field: Field, powers_db: Real, poi: float) -> tuple[Real, Real]:
    """Mean and variance of the level above the phone's power that a silent sensor did not hear.

    Both have shape (n_powers, n_places, n_sensors); moments of a Gaussian whose part above the limit is thinned by the
    probability of intercept.
    """
    chance, limit = chance_of_silence(field, powers_db, poi)
    pull = poi * np.exp(-(limit**2) / 2) / np.sqrt(2 * np.pi) / chance
    return field.mean_db - pull * field.spread_db, (1 - limit * pull - pull**2) * field.spread_db**2


def walk_sums(law: Field, walks: Walks) -> Sums:
    """Sums of walk tests, whose places are known; they tell nothing of where phones are, nor of their powers."""
    heard = walks.stops.heard
    level = np.where(heard, surplus(law, walks) + law.mean_db[walks.spots], 0.0)
    n_places = len(law.mean_db)
    stops = np.equal.outer(np.arange(n_places), walks.spots).astype(float)
    return Sums(
        weight=stops @ heard,
        first=stops @ level,
        second=stops @ level**2,
        places=stops.sum(axis=1),
        powers=np.zeros(N_POWERS),
    )
