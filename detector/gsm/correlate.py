"""Normalised correlation with known sequences, in the frequency domain of short windows.

A window is turned to its carrier and transformed once; each sequence and each frequency error then costs one product
and one small inverse transform, at any sample rate. The measure is coherence: the share of the energy under the
sequence that the sequence explains. It needs no noise floor, and stays the same however strong an interferer is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.gsm.modulation import sequence_spectrum
from detector.gsm.standard import SYMBOL_S
from detector.types import FloatArray, Iq

__all__ = ["Correlator", "evidence", "fold", "make_correlator", "most_evidence", "only", "spectra"]

Bits: TypeAlias = NDArray[np.int8]

PASS_HZ: Final = 85e3
STOP_HZ: Final = 115e3
"""The channel filter: flat to the first, nothing beyond the second (a GSM carrier's 200 kHz and its skirts)."""

SKIRT_SYMBOLS: Final = 3
"""What the pulse and the filter smear to either side of a sequence."""

LAGS_A_SYMBOL: Final = 1.85
"""At least, where timing is told; a parabola through three of them tells the rest."""

MOST_COHERENCE: Final = np.float32(0.999)

TINY: Final = np.float32(1e-30)

CACHE_POINTS: Final = 1 << 16
"""Points of small transforms that are worked on at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correlator:
    """A bank of sequences for windows of one length at one sample rate.

    Parameters
    ----------
    length
        Samples of a window.
    lead
        Samples from the window's start to where the sequence begins at lag zero.
    bin_hz
        Distance of two bins; a frequency error is tried in whole bins.
    bins
        Shape (n_bins,): number of each bin inside the channel filter, about the carrier.
    channel
        Shape (n_bins,): amplitude of the channel filter.
    banks
        Shape (n_sequences, n_bins): conjugate spectra, of unit energy.
    size
        Points of the small transform.
    lags
        Shape (n_lags,): samples by which the burst comes later than at lag zero.
    first, span
        Point of the small transform of the first lag, and points under a sequence.
    freedom
        Degrees of freedom (complex dimensions) of noise under a sequence.
    ambiguity
        Shape (n_sequences, n_sequences, size): share of the first sequence's energy that the second explains, so many points of
        the small transform later.
    """

    rate_hz: float
    length: int
    lead: float
    bin_hz: float
    bins: NDArray[np.int64]
    channel: FloatArray
    banks: Iq
    size: int
    lags: NDArray[np.float64]
    first: int
    span: int
    freedom: float
    ambiguity: FloatArray


def make_correlator(
    sequences: Bits, *, rate_hz: float, reach_symbols: float, lags_a_symbol: float = LAGS_A_SYMBOL
) -> Correlator:
    """A bank for sequences of equal length.

    Parameters
    ----------
    sequences
        Shape (n_sequences, n_symbols).
    reach_symbols
        A burst may come this much earlier or later than expected.
    lags_a_symbol
        How densely lags are tried, at least.
    """
    symbol = SYMBOL_S * rate_hz
    n_symbols = sequences.shape[1]
    length = scipy.fft.next_fast_len(int(np.ceil((n_symbols + 2 * (reach_symbols + SKIRT_SYMBOLS)) * symbol)))
    bin_hz = rate_hz / length
    half = min(int(STOP_HZ / bin_hz), (length - 1) // 2)
    bins = np.arange(-half, half + 1)
    frequency = np.asarray(bins * bin_hz, np.float64)
    channel = np.cos(np.pi / 2 * np.clip((np.abs(frequency) - PASS_HZ) / (STOP_HZ - PASS_HZ), 0, 1))
    banks = np.stack([sequence_spectrum(row, 0, frequency) * channel for row in sequences])
    banks /= np.sqrt(np.sum(np.abs(banks) ** 2, axis=1, keepdims=True))
    size = quick_size(max(bins.size, int(np.ceil(lags_a_symbol * length / symbol))))
    point = length / size
    lead = (length - n_symbols * symbol) / 2
    points = np.arange(
        int(np.ceil((lead - reach_symbols * symbol) / point)), int((lead + reach_symbols * symbol) / point) + 1
    )
    span = round(n_symbols * symbol / point)
    power = np.abs(banks) ** 2 * channel**2
    return Correlator(
        rate_hz=rate_hz,
        length=length,
        lead=lead,
        bin_hz=bin_hz,
        bins=bins,
        channel=channel.astype(np.float32),
        banks=banks.conj().astype(np.complex64),
        size=size,
        lags=points * point - lead,
        first=int(points[0]),
        span=span,
        freedom=float(span / size * np.sum(channel**2) / np.mean(power.sum(axis=1))),
        ambiguity=ambiguity(banks, bins, size),
    )


def ambiguity(banks: NDArray[np.complex128], bins: NDArray[np.int64], size: int) -> FloatArray:
    """Share of one sequence's energy that another one explains at each delay, shape (n_sequences, n_sequences, size)."""
    placed = np.zeros((len(banks), len(banks), size), np.complex128)
    placed[:, :, bins % size] = banks[:, None] * banks.conj()[None]
    return np.asarray(np.abs(scipy.fft.ifft(placed, axis=2) * size) ** 2, np.float32)


def quick_size(least: int) -> int:
    """The next power of two, or three quarters of it where that suffices: the sizes of the quickest transforms."""
    power = 1 << (least - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= least else power


def only(correlator: Correlator, sequence: int) -> Correlator:
    """The bank with one of its sequences alone."""
    return replace(correlator, banks=correlator.banks[sequence : sequence + 1])


@lru_cache(maxsize=256)
def turn(length: int, cycles_per_sample: float) -> Iq:
    """A rotation that moves a carrier to zero, shape (length,)."""
    return np.asarray(np.exp(-2j * np.pi * cycles_per_sample * np.arange(length)), np.complex64)


def spectra(correlator: Correlator, windows: Iq, carriers_hz: NDArray[np.float64] | float) -> Iq:
    """Spectra of windows about their carriers, shape (n, length), bin zero first.

    Parameters
    ----------
    windows
        Shape (n, length); owned by the caller.
    carriers_hz
        One for all, or shape (n,).
    """
    length, rate = correlator.length, correlator.rate_hz
    if isinstance(carriers_hz, np.ndarray):
        for row, carrier in enumerate(carriers_hz):
            windows[row] *= turn(length, float(carrier) / rate)
    else:
        windows *= turn(length, carriers_hz / rate)
    return np.asarray(scipy.fft.fft(windows, axis=1, overwrite_x=True), np.complex64)


def coherence(correlator: Correlator, spectrum: Iq, shifts: NDArray[np.int64]) -> FloatArray:
    """Coherence of each window with each sequence at each lag, for each frequency error.

    Parameters
    ----------
    spectrum
        From :func:`spectra`, shape (n, length).
    shifts
        Shape (n_shifts,): the frequency errors in bins.

    Returns
    -------
    FloatArray
        Shape (n, n_shifts, n_sequences, n_lags), in [0, 1).
    """
    c = correlator
    half = c.bins.size // 2
    inside = spectrum[:, (c.bins + shifts[:, None]) % c.length] * c.channel
    placed = np.zeros((*inside.shape[:2], len(c.banks) + 1, c.size), np.complex64)
    np.multiply(inside[:, :, None, half:], c.banks[:, half:], out=placed[:, :, :-1, : half + 1])
    np.multiply(inside[:, :, None, :half], c.banks[:, :half], out=placed[:, :, :-1, c.size - half :])
    placed[:, :, -1, : half + 1] = inside[:, :, half:]
    placed[:, :, -1, c.size - half :] = inside[:, :, :half]
    back = scipy.fft.ifft(placed, axis=3, overwrite_x=True)
    sums = np.zeros((*inside.shape[:2], c.size + 1), np.float32)
    np.cumsum(back[:, :, -1].real ** 2 + back[:, :, -1].imag ** 2, axis=2, out=sums[:, :, 1:])
    stop = c.first + c.lags.size
    energy = sums[:, :, c.first + c.span : stop + c.span] - sums[:, :, c.first : stop]
    kept = back[:, :, :-1, c.first : stop]
    explained = np.square(kept.real)
    explained += np.square(kept.imag)
    explained *= (np.float32(c.size) / np.maximum(energy, TINY))[:, :, None]
    return np.minimum(explained, MOST_COHERENCE, out=explained)


def evidence(correlator: Correlator, spectrum: Iq, shifts: NDArray[np.int64]) -> FloatArray:
    """What each window says for each sequence at each lag, exponential of unit mean where there is only noise.

    In noise the coherence of one sequence follows the beta distribution (1, freedom - 1), so that its tail, minus the
    logarithm of which this is, is (1 - coherence) ** (freedom - 1).

    Returns
    -------
    FloatArray
        Shape (n, n_shifts, n_sequences, n_lags).
    """
    return as_evidence(correlator, coherence(correlator, spectrum, shifts))


def most_evidence(correlator: Correlator, spectrum: Iq, shifts: NDArray[np.int64]) -> FloatArray:
    """The most that each window says for any sequence, lag and frequency error, shape (n,)."""
    tops = np.empty(len(spectrum), np.float32)
    for rows in batches(correlator, len(spectrum), shifts.size):
        tops[rows] = coherence(correlator, spectrum[rows], shifts).max(axis=(1, 2, 3))
    return as_evidence(correlator, tops)


def as_evidence(correlator: Correlator, said: FloatArray) -> FloatArray:
    """Coherences as minus the logarithm of their tail in noise; the array is used up."""
    np.log(np.subtract(np.float32(1), said, out=said), out=said)
    said *= np.float32(1 - correlator.freedom)
    return said


def batches(correlator: Correlator, windows: int, shifts: int) -> Iterator[slice]:
    """Windows that fit into the cache together."""
    at_once = max(1, CACHE_POINTS // (shifts * (len(correlator.banks) + 1) * correlator.size))
    for begin in range(0, windows, at_once):
        yield slice(begin, begin + at_once)


def fold(correlator: Correlator, spectrum: Iq, shifts: NDArray[np.int64]) -> FloatArray:
    """Evidence summed over windows, shape (n_shifts, n_sequences, n_lags); gamma of shape n in noise."""
    total = np.zeros((shifts.size, len(correlator.banks), correlator.lags.size), np.float32)
    for rows in batches(correlator, len(spectrum), shifts.size):
        total += evidence(correlator, spectrum[rows], shifts).sum(axis=0)
    return total
