"""The vocabulary of simulated air: waveforms, and single transmissions of phones.

A waveform can be asked for its samples at any times, at any rate, around any centre, so that every sensor hears the same
transmission on its own grid. Nothing here knows a technology, a place or a receiver.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import numpy as np

from detector.types import FloatArray, Iq, Label

__all__ = ["Span", "Transmission", "Waveform", "front_end_gain", "oscillator"]

FLAT_SHARE: Final = 0.35
EDGE_LOSS_DB: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Sample times and the band of a receiver, in a waveform's own terms.

    Parameters
    ----------
    first_s
        Time of the first sample, counted from the waveform's start; negative before it.
    count
        How many samples.
    sample_rate_hz
        Samples per second.
    offset_hz
        Where the waveform's carrier lies, from the centre of the receiver's band.
    """

    first_s: float
    count: int
    sample_rate_hz: float
    offset_hz: float


class Waveform(Protocol):
    """The complex envelope of one transmission, of unit mean power between its start and its end."""

    @property
    def ramp_s(self) -> float:
        """How long it already sounds before its start, and still after its end."""
        ...

    def render(self, span: Span) -> Iq:
        """Samples at the times and in the band of a receiver, shape (span.count,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transmission:
    """What a phone sends for one slot.

    Parameters
    ----------
    start_s, duration_s
        When it is on air, seconds since the epoch, without ramps.
    carrier_hz
        What the waveform's frequencies count from.
    lower_hz, upper_hz
        Edges of the occupied band as offsets from ``carrier_hz``.
    level_db
        Over the phone's nominal power.
    """

    label: Label
    start_s: float
    duration_s: float
    carrier_hz: float
    lower_hz: float
    upper_hz: float
    level_db: float
    waveform: Waveform


@lru_cache(maxsize=256)
def front_end_gain(lowest_hz: float, spacing_hz: float, count: int, sample_rate_hz: float) -> FloatArray:
    """Amplitude that a receiver's filter leaves of tones, by their offsets from its centre, shape (count,).

    Flat in the middle, down by some 5 dB at the edges as is measured on dongles, nothing beyond them.
    """
    share = np.abs(lowest_hz + spacing_hz * np.arange(count)) / sample_rate_hz
    beyond = np.clip((share - FLAT_SHARE) / (0.5 - FLAT_SHARE), 0.0, 1.0)
    gain = 10 ** (-EDGE_LOSS_DB / 20 * np.sin(np.pi / 2 * beyond) ** 2)
    return np.where(share <= 0.5, gain, 0.0).astype(np.float32)


@lru_cache(maxsize=256)
def oscillator(count: int, cycles_per_sample: float) -> Iq:
    """A tone of magnitude 1 from phase zero, shape (count,)."""
    return np.asarray(np.exp(2j * np.pi * cycles_per_sample * np.arange(count)), np.complex64)
