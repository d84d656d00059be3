"""From samples to the power map: one windowed transform a step, in cache-sized pieces.

The map is the only thing that is computed on every sample; what costs more works on the few places where the map shows
energy.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import scipy.fft

from detector.types import FloatArray, Iq, PowerMap

__all__ = [
    "LEAST_POWER",
    "WINDOW_LOSS",
    "bin_frequencies_hz",
    "power_correlation",
    "power_map",
    "transform_size",
    "window",
]

BIN_TARGET_HZ: Final = 9375.0
"""2.4 MS/s over 256: some 21 bins a GSM carrier, 19 a resource block, and a step of 107 us."""

TAPER: Final = 0.25
"""Share of a step that the window's two flanks take together."""

WINDOW_LOSS: Final = (1 - 93 / 128 * TAPER) / (1 - 5 / 8 * TAPER) ** 2
"""How many bins of one step bear one independent value: mean of the window's fourth power over the square of its second."""

FARTHEST_BINS: Final = 12
"""Bins that are further apart are all but independent: together they correlate by less than 0.01."""

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
    """Periodic Tukey window of unit mean square, so that white noise keeps its power in each bin; shape (n,).

    A taper over a quarter of a step costs an energy detector 0.3 dB; a Hann window, between whose steps half of the samples
    are lost, costs 1.4 dB. What it leaks two GSM carriers away lies at -64 dB, beside -65 dB of GMSK's own.
    """
    edge = min(1.0, TAPER) * n / 2
    inside = np.minimum(np.arange(n), n - np.arange(n)) / edge
    tapered = 0.5 - 0.5 * np.cos(np.pi * np.minimum(inside, 1.0))
    return np.asarray(tapered / np.sqrt(np.mean(tapered**2)), np.float32)


@lru_cache(maxsize=8)
def power_correlation(n_bins: int) -> FloatArray:
    """Correlation of the power of two bins in white noise, by their distance up to ``FARTHEST_BINS``.

    The window's squares, transformed: F. J. Harris, Proc. IEEE 66, 1978, equation (19).
    """
    amplitude = np.fft.fft(window(n_bins).astype(np.float64) ** 2)[: FARTHEST_BINS + 1] / n_bins
    return np.asarray(np.abs(amplitude) ** 2, np.float32)


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
    steps = iq[: n_steps * n_bins].view(np.float32).reshape(n_steps, 2 * n_bins)
    power = np.empty((n_steps, n_bins), np.float32)
    taper = shifting(n_bins)
    tapered = np.empty((CACHE_STEPS, 2 * n_bins), np.float32)
    imaginary = np.empty((CACHE_STEPS, n_bins), np.float32)
    for begin in range(0, n_steps, CACHE_STEPS):
        piece = steps[begin : begin + CACHE_STEPS]
        np.multiply(piece, taper, out=tapered[: len(piece)])
        spectrum = scipy.fft.fft(tapered[: len(piece)].view(np.complex64), axis=1, overwrite_x=True)
        out = power[begin : begin + CACHE_STEPS]
        np.square(spectrum.real, out=out)
        out += np.square(spectrum.imag, out=imaginary[: len(piece)])
        out += LEAST_POWER
    return power


@lru_cache(maxsize=8)
def shifting(n_bins: int) -> FloatArray:
    """The window for interleaved parts, shape (2 * n_bins,), scaled for :func:`power_map`.

    Its sign alternates, which moves the band's lower edge to the first bin without a copy.
    """
    sign = 1 - 2 * (np.arange(n_bins) % 2)
    return np.repeat(window(n_bins) * sign / n_bins, 2).astype(np.float32)
