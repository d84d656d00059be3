"""From a phone to a sensor: path loss, walls, floors, shadowing and slow fading.

Log-distance loss with a loss for each wall and floor, shadowing that belongs to a cell and a sensor for good, and for
each episode a Ricean channel of a few paths. A pure function of the seed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.site import Cell, SensorPlace
from sdr.synthetic.population import Phone
from sdr.synthetic.streams import Use, stream

__all__ = ["Building", "Channel", "channel", "loss_db", "shadowing_db"]

STOREY_M: Final = 3.0
CELL_M: Final = 5.0
WING_M: Final = 32.0
REFERENCE_LOSS_DB: Final = 31.5
"""Free space, 1 m, 900 MHz."""

PATHS: Final = 8
RICE_DB: Final = 6.0
DOPPLER_HZ: Final = 1.5
DELAY_S: Final = 100e-9
"""Power of the direct path over the others together; how fast a phone in a hand moves; how long an echo indoors takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What the building does to radio.

    Parameters
    ----------
    exponent
        Of the loss over distance.
    wall_db, floor_db
        Loss of each inner wall and of each floor.
    wing_db
        Loss of the outer walls between two neighbouring wings.
    shadowing_db
        Spread of what is peculiar to a cell and a sensor.
    """

    exponent: float = 2.4
    wall_db: float = 3.0
    floor_db: float = 11.0
    wing_db: float = 6.0
    shadowing_db: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channel:
    """A Ricean channel of unit mean power; each array of shape (PATHS + 1,)."""

    amplitude: NDArray[np.complex128]
    doppler_hz: NDArray[np.float64]
    delay_s: NDArray[np.float64]

    def gain(self, time_s: float, frequency_hz: float) -> complex:
        """Its value at a time, at an offset from some middle frequency."""
        turns = self.doppler_hz * time_s - self.delay_s * frequency_hz
        return complex(self.amplitude @ np.exp(2j * np.pi * turns))


def loss_db(phone: Phone, sensor: SensorPlace, building: Building) -> float:
    """Mean loss between a phone and a sensor, without shadowing."""
    across = np.subtract(phone.place_m, sensor.place_m)
    distance_m = max(1.0, float(np.linalg.norm(across)))
    flat_m = float(np.hypot(across[0], across[1]))
    walls = 1 + min(4.0, flat_m / CELL_M)
    floors = round(abs(float(across[2])) / STOREY_M)
    outer_db = 0.0 if phone.cell.wing == sensor.wing else building.wing_db * max(1.0, flat_m / WING_M)
    spread_db = 10 * building.exponent * np.log10(distance_m)
    return float(REFERENCE_LOSS_DB + spread_db + building.wall_db * walls + building.floor_db * floors + outer_db)


def shadowing_db(cell: Cell, sensor: SensorPlace, building: Building, *, seed: int) -> float:
    """What is peculiar to a cell and a sensor; the same whatever else the site has."""
    return float(stream(seed, Use.SHADOWING, cell.name, sensor.name).normal(0, building.shadowing_db))


def channel(episode: int, sensor: SensorPlace, *, seed: int) -> Channel:
    """The fading of one episode at one sensor."""
    rng = stream(seed, Use.FADING, episode, sensor.name)
    direct = 10 ** (RICE_DB / 10)
    power = np.concatenate(([direct], np.full(PATHS, 1 / PATHS))) / (1 + direct)
    return Channel(
        amplitude=np.sqrt(power) * np.exp(2j * np.pi * rng.random(PATHS + 1)),
        doppler_hz=DOPPLER_HZ * np.cos(2 * np.pi * rng.random(PATHS + 1)),
        delay_s=rng.exponential(DELAY_S, PATHS + 1),
    )
