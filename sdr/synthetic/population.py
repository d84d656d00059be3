"""Who is in the simulated prison: its phones, their cells, and the mobile networks around it.

One GSM operator with a sector for each wing, one LTE carrier beside it in the same 900 MHz uplink. Which phone lies where,
how loud it speaks and how far its carrier is off is drawn from the seed; nothing here knows when it speaks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from detector.gsm.standard import FRAME_S
from detector.site import Cell, Point, Site
from detector.types import Technology
from sdr.synthetic.gsm_phone import GsmRadio, Sector
from sdr.synthetic.lte_phone import LteRadio
from sdr.synthetic.lte_waveform import LteCarrier
from sdr.synthetic.streams import Use, stream

__all__ = ["ARFCNS", "CENTRE_HZ", "LTE_CARRIER", "SAMPLE_RATE_HZ", "Phone", "populate"]

CENTRE_HZ: Final = 897.0e6
SAMPLE_RATE_HZ: Final = 1.92e6
"""Enough for the whole LTE carrier (896.06 to 897.14 MHz) and three GSM carriers beside it (897.3 to 897.9 MHz)."""

LTE_CARRIER: Final = LteCarrier(earfcn=21616, centre_hz=896.6e6, blocks=6, cell=120, root=129)
ARFCNS: Final = (37, 38, 39)
TRAINING_SEQUENCES: Final = (2, 5, 7)

PHONES_PER_WING: Final = 6
GSM_POWER_DBM: Final = (8.0, 3.0)
LTE_BLOCK_POWER_DBM: Final = (4.0, 3.0)
CARRIER_ERROR_HZ: Final = 40.0
"""Mean and spread of the power under power control, and spread of the error that is left of a tracked carrier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone, where it lies, and what it may use of the network.

    Parameters
    ----------
    place_m
        Somewhere in its cell.
    power_dbm
        Of a burst of GSM under power control, or of one resource block of LTE.
    """

    number: int
    cell: Cell
    place_m: Point
    power_dbm: float
    radio: GsmRadio | LteRadio

    @property
    def technology(self) -> Technology:
        """What it speaks."""
        return Technology.GSM if isinstance(self.radio, GsmRadio) else Technology.LTE

    def clashes(self, other: "Phone") -> bool:
        """Whether the network would not let both speak at once as they are placed here."""
        ours, theirs = self.radio, other.radio
        if isinstance(ours, GsmRadio):
            return isinstance(theirs, GsmRadio) and ours.clashes(theirs)
        return isinstance(theirs, LteRadio) and ours.clashes(theirs)


def populate(site: Site, *, seed: int) -> tuple[Phone, ...]:
    """The phones of a site: in each wing as many of GSM as of LTE, in different cells.

    Raises
    ------
    ValueError
        If the site has a wing without cells, or no wing.
    """
    rng = stream(seed, Use.PHONES)
    gsm_origin_s, lte_origin_s = -FRAME_S * rng.uniform(0, 1326), -rng.uniform(0, 10.24)
    phones: list[Phone] = []
    for index, wing in enumerate(site.wings):
        cells = [cell for cell in site.cells if cell.wing == wing.name]
        if not cells:
            raise ValueError(f"wing {wing.name!r} has no cells")
        network = radios(sector_of(index, gsm_origin_s), len(phones), lte_origin_s, rng)
        for chosen in rng.permutation(len(cells))[:PHONES_PER_WING]:
            phones.append(placed(len(phones), cells[chosen], next(network), rng))
    if not phones:
        raise ValueError(f"site {site.name!r} has no wings")
    return tuple(phones)


def sector_of(wing: int, origin_s: float) -> Sector:
    """The sector that serves a wing; a fourth wing shares the first one's."""
    place = wing % len(ARFCNS)
    return Sector(
        arfcn=ARFCNS[place],
        hopping=ARFCNS,
        offset=place,
        training_sequence=TRAINING_SEQUENCES[place],
        origin_s=origin_s,
    )


def radios(sector: Sector, first: int, lte_origin_s: float, rng: np.random.Generator) -> Iterator[GsmRadio | LteRadio]:
    """GSM and LTE in turn, without end; ``first`` phones had theirs before."""
    number = first // 2
    while True:
        error_hz = rng.normal(0, CARRIER_ERROR_HZ)
        yield GsmRadio(sector=sector, signalling=number % 8, slot=2 + number % 6, error_hz=error_hz)
        yield LteRadio(carrier=LTE_CARRIER, origin_s=lte_origin_s, error_hz=rng.normal(0, CARRIER_ERROR_HZ))
        number += 1


def placed(number: int, cell: Cell, radio: GsmRadio | LteRadio, rng: np.random.Generator) -> Phone:
    """A phone somewhere in a cell, away from its walls."""
    x, y, z = (
        middle + 0.35 * size * rng.uniform(-1, 1) for middle, size in zip(cell.centre_m, cell.size_m, strict=True)
    )
    mean_dbm, spread_db = GSM_POWER_DBM if isinstance(radio, GsmRadio) else LTE_BLOCK_POWER_DBM
    return Phone(number=number, cell=cell, place_m=(x, y, z), power_dbm=rng.normal(mean_dbm, spread_db), radio=radio)
