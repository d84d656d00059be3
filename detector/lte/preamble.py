"""One random access preamble in one window: which root, how sure, where in frequency.

Blind in two steps. The products of a spectrum with itself, shifted by a few bins, are tones whose frequency tells the
root, whatever the delay and the whole-bin frequency error; one transform a lag ranks all roots. The best few are then
correlated coherently. Under the null hypothesis of random phases the coherence has a closed-form law, whatever the
levels. Nothing here knows of time beyond its window.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte.standard import PREAMBLE_LENGTH, PREAMBLE_SPACING_HZ
from detector.lte.zadoff_chu import inverse_roots, preamble_spectrum
from detector.types import FloatArray, Iq

__all__ = ["MARGIN", "Match", "bin_slices", "correlate", "limited", "rank_roots", "window_spectra"]

LAGS: Final = 6
"""Lags of the products; the evidence of each adds up."""

MARGIN: Final = 72
"""Bins on either side of the assumed place: 90 kHz, half a resource block, and the receiver's error."""

TRANSFORM: Final = 2048
"""Size of the transform over a correlation's bins: the worst offset from its grid costs 0.6 dB."""

COARSE_TRANSFORM: Final = 1024
"""Size of those over the products, which only rank: 2.5 dB at worst, 0.8 on average."""

FAINT: Final = 12.0
"""A peak under this many times its mean in noise is told as no evidence."""

EVEN: Final = 0.3
"""Share of its mean that each third of a preamble's band must bring: a narrow signal fills one."""

LIMIT: Final = 3.0
"""Magnitudes are limited to this many times their median: one steady line must not outweigh 800 other bins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The best root of one window.

    Parameters
    ----------
    evidence
        Minus the logarithm of the probability that random phases correlate as well with one sequence at one delay.
    first_bin
        Bin of the window's slice at which the sequence begins.
    delay
        Cyclic delay of the sequence as a share of its period.
    """

    root: int
    evidence: float
    first_bin: int
    delay: float


def window_spectra(iq: Iq, starts: NDArray[np.int64], size: int, *, half_bin: bool) -> Iq:
    """Transforms of windows of one sequence period, shape (n_windows, size), unordered as the transform gives them.

    Parameters
    ----------
    half_bin
        Whether the bins lie half their distance higher.
    """
    windows = iq[starts[:, None] + np.arange(size)]
    if half_bin:
        windows = windows * np.exp(-1j * np.pi * np.arange(size) / size).astype(np.complex64)
    return np.asarray(scipy.fft.fft(windows, axis=1, overwrite_x=True), np.complex64)


def limited(bins: Iq) -> Iq:
    """The same bins, those far above the median magnitude of their row cut down to it, and of unit mean power."""
    magnitude = np.abs(bins)
    sparse = magnitude[..., ::4]
    middle = sparse.shape[-1] // 2
    level = LIMIT * np.partition(sparse, middle, axis=-1)[..., middle, None] + np.float32(1e-30)
    cut = bins * np.minimum(1, level / np.maximum(magnitude, 1e-30))
    power = np.mean(cut.real**2 + cut.imag**2, axis=-1, keepdims=True)
    return np.asarray(cut / np.sqrt(np.maximum(power, 1e-30)), np.complex64)


def rank_roots(bins: Iq) -> FloatArray:
    """How well each root explains the products of a spectrum with itself.

    Parameters
    ----------
    bins
        Shape (n_windows, n), of unit mean power.

    Returns
    -------
    FloatArray
        Shape (n_windows, 838), for the roots 1 to 838; where phases are random each is a sum of ``LAGS`` exponential
        variables of unit mean, whatever the spectrum.
    """
    total = np.zeros((len(bins), PREAMBLE_LENGTH - 1), np.float32)
    for lag in range(1, LAGS + 1):
        product = bins[:, lag:] * bins[:, :-lag].conj()
        energy = (product.real**2 + product.imag**2).sum(axis=1, keepdims=True)
        tones = scipy.fft.fft(product, COARSE_TRANSFORM, axis=1, overwrite_x=True)
        picked = tones.take(tone_places(lag), axis=1)
        total += (picked.real**2 + picked.imag**2) / np.maximum(energy, np.float32(1e-30))
    return total


@lru_cache(maxsize=LAGS)
def tone_places(lag: int) -> NDArray[np.int64]:
    """Bin of the coarse transform in which each root's products of one lag gather, shape (838,)."""
    cycles = inverse_roots() * lag % PREAMBLE_LENGTH / PREAMBLE_LENGTH
    return np.round(cycles * COARSE_TRANSFORM).astype(np.int64) % COARSE_TRANSFORM


@lru_cache(maxsize=PREAMBLE_LENGTH)
def conjugate_reference(root: int, n: int) -> Iq:
    """Conjugate of a root's spectrum, repeated on either side of the middle 839 of n bins."""
    return np.resize(np.roll(preamble_spectrum(root), (n - PREAMBLE_LENGTH) // 2), n).conj()


def correlate(bins: Iq, root: int) -> Match:
    """Correlate one window's bins with a root's sequence, wherever in the slice it begins.

    Parameters
    ----------
    bins
        Shape (n,), n at least 839; the sequence begins at one of the first n - 838.
    """
    n = bins.size
    turned = bins * conjugate_reference(root, n)
    tones = scipy.fft.fft(turned, TRANSFORM)
    power = tones.real**2 + tones.imag**2
    peak = int(np.argmax(power))
    if power[peak] < FAINT * float(np.vdot(bins, bins).real):
        return Match(root=root, evidence=0.0, first_bin=0, delay=0.0)
    level = turned * np.exp(-2j * np.pi * peak / TRANSFORM * np.arange(n))
    summed = np.concatenate(([0], np.cumsum(level)))
    energy = np.concatenate(([0], np.cumsum(bins.real**2 + bins.imag**2)))
    inner = np.abs(summed[PREAMBLE_LENGTH:] - summed[:-PREAMBLE_LENGTH]) ** 2
    outer = energy[PREAMBLE_LENGTH:] - energy[:-PREAMBLE_LENGTH]
    first = int(np.argmax(inner))
    thirds = np.abs(np.diff(summed[first : first + PREAMBLE_LENGTH + 1 : PREAMBLE_LENGTH // 3]))
    if thirds.min() < EVEN * np.sqrt(inner[first]) / 3:
        return Match(root=root, evidence=0.0, first_bin=0, delay=0.0)
    coherence = inner[first] / max(PREAMBLE_LENGTH * outer[first], 1e-30)
    evidence = -(PREAMBLE_LENGTH - 1) * np.log1p(-min(coherence, 1 - 1e-9))
    return Match(root=root, evidence=float(evidence), first_bin=first, delay=(-peak / TRANSFORM) % 1.0)


def bin_slices(spectra: Iq, lowers_hz: NDArray[np.float64], *, sample_rate_hz: float) -> Iq:
    """Bins of each window from its own frequency offset upwards, wide enough for a sequence and its margins.

    Parameters
    ----------
    spectra
        From :func:`window_spectra`, shape (n_windows, size).
    lowers_hz
        Shape (n_windows,).

    Returns
    -------
    Iq
        Shape (n_windows, 983); zero outside the received band.
    """
    first = np.round(lowers_hz / PREAMBLE_SPACING_HZ).astype(np.int64) - MARGIN
    index = first[:, None] + np.arange(PREAMBLE_LENGTH + 2 * MARGIN)
    inside = np.abs(index) < sample_rate_hz / 2 / PREAMBLE_SPACING_HZ
    return np.asarray(np.where(inside, np.take_along_axis(spectra, index % spectra.shape[1], axis=1), 0), np.complex64)
