"""Waveforms that are sums of evenly spaced tones: what every LTE transmission is.

Each symbol is summed from its tones at the very times of the samples, so that no sample rate of LTE's own is needed, and
the tones that a receiver's filter takes away are left out. Nothing here knows what the tones mean.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.types import Iq
from sdr.synthetic.transmission import Span, front_end_gain, oscillator

__all__ = ["Spectrum", "Tones"]

Spectrum = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tones:
    """Symbols one after the other, each a set of tones behind its cyclic prefix.

    Parameters
    ----------
    prefixes_s
        Length of each symbol's cyclic prefix.
    useful_s
        Length of each symbol without it.
    lowest_hz, spacing_hz
        Frequency of the first tone from the carrier, and the distance of two.
    spectra
        Shape (n_symbols, n_tones): value of each tone at the beginning of the useful part. The sum of the squares of a
        symbol is its power.
    """

    prefixes_s: tuple[float, ...]
    useful_s: float
    lowest_hz: float
    spacing_hz: float
    spectra: Spectrum

    @property
    def duration_s(self) -> float:
        """From the first symbol's prefix to the last one's end."""
        return sum(self.prefixes_s) + self.useful_s * len(self.prefixes_s)

    @property
    def ramp_s(self) -> float:
        """It begins and ends at once."""
        return 0.0

    def render(self, span: Span) -> Iq:
        """Samples at the times and in the band of a receiver, shape (span.count,)."""
        rate = span.sample_rate_hz
        prefixes_s = np.array(self.prefixes_s)
        edges_s = np.cumsum([0.0, *(prefixes_s + self.useful_s)])
        # A sample that lies on an edge but for rounding belongs to the symbol that begins there.
        edges = np.clip(np.ceil((edges_s - span.first_s) * rate - 1e-6), 0, span.count).astype(int)
        time_s = span.first_s + edges[:-1] / rate
        tone_hz = self.lowest_hz + self.spacing_hz * np.arange(self.spectra.shape[1])
        cycles = np.outer(time_s - edges_s[:-1] - prefixes_s, tone_hz) + (time_s * span.offset_hz)[:, None]
        gain = front_end_gain(self.lowest_hz + span.offset_hz, self.spacing_hz, tone_hz.size, rate)
        values = (self.spectra * gain * np.exp(2j * np.pi * cycles)).astype(np.complex64)
        longest = int(np.diff(edges).max())
        sums = tone_matrix(longest, tone_hz.size, self.spacing_hz / rate) @ values.T
        sums *= oscillator(longest, (self.lowest_hz + span.offset_hz) / rate)[:, None]
        out = np.zeros(span.count, np.complex64)
        for symbol, (first, stop) in enumerate(pairwise(edges)):
            out[first:stop] = sums[: stop - first, symbol]
        return out


@lru_cache(maxsize=32)
def tone_matrix(count: int, tones: int, spacing: float) -> NDArray[np.complex64]:
    """Tones side by side, the first at zero, shape (count, tones); their distance in cycles a sample."""
    cycles = (np.outer(np.arange(count), np.arange(tones)) * spacing) % 1.0
    return np.asarray(np.exp(np.complex64(2j * np.pi) * cycles.astype(np.float32)))
