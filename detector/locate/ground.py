"""What location knows of a site before anything is heard: places, sensors, and how they lie to each other.

Plain values and geometry, from which nothing is inferred: where a phone may be (cells, permitted zones, and a grid of
places outside), where the sensors stand and from which level they hear.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ground", "Mask", "Real", "Sensor", "Spot", "ground_of"]

Real: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Point: TypeAlias = tuple[float, float, float]

NEAR_M: Final = 10.0
"""A sensor that is not on the perimeter belongs to the wing of its nearest spot, if that is no further."""

OUTSIDE_STEP_M: Final = 15.0
OUTSIDE_RINGS_M: Final = (12.0, 24.0, 40.0, 60.0)
"""Distances from the buildings at which places outside are tried."""

OUTSIDE_HEIGHT_M: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A cell, or a zone in which phones are permitted: the middle and the size of its box [m]."""

    name: str
    wing: str
    centre_m: Point
    size_m: Point = (4.0, 2.5, 3.0)
    permitted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A sensor: its place [m], and the level from which it detects a phone [dB], in the unit of its reports."""

    name: str
    place_m: Point
    limit_db: float
    perimeter: bool = False


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Places and sensors of a site; places are the spots in their order, then the grid outside.

    Parameters
    ----------
    outside_m
        Shape (n_outside, 3): the grid of places outside [m].
    """

    spots: tuple[Spot, ...]
    sensors: tuple[Sensor, ...]
    outside_m: Real = field(repr=False)

    @cached_property
    def places_m(self) -> Real:
        """Shape (n_places, 3): every place [m]."""
        return np.vstack([[spot.centre_m for spot in self.spots], self.outside_m])

    @cached_property
    def sensors_m(self) -> Real:
        """Shape (n_sensors, 3): where the sensors stand [m]."""
        return np.array([sensor.place_m for sensor in self.sensors], float)

    @cached_property
    def limits_db(self) -> Real:
        """Shape (n_sensors,): the level from which each sensor hears."""
        return np.array([sensor.limit_db for sensor in self.sensors], float)

    @cached_property
    def delta_m(self) -> Real:
        """Shape (n_places, n_sensors, 3): from place to sensor [m]."""
        return self.sensors_m[None] - self.places_m[:, None]

    @cached_property
    def place_wings(self) -> tuple[str | None, ...]:
        """The wing of each place; None outside."""
        return tuple(spot.wing for spot in self.spots) + (None,) * len(self.outside_m)

    @cached_property
    def sensor_wings(self) -> tuple[str | None, ...]:
        """The wing in or at which each sensor stands; None for one that stands apart."""
        return tuple(None if sensor.perimeter else self.wing_near(sensor) for sensor in self.sensors)

    @cached_property
    def indoors(self) -> Mask:
        """Shape (n_places, n_sensors): whether the place is a spot."""
        return np.repeat(np.arange(len(self.places_m)) < len(self.spots), len(self.sensors)).reshape(
            self.same_wing.shape
        )

    @cached_property
    def perimeter(self) -> Mask:
        """Shape (n_sensors,): whether the sensor stands on the perimeter."""
        return np.array([sensor.perimeter for sensor in self.sensors], bool)

    def wing_near(self, sensor: Sensor) -> str | None:
        """The wing of the spot nearest to a sensor."""
        distance = np.linalg.norm(self.places_m[: len(self.spots)] - sensor.place_m, axis=1)
        nearest = int(distance.argmin())
        return self.spots[nearest].wing if distance[nearest] <= NEAR_M else None

    @cached_property
    def same_wing(self) -> Mask:
        """Shape (n_places, n_sensors): whether place and sensor are in one wing."""
        return np.array([[w is not None and w == s for s in self.sensor_wings] for w in self.place_wings], bool)

    @cached_property
    def axes(self) -> Real:
        """Shape (n_places, 2): the horizontal direction in which the rows of each place's wing run.

        Places outside take that of the nearest spot.
        """
        centres = self.places_m[: len(self.spots), :2]
        by_wing = {
            wing: principal(centres[[spot.wing == wing for spot in self.spots]])
            for wing in dict.fromkeys(spot.wing for spot in self.spots)
        }
        nearest = np.linalg.norm(self.places_m[:, None, :2] - centres[None], axis=2).argmin(axis=1)
        return np.array([by_wing[self.spots[index].wing] for index in nearest])


def principal(points: Real) -> Real:
    """Unit vector along which points, shape (n, 2), spread most."""
    _, vectors = np.linalg.eigh(np.cov(points.T) if len(points) > 1 else np.eye(2))
    return np.asarray(vectors[:, -1], float)


def ground_of(spots: tuple[Spot, ...], sensors: tuple[Sensor, ...]) -> Ground:
    """A site with its grid of places outside.

    Raises
    ------
    ValueError
        If there is no spot or no sensor, or if a name stands twice.
    """
    for what, names in (("spot", [s.name for s in spots]), ("sensor", [s.name for s in sensors])):
        if not names:
            raise ValueError(f"the site has no {what}")
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{what} {min(doubled)!r} stands twice")
    return Ground(spots=spots, sensors=sensors, outside_m=outside_of(spots))


def outside_of(spots: tuple[Spot, ...]) -> Real:
    """Places on rectangles around the spots, shape (n_outside, 3) [m]."""
    centres, halves = np.array([s.centre_m for s in spots]), np.array([s.size_m for s in spots]) / 2
    low, high = (centres - halves).min(axis=0)[:2], (centres + halves).max(axis=0)[:2]
    rings = [rectangle(low - ring, high + ring) for ring in OUTSIDE_RINGS_M]
    flat = np.vstack(rings)
    height = centres[:, 2].min() - halves[:, 2].max() + OUTSIDE_HEIGHT_M
    return np.column_stack([flat, np.full(len(flat), height)])


def rectangle(low: Real, high: Real) -> Real:
    """Points along the edges of a rectangle, shape (n, 2), about ``OUTSIDE_STEP_M`` apart."""
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1]), low])
    sides = []
    for start, stop in pairwise(corners):
        count = max(1, round(float(np.linalg.norm(stop - start)) / OUTSIDE_STEP_M))
        sides.append(start + (stop - start) * np.arange(count)[:, None] / count)
    return np.vstack(sides)
