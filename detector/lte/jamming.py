"""Wide-band noise that fills the uplink: an event, never a phone.

A phone leaves gaps, in time or beside its carrier; a jammer leaves none. Judged on the quietest part of the map alone, so
that no burst, however strong, can look like one.
"""

from typing import Final

import numpy as np

from detector.lte.gate import EnergyMap, box_means

__all__ = ["jammed"]

QUIETEST: Final = 0.1
"""Share of the map that is quieter than what is looked at."""

STEPS: Final = 4
WIDTH: Final = 2
"""Boxes of a millisecond and a resource block: as long as a subframe, so that gaps between subframes show."""


def jammed(energies: EnergyMap, *, level_db: float) -> bool:
    """Whether even the quietest part of a map stands a level over the floor that was learned."""
    cells = energies.cells
    if len(cells) < STEPS or cells.shape[1] < WIDTH:
        return False
    means = box_means(cells, steps=STEPS, width=WIDTH, stride=2 * STEPS, spacing=WIDTH)
    return float(np.quantile(means, QUIETEST)) > 10 ** (level_db / 10)
