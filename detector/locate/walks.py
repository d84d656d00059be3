"""Walk tests: what sensors heard of a phone carried to known cells, and how that replaces the law there.

The test phone's power need not be known, only the same over one stop. Nothing is stored here; who walked, when and with
which phone is another's business.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.locate.evidence import Episodes, Field
from detector.locate.ground import Real

__all__ = ["Walks", "no_walks", "surplus", "walked"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Walks:
    """Stops of walk tests.

    Parameters
    ----------
    stops
        What was heard, one stop an episode; several stops in one cell are averaged.
    spots
        Shape (n_stops,): index of the cell of each stop.
    """

    stops: Episodes
    spots: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.stops) != len(self.spots):
            raise ValueError(f"{len(self.stops)} stops in {len(self.spots)} cells; expected as many")


def no_walks(n_sensors: int) -> Walks:
    """Of a site in which nobody walked."""
    nothing = np.zeros((0, n_sensors))
    return Walks(stops=Episodes(levels_db=nothing, poi=nothing), spots=np.zeros(0, np.int64))


def surplus(field: Field, walks: Walks) -> Real:
    """Levels heard at each stop beyond the expected ones, the stop's own power taken out; not a number where not heard.

    Returns
    -------
    Real
        Shape (n_stops, n_sensors) [dB].
    """
    beyond = walks.stops.levels_db - field.mean_db[walks.spots]
    weight = np.where(walks.stops.heard, field.spread_db[walks.spots] ** -2.0, 0.0)
    power = np.nansum(beyond * weight, axis=1) / weight.sum(axis=1)
    return np.asarray(beyond - power[:, None])


def walked(field: Field, walks: Walks, *, shared: float) -> Field:
    """The field with walk tests in place of the law, as far as they reach.

    Parameters
    ----------
    shared
        Share of the field's variance that is fixed for a pair of cell and sensor; the rest comes anew each time.
    """
    if not len(walks.spots):
        return field
    beyond = surplus(field, walks)
    count, total = np.zeros_like(field.mean_db), np.zeros_like(field.mean_db)
    np.add.at(count, walks.spots, walks.stops.heard)
    np.add.at(total, walks.spots, np.nan_to_num(beyond))
    own, anew = shared * field.spread_db**2, (1 - shared) * field.spread_db**2
    fixed = own / (own * count + anew)
    return replace(
        field,
        mean_db=field.mean_db + fixed * total,
        spread_db=np.sqrt(fixed * anew + anew),
    )
