"""Which sensors hear less than their places explain: a lost antenna, a wet connector, a cupboard moved in front."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detector.locate.ground import Ground
from detector.locate.law import GAIN
from detector.locate.learning import State

__all__ = ["Deaf", "deaf_sensors"]

DEAF_DB: Final = 3.5
"""A sensor that hears so much less than its peers is called deaf,"""

SURE: Final = 3.0
"""if that is so many standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deaf:
    """A sensor that hears less than its peers, by how much, and the standard deviation of that [dB]."""

    sensor: str
    loss_db: float
    spread_db: float


def deaf_sensors(ground: Ground, state: State) -> tuple[Deaf, ...]:
    """Sensors that are probably deaf, worst first.

    A sensor inside is held against the others inside, one on the perimeter against the others there.
    """
    gains = {sensor.name: state.law.names.index(GAIN + sensor.name) for sensor in ground.sensors}
    found = []
    for perimeter in (False, True):
        peers = [sensor.name for sensor in ground.sensors if sensor.perimeter == perimeter]
        loss = np.array([state.terms[gains[name]] for name in peers])
        spread = np.array([state.covariance[gains[name], gains[name]] for name in peers]) ** 0.5
        usual = np.quantile(loss, 0.5, method="lower") if peers else 0.0
        found += [
            Deaf(sensor=name, loss_db=float(excess), spread_db=float(unsure))
            for name, excess, unsure in zip(peers, loss - usual, spread, strict=True)
            if excess > max(DEAF_DB, SURE * unsure)
        ]
    return tuple(sorted(found, key=lambda deaf: -deaf.loss_db))
