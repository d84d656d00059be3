"""The answer: a probability for each cell, for the permitted zones and for outside.

Nothing is learned from the episode that is asked about.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from detector.locate.evidence import Episodes, weigh
from detector.locate.ground import Ground, Real
from detector.locate.learning import State, field_of

__all__ = ["Posterior", "posterior", "posteriors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Where a phone probably is; the probabilities sum to one.

    Parameters
    ----------
    cells
        By the cell's name, likeliest first.
    permitted
        In any zone in which phones are permitted.
    outside
        Outside the perimeter.
    """

    cells: Mapping[str, float]
    permitted: float
    outside: float

    def wings(self, ground: Ground) -> Mapping[str, float]:
        """Probability of each wing's cells, likeliest first."""
        totals: dict[str, float] = {}
        for spot in ground.spots:
            totals[spot.wing] = totals.get(spot.wing, 0.0) + self.cells.get(spot.name, 0.0)
        return dict(sorted(totals.items(), key=lambda item: -item[1]))


def posteriors(ground: Ground, state: State, episodes: Episodes) -> tuple[Posterior, ...]:
    """Where the phone of each episode probably is."""
    weighed = weigh(episodes, field_of(ground, state), state.places, state.power)
    return tuple(answer(ground, places) for chunk in weighed for places in chunk.places)


def posterior(ground: Ground, state: State, levels_db: Real, poi: Real) -> Posterior:
    """Where the phone of one episode probably is.

    Parameters
    ----------
    levels_db, poi
        Shape (n_sensors,); as in :class:`Episodes`.
    """
    (one,) = posteriors(ground, state, Episodes(levels_db=levels_db[None], poi=poi[None]))
    return one


def answer(ground: Ground, places: Real) -> Posterior:
    """A posterior of places, shape (n_places,), in the words of the site."""
    n_spots = len(ground.spots)
    spots = [(ground.spots[index], float(places[index])) for index in np.argsort(-places[:n_spots], kind="stable")]
    return Posterior(
        cells={spot.name: chance for spot, chance in spots if not spot.permitted},
        permitted=sum(chance for spot, chance in spots if spot.permitted),
        outside=float(places[n_spots:].sum()),
    )
