"""Waveforms that are sums of evenly spaced tones: what every LTE transmission is.

Each symbol is summed from its tones at the very times of the samples, wherever it begins between two of them, and the
tones that a receiver's filter takes away are left out. Nothing here knows what the tones mean.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.types import Iq
from sdr.synthetic.transmission import Span, front_end_gain, oscillator

__all__ = ["Spectrum", "Tones", "period_of"]

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
        """Samples at the times and in the band of a receiver, shape (span.count,).

        Raises
        ------
        ValueError
            If the sample rate is not a multiple of the tones' distance.
        """
        rate = span.sample_rate_hz
        prefixes_s = np.array(self.prefixes_s)
        edges_s = np.cumsum([0.0, *(prefixes_s + self.useful_s)])
        # A sample that lies on an edge but for rounding belongs to the symbol that begins there.
        edges = np.clip(np.ceil((edges_s - span.first_s) * rate - 1e-6), 0, span.count).astype(int)
        time_s = span.first_s + edges[:-1] / rate
        tone_hz = self.lowest_hz + self.spacing_hz * np.arange(self.spectra.shape[1])
        cycles = np.outer(time_s - edges_s[:-1] - prefixes_s, tone_hz) + (time_s * span.offset_hz)[:, None]
        heard = front_end_gain(self.lowest_hz + span.offset_hz, self.spacing_hz, tone_hz.size, rate)
        values = self.spectra * heard * np.exp(2j * np.pi * cycles)
        longest = int(np.diff(edges).max())
        sums = summed(values.astype(np.complex64), heard > 0, period=period_of(rate, self.spacing_hz), count=longest)
        sums *= oscillator(longest, (self.lowest_hz + span.offset_hz) / rate)
        out = np.zeros(span.count, np.complex64)
        for symbol, (first, stop) in zip(sums, pairwise(edges), strict=True):
            out[first:stop] = symbol[: stop - first]
        return out


def period_of(sample_rate_hz: float, spacing_hz: float) -> int:
    """How many samples a set of tones takes to repeat, but for a phase.

    Raises
    ------
    ValueError
        If that is not a whole number.
    """
    period = round(sample_rate_hz / spacing_hz)
    if abs(period * spacing_hz - sample_rate_hz) > 1e-6 * spacing_hz:
        raise ValueError(f"sample_rate_hz={sample_rate_hz} is not a multiple of {spacing_hz} Hz")
    return period


def summed(values: NDArray[np.complex64], kept: NDArray[np.bool_], *, period: int, count: int) -> NDArray[np.complex64]:
    """Sums of tones, the first of them at zero frequency, shape (n_symbols, count).

    Parameters
    ----------
    values
        Shape (n_symbols, n_tones), at the first sample.
    kept
        Shape (n_tones,): which of them are not zero; they lie within one turn of the transform.
    period
        Samples after which they repeat.
    """
    spectra = np.zeros((len(values), period), np.complex64)
    spectra[:, np.flatnonzero(kept) % period] = values[:, kept]
    turn = scipy.fft.ifft(spectra, axis=1, norm="forward", overwrite_x=True)
    return np.asarray(np.take(turn, np.arange(count) % period, axis=1))
