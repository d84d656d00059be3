"""The samples of one segment as the LTE search holds them, and the few that it keeps of the past.

Plain values; nothing here looks for anything.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.lte.gate import CELL_STEPS, EnergyMap, energy_map
from detector.lte.standard import RESOURCE_BLOCK_HZ
from detector.types import Iq, Segment

__all__ = ["HISTORY", "Piece", "Stretch", "piece_of", "remembered"]

HISTORY: Final = 4
"""Segments that are kept to look back into when a cell becomes known."""

HISTORY_SAMPLES: Final = 4_000_000
"""Samples that are kept for it, at most; one segment always is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Contiguous samples and where they begin."""

    iq: Iq
    start: int
    sample_rate_hz: float

    @property
    def stop(self) -> int:
        """Index one past the last sample."""
        return self.start + self.iq.size


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A segment's samples with the old ones before them.

    Parameters
    ----------
    energies
        Of all samples, over the floor.
    own_start, own_stop
        Bursts that begin here are this piece's to tell.
    noise
        Power of noise in one hertz.
    clipped
        Whether the receiver stood at its limit.
    """

    stretch: Stretch
    energies: EnergyMap
    own_start: int
    own_stop: int
    noise: float
    clipped: bool

    @property
    def cell(self) -> float:
        """Samples in the time of one cell of the energies."""
        return self.energies.cell_s * self.stretch.sample_rate_hz

    @property
    def block_noise(self) -> float:
        """Power of noise in one resource block."""
        return self.noise * RESOURCE_BLOCK_HZ

    def owns(self, start: int) -> bool:
        """Whether a burst that begins at a sample is this piece's to tell."""
        return self.own_start <= start < self.own_stop


def piece_of(segment: Segment, before: Piece | None) -> Piece:
    """A segment as a piece; its energies behind those of the old samples, which the piece before it had."""
    rate = segment.tuning.sample_rate_hz
    energies = energy_map(segment.power, segment.floor, sample_rate_hz=rate)
    cell = CELL_STEPS * segment.step
    old = (segment.start - segment.iq_start) // cell if before is not None else 0
    if before is not None and old:
        energies = replace(energies, cells=np.concatenate((before.energies.cells[-old:], energies.cells)))
    start = segment.start - old * cell
    return Piece(
        stretch=Stretch(iq=segment.iq[start - segment.iq_start :], start=start, sample_rate_hz=rate),
        energies=energies,
        own_start=segment.own_start,
        own_stop=segment.own_stop,
        noise=float(np.median(segment.floor)) * segment.floor.size / rate,
        clipped=segment.clipped > 0,
    )


def remembered(past: tuple[Piece, ...], piece: Piece) -> tuple[Piece, ...]:
    """The latest pieces, as many as may be kept."""
    most = max(1, min(HISTORY, HISTORY_SAMPLES // max(1, piece.stretch.iq.size)))
    return (*past, piece)[-most:]
