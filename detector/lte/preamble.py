"""One random access preamble in one window: which root, how sure, where in frequency.

Blind in two steps. The products of a spectrum with itself, shifted by a few bins, are tones whose frequency tells the
root, whatever the delay and the whole-bin frequency error; one transform a lag ranks all roots. The best few are then
correlated coherently. Under the null hypothesis of random phases the coherence has a closed-form law, whatever the
levels. Nothing here knows of time beyond its window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte.standard import PREAMBLE_LENGTH, PREAMBLE_SPACING_HZ
from detector.lte.zadoff_chu import inverse_roots, preamble_spectrum
from detector.types import FloatArray, Iq

__all__ = [
    "LAGS",
    "MARGIN",
    "Match",
    "bin_slices",
    "correlate",
    "expected_rank",
    "limited",
    "rank_roots",
    "typical_power",
    "window_spectra",
]

LAGS: Final = (1, 2, 3, 4, 5, 6)
"""Lags of the products; the evidence of each adds up."""

SPARSE: Final = 4
"""Every so many bins are enough for a median."""

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


def typical_power(bins: Iq) -> FloatArray:
    """Mean power of each row's bins if they were of noise with the row's median; zeros, outside the band, do not count.

    Parameters
    ----------
    bins
        Shape (n_windows, n).

    Returns
    -------
    FloatArray
        Shape (n_windows,). A narrow signal, however strong, changes little of it.
    """
    sparse = bins[:, ::SPARSE]
    power = np.sort(sparse.real**2 + sparse.imag**2, axis=1)
    outside = np.count_nonzero(power == 0, axis=1)
    middle = np.minimum((outside + power.shape[1]) // 2, power.shape[1] - 1)
    return np.asarray(np.take_along_axis(power, middle[:, None], axis=1)[:, 0] / np.float32(np.log(2)), np.float32)


def limited(bins: Iq, typical: FloatArray) -> Iq:
    """The same bins, those far above their row's typical power cut down to it, and of unit mean power.

    Parameters
    ----------
    bins
        Shape (n_windows, n).
    typical
        From :func:`typical_power`.
    """
    power = bins.real**2 + bins.imag**2
    level = np.float32(LIMIT**2 * np.log(2)) * typical[:, None]
    cut = np.minimum(power, level)
    mean = np.maximum(cut.mean(axis=1, keepdims=True), np.float32(1e-30))
    return np.asarray(bins * np.sqrt(cut / (np.maximum(power, np.float32(1e-30)) * mean)), np.complex64)


def rank_roots(bins: Iq, lags: tuple[int, ...] = LAGS) -> FloatArray:
    """How well each root explains the products of a spectrum with itself.

    Parameters
    ----------
    bins
        Shape (n_windows, n), of unit mean power.
    lags
        Distances of the bins whose products are taken.

    Returns
    -------
    FloatArray
        Shape (n_windows, 838), for the roots 1 to 838; where phases are random each is a sum of as many exponential
        variables of unit mean as there are lags, whatever the spectrum.
    """
    n, width = bins.shape
    products = np.zeros((n, len(lags), COARSE_TRANSFORM), np.complex64)
    conjugate = bins.conj()
    for i, lag in enumerate(lags):
        np.multiply(bins[:, lag:], conjugate[:, :-lag], out=products[:, i, : width - lag])
    energy = squares(products).sum(axis=2, keepdims=True)
    power = squares(scipy.fft.fft(products, axis=2, overwrite_x=True))
    power /= np.maximum(energy, np.float32(1e-30))
    picked = power.reshape(n, len(lags) * COARSE_TRANSFORM).take(tone_places(lags), axis=1)
    return np.asarray(picked.reshape(n, len(lags), PREAMBLE_LENGTH - 1).sum(axis=1), np.float32)


def squares(values: Iq) -> FloatArray:
    """Squared magnitudes, shape as the values'."""
    return np.asarray(values.real**2 + values.imag**2, np.float32)


def expected_rank(snr: FloatArray) -> FloatArray:
    """What one lag adds to the rank of a true root, at the SNR of its bins (linear); shape as the SNR's."""
    share = np.maximum(snr, 0) / (1 + np.maximum(snr, 0))
    return np.asarray(1 + PREAMBLE_LENGTH * share**2, np.float32)


@lru_cache(maxsize=len(LAGS))
def tone_places(lags: tuple[int, ...]) -> NDArray[np.int64]:
    """Where each root's products of each lag gather in the lags' coarse transforms one after another, shape (n * 838,)."""
    each = np.array(lags)[:, None]
    cycles = inverse_roots() * each % PREAMBLE_LENGTH / PREAMBLE_LENGTH
    places = np.round(cycles * COARSE_TRANSFORM).astype(np.int64) % COARSE_TRANSFORM
    return np.asarray((places + COARSE_TRANSFORM * np.arange(len(lags))[:, None]).ravel(), np.int64)


@lru_cache(maxsize=PREAMBLE_LENGTH)
def conjugate_reference(root: int, n: int) -> Iq:
    """Conjugate of a root's spectrum, repeated on either side of the middle 839 of n bins."""
    return np.resize(np.roll(preamble_spectrum(root), (n - PREAMBLE_LENGTH) // 2), n).conj()


def correlate(bins: Iq, roots: Sequence[int]) -> list[Match]:
    """Correlate each window's bins with a root's sequence, wherever in the slice it begins.

    Parameters
    ----------
    bins
        Shape (n_windows, n), n at least 839; a sequence begins at one of the first n - 838. Zeros lie outside the band.
    roots
        One a window.
    """
    n = bins.shape[1]
    turned = bins * np.stack([conjugate_reference(root, n) for root in roots])
    tones = scipy.fft.fft(turned, TRANSFORM, axis=1)
    power = tones.real**2 + tones.imag**2
    peaks = np.argmax(power, axis=1)
    energies = bins.real**2 + bins.imag**2
    clear = power[np.arange(len(bins)), peaks] >= FAINT * energies.sum(axis=1)
    found = [unlike(root) for root in roots]
    for i in np.flatnonzero(clear).tolist():
        found[i] = measured(turned[i], energies[i], roots[i], int(peaks[i]))
    return found


def measured(turned: Iq, energies: FloatArray, root: int, peak: int) -> Match:
    """The evidence of one window whose bins, turned by a root's sequence, are like a tone."""
    summed = running(turned * np.exp(-2j * np.pi * peak / TRANSFORM * np.arange(turned.size)))
    inner, energy, received = spanned(summed), spanned(running(energies)).real, spanned(running(energies > 0)).real
    coherence = np.abs(inner) ** 2 / np.maximum(received * energy, 1e-30)
    evidence = -(received - 1) * np.log1p(-np.minimum(coherence, 1 - 1e-9))
    first = int(np.argmax(evidence))
    inside = np.flatnonzero(energies[first : first + PREAMBLE_LENGTH])
    thirds = first + inside[0] + inside.size * np.arange(4) // 3
    if np.abs(np.diff(summed[thirds])).min() < EVEN * np.abs(inner[first]) / 3:
        return unlike(root)
    return Match(root=root, evidence=float(evidence[first]), first_bin=first, delay=(-peak / TRANSFORM) % 1.0)


def spanned(summed: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Sums over as many bins as a sequence has, from each place on."""
    return summed[PREAMBLE_LENGTH:] - summed[:-PREAMBLE_LENGTH]


def unlike(root: int) -> Match:
    """No evidence for a root."""
    return Match(root=root, evidence=0.0, first_bin=0, delay=0.0)


def running(values: Iq | FloatArray | NDArray[np.bool_]) -> NDArray[np.complex128]:
    """Sums of the values before each place, shape (n + 1,)."""
    return np.concatenate((np.zeros(1), np.cumsum(values, dtype=np.complex128)))


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
    width, size = PREAMBLE_LENGTH + 2 * MARGIN, spectra.shape[1]
    edge = ceil(sample_rate_hz / 2 / PREAMBLE_SPACING_HZ) - 1
    ordered = np.concatenate((spectra[:, size - edge :], spectra[:, : edge + 1]), axis=1)
    slices = np.zeros((len(spectra), width), np.complex64)
    for row, lower in enumerate(np.round(lowers_hz / PREAMBLE_SPACING_HZ).astype(np.int64).tolist()):
        first = lower - MARGIN + edge
        begin = max(0, first)
        end = max(begin, min(ordered.shape[1], first + width))
        slices[row, begin - first : end - first] = ordered[row, begin:end]
    return slices
