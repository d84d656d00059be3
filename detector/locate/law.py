"""The law of propagation as a linear model: what may add to the loss between a place and a sensor, and how much.

Each term is a feature of the geometry with a prior in decibels. The priors are what is known of prisons in general; what
holds at one site is learned. No term fixes the form of the loss: heights and sensors have values of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from detector.locate.ground import Ground, Mask, Real

__all__ = ["GAIN", "Law", "law_of"]

GAIN: Final = "loss in "
"""The term of a sensor bears its name behind this."""

SENSOR_SD_DB: Final = 2.5
"""Spread of the sensors' gains: cables, antennas, and the deaf that nobody noticed."""

STOREY_M: Final = 3.0
HEIGHT_STEP_M: Final = 0.5
HEIGHT_SD_DB: Final = 4.0
MIN_DISTANCE_M: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Law:
    """Features of every pair of place and sensor, and the prior of their coefficients.

    Parameters
    ----------
    names
        One a coefficient; ``GAIN`` and a sensor's name is what it hears less than the others.
    features
        Shape (n_places, n_sensors, n_terms): what one unit of each coefficient adds to the received level.
    mean, sd
        Shape (n_terms,): Gaussian prior, independent [dB per unit of the feature].
    """

    names: tuple[str, ...]
    features: Real
    mean: Real
    sd: Real


Term: TypeAlias = tuple[str, Real | Mask, float, float]
"""Name, feature of shape (n_places, n_sensors), prior mean and spread of the *loss* that a unit adds [dB]."""


def law_of(ground: Ground) -> Law:
    """The terms of a site's law.

    The form follows ITU-R P.1238 (distance power law and floors) and the multi-wall model of COST 231 (walls). The priors
    are judgement, wide on purpose: an exponent of 2.7 ± 0.4, 12 ± 5 dB a storey, two or three walls between wings.
    """
    terms = [*distance_terms(ground), *height_terms(ground), *wall_terms(ground), *gain_terms(ground)]
    return Law(
        names=tuple(name for name, *_ in terms),
        features=-np.stack([feature for _, feature, *_ in terms], axis=2, dtype=float),
        mean=np.array([mean for *_, mean, _ in terms]),
        sd=np.array([sd for *_, sd in terms]),
    )


def distance_terms(ground: Ground) -> Iterator[Term]:
    """Loss over distance: one exponent for all, others for one's own wing and for one's own corridor."""
    decades = np.log10(np.maximum(MIN_DISTANCE_M, np.linalg.norm(ground.delta_m, axis=2)))
    yield "distance", decades, 27.0, 4.0
    yield "distance in the wing", decades * ground.same_wing, 0.0, 4.0
    level = ground.same_wing & (np.abs(ground.delta_m[:, :, 2]) < 0.75 * STOREY_M)
    yield "distance along the corridor", decades * level, 0.0, 4.0


def height_terms(ground: Ground) -> Iterator[Term]:
    """Loss over height: a loss a metre, and indoors a value of its own for each difference of height that occurs."""
    rise = ground.delta_m[:, :, 2]
    yield "height", np.abs(rise), 4.0, 1.5
    steps = np.round(rise / HEIGHT_STEP_M).astype(int)
    for step in np.unique(steps[: len(ground.spots)]):
        yield f"height {step * HEIGHT_STEP_M:+.1f} m", (steps == step) & ground.indoors, 0.0, HEIGHT_SD_DB


def wall_terms(ground: Ground) -> Iterator[Term]:
    """Loss in walls: a metre along or across the rows of cells, and the way out of one wing into another."""
    flat = ground.delta_m[:, :, :2]
    along = np.abs(np.einsum("psi,pi->ps", flat, ground.axes))
    across = np.sqrt(np.maximum(0.0, (flat**2).sum(axis=2) - along**2))
    yield "along the rows", along, 0.5, 0.4
    yield "across the rows", across, 0.1, 0.2
    yield "between wings", ~ground.same_wing, 14.0, 7.0
    yield "from outside", ~ground.indoors, 0.0, 4.0
    yield "to the perimeter", ground.indoors & ground.perimeter, 0.0, 4.0


def gain_terms(ground: Ground) -> Iterator[Term]:
    """What each sensor hears less than its place explains."""
    for index, sensor in enumerate(ground.sensors):
        feature = np.zeros(ground.delta_m.shape[:2])
        feature[:, index] = 1.0
        yield GAIN + sensor.name, feature, 0.0, SENSOR_SD_DB
