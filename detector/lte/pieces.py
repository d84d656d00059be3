"""The samples of one segment as the LTE search holds them, and the few that it keeps of the past.

Plain values; nothing here looks for anything.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detector.lte.gate import GROUP, grouped
from detector.lte.standard import RESOURCE_BLOCK_HZ
from detector.types import FloatArray, Iq, Segment

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
    groups
        Shape (n_steps, n_groups): the power map over the floor, of all samples.
    step
        Samples of one of its steps.
    own_start, own_stop
        Bursts that begin here are this piece's to tell.
    noise
        Power of noise in one hertz.
    clipped
        Whether the receiver stood at its limit.
    """

    stretch: Stretch
    groups: FloatArray
    step: int
    own_start: int
    own_stop: int
    noise: float
    clipped: bool

    @property
    def step_s(self) -> float:
        """Length of a step [s]."""
        return self.step / self.stretch.sample_rate_hz

    @property
    def group_hz(self) -> float:
        """Width of a group [Hz]."""
        return self.stretch.sample_rate_hz / self.step * GROUP

    @property
    def block_noise(self) -> float:
        """Power of noise in one resource block."""
        return self.noise * RESOURCE_BLOCK_HZ

    def owns(self, start: int) -> bool:
        """Whether a burst that begins at a sample is this piece's to tell."""
        return self.own_start <= start < self.own_stop


def piece_of(segment: Segment, before: Piece | None) -> Piece:
    """A segment as a piece; its groups behind those of the old samples, which the piece before it had."""
    groups = grouped(segment.power, segment.floor)
    old = (segment.start - segment.iq_start) // segment.step
    if before is not None and old:
        groups = np.concatenate((before.groups[-old:], groups))
    rate = segment.tuning.sample_rate_hz
    return Piece(
        stretch=Stretch(iq=segment.iq, start=segment.iq_start, sample_rate_hz=rate),
        groups=groups,
        step=segment.step,
        own_start=segment.own_start,
        own_stop=segment.own_stop,
        noise=float(np.median(segment.floor)) * segment.floor.size / rate,
        clipped=segment.clipped > 0,
    )


def remembered(past: tuple[Piece, ...], piece: Piece) -> tuple[Piece, ...]:
    """The latest pieces, as many as may be kept."""
    most = max(1, min(HISTORY, HISTORY_SAMPLES // max(1, piece.stretch.iq.size)))
    return (*past, piece)[-most:]
