"""From samples to the power map: one windowed transform a step, in cache-sized pieces.

The map is the only thing that is computed on every sample; what costs more works on the few places where the map shows
energy.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import scipy.fft

from detector.types import FloatArray, Iq, PowerMap

__all__ = ["LEAST_POWER", "bin_frequencies_hz", "power_map", "transform_size"]

BIN_TARGET_HZ: Final = 9375.0
"""2.4 MS/s over 256: some 21 bins a GSM carrier, 19 a resource block, and a step of 107 us."""

CACHE_STEPS: Final = 256

LEAST_POWER: Final = np.float32(1e-20)
"""Added to every bin: a receiver that gives zeros gives a power all the same, so that ratios stay numbers."""


def transform_size(sample_rate_hz: float) -> int:
    """Size of the transform, a power of two, whose bins come nearest to ``BIN_TARGET_HZ`` at this rate."""
    return int(2 ** round(np.log2(sample_rate_hz / BIN_TARGET_HZ)))


def bin_frequencies_hz(n_bins: int, sample_rate_hz: float) -> FloatArray:
    """Centre of each bin of a power map as an offset from the tuning's centre, shape (n_bins,), ascending."""
    return ((np.arange(n_bins) - n_bins // 2) * (sample_rate_hz / n_bins)).astype(np.float32)


@lru_cache(maxsize=8)
def window(n: int) -> FloatArray:
    """Periodic Hann window of unit mean square, so that white noise keeps its power in each bin; shape (n,).

    Its sign alternates, which moves the band's lower edge to the first bin without a copy.
    """
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    hann *= (-1.0) ** np.arange(n) / np.sqrt(np.mean(hann**2))
    return hann.astype(np.float32)


def power_map(iq: Iq, n_bins: int) -> PowerMap:
    """Power of each bin in each whole step of ``n_bins`` samples.

    Parameters
    ----------
    iq
        Shape (n,). A rest shorter than a step is left out.
    n_bins
        Transform size; also the length of a step.

    Returns
    -------
    PowerMap
        Shape (n // n_bins, n_bins). White noise of power P gives P / n_bins in each bin on average; the sum over the
        bins of a step is that step's (windowed) mean power.
    """
    n_steps = iq.size // n_bins
    steps = iq[: n_steps * n_bins].reshape(n_steps, n_bins)
    power = np.empty((n_steps, n_bins), np.float32)
    taper = window(n_bins) / np.float32(n_bins)
    tapered = np.empty((CACHE_STEPS, n_bins), np.complex64)
    imaginary = np.empty((CACHE_STEPS, n_bins), np.float32)
    for begin in range(0, n_steps, CACHE_STEPS):
        piece = steps[begin : begin + CACHE_STEPS]
        np.multiply(piece, taper, out=tapered[: len(piece)])
        spectrum = scipy.fft.fft(tapered[: len(piece)], axis=1, overwrite_x=True)
        out = power[begin : begin + CACHE_STEPS]
        np.square(spectrum.real, out=out)
        out += np.square(spectrum.imag, out=imaginary[: len(piece)])
        out += LEAST_POWER
    return power
