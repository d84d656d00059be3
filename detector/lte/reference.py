"""The proof that a box is an uplink: the reference sequences that phones send in every slot.

A shared channel carries a base sequence in the middle symbol of each slot, a control channel carries one, rotated, in
every symbol. For symbols of random phases the coherence with any one sequence has a closed-form law that does not depend
on levels; its tail, less the logarithm of everything that was tried, is the evidence. Base stations and other
technologies send none of these sequences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.special import gammaln

from detector.lte.base_sequences import GROUPS, base_sequences
from detector.lte.pieces import Stretch
from detector.lte.standard import (
    BLOCK_SUBCARRIERS,
    CYCLIC_PREFIXES_S,
    DMRS_SYMBOL,
    SLOT_S,
    SLOT_SYMBOLS,
    SUBCARRIER_HZ,
    SYMBOL_S,
)
from detector.types import FloatArray, Iq

__all__ = [
    "COARSE",
    "EARLY_S",
    "FINE",
    "Offsets",
    "Spots",
    "Tally",
    "control_tallies",
    "shared_tallies",
    "subcarriers",
    "symbol_starts_s",
    "tail_evidence",
]

EARLY_S: Final = CYCLIC_PREFIXES_S[1] / 2
"""A symbol's window begins this long before its useful part: in the middle of its prefix."""

INDEPENDENT: Final = 18.0
"""Independent ones among the rotations."""

ROTATIONS: Final = 24
"""Rotations of a control channel's sequence that are tried: twelve are sent, and the delay turns them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offsets:
    """Errors of a lattice that are tried: of its time [s] and of its frequency [Hz]."""

    times_s: NDArray[np.float64]
    frequencies_hz: NDArray[np.float64]

    @property
    def count(self) -> int:
        """How many pairs."""
        return self.times_s.size * self.frequencies_hz.size


COARSE: Final = Offsets(times_s=12e-6 * np.arange(-2.0, 3.0), frequencies_hz=5e3 * np.arange(-3.0, 4.0))
FINE: Final = Offsets(times_s=4e-6 * np.arange(-1.0, 2.0), frequencies_hz=1.5e3 * np.arange(-1.0, 2.0))


MOST_COHERENT: Final = 0.9
"""Coherence that is expected of the strongest symbols, after fading and the lattice's error."""

DELAYS: Final = 1.5
"""Independent delays for each subcarrier of a shared channel, of the two that are tried."""

TOGETHER: Final = 1 << 16
"""Products that are transformed in one go: as many as fit the cache."""

TOLL: Final = 1.0
"""What a box must bring beyond chance before it counts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Evidence of one or more boxes.

    Parameters
    ----------
    logs
        Summed logs over all offsets and groups, shape (n_times, n_frequencies, 30).
    symbols
        How many symbols they are of.
    expected
        What the logs of true boxes of these levels would be.
    """

    logs: NDArray[np.float64]
    symbols: int
    expected: float

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            logs=self.logs + other.logs, symbols=self.symbols + other.symbols, expected=self.expected + other.expected
        )

    def best(self, prior: NDArray[np.float64]) -> tuple[float, tuple[int, int, int]]:
        """Evidence of the likeliest offsets and group, less what was tried, and their indexes.

        Parameters
        ----------
        prior
            Logarithm of what else speaks for each frequency, shape (n_frequencies,); decides, but is no evidence.
        """
        logs = self.logs + prior[:, None]
        place = np.unravel_index(int(np.argmax(logs)), logs.shape)
        evidence = tail_evidence(float(self.logs[place]), self.symbols) - float(np.log(self.logs.size))
        return evidence, (int(place[0]), int(place[1]), int(place[2]))


def tail_evidence(total: float, count: int) -> float:
    """Minus the logarithm of the probability that ``count`` exponential variables of unit mean sum to ``total`` or more.

    An upper bound on the probability where the sum is over its mean; nothing below it.
    """
    if total <= count:
        return 0.0
    ratio = (count - 1) / total
    return max(0.0, float(total - (count - 1) * np.log(total) + gammaln(count) + np.log1p(-ratio)))


def symbol_starts_s() -> NDArray[np.float64]:
    """Beginnings of the useful parts of a slot's symbols after the slot's own, shape (7,)."""
    prefixes = np.array(CYCLIC_PREFIXES_S)
    return np.asarray(np.cumsum(prefixes) + SYMBOL_S * np.arange(SLOT_SYMBOLS))


def subcarriers(
    stretch: Stretch,
    at_s: NDArray[np.float64],
    *,
    lowers_hz: NDArray[np.float64],
    count: int,
    shifts_hz: NDArray[np.float64],
) -> Iq:
    """Subcarriers of the symbols that begin at some times after the stretch's start.

    Parameters
    ----------
    at_s
        Beginnings of the useful parts, shape (n, ...).
    lowers_hz
        Lower edge of each one's first block, shape (n,).
    shifts_hz
        Errors of it that are tried, shape (n_frequencies,).

    Returns
    -------
    Iq
        Shape (*at_s.shape, n_frequencies, count).
    """
    rate = stretch.sample_rate_hz
    size = round(SYMBOL_S * rate)
    first = np.clip(np.round((at_s - EARLY_S) * rate).astype(np.int64), 0, stretch.iq.size - size)
    windows = stretch.iq[first[..., None] + np.arange(size)]
    tones = lowers_hz[:, None] + SUBCARRIER_HZ / 2 + shifts_hz
    shifts = np.exp(-2j * np.pi / rate * tones[..., None] * np.arange(size)).astype(np.complex64)
    tuned = windows[..., None, :] * shifts.reshape(len(at_s), *[1] * (at_s.ndim - 1), shifts_hz.size, size)
    if size * SUBCARRIER_HZ == rate:
        return np.asarray(scipy.fft.fft(tuned, axis=-1, overwrite_x=True)[..., :count], np.complex64)
    bins: Iq = tuned @ turns(size, count, rate)
    return bins


@lru_cache(maxsize=8)
def turns(size: int, count: int, sample_rate_hz: float) -> Iq:
    """What takes a symbol's samples to so many subcarriers from zero upwards, shape (size, count)."""
    tones = SUBCARRIER_HZ * np.arange(count)
    return np.asarray(np.exp(-2j * np.pi / sample_rate_hz * np.arange(size)[:, None] * tones), np.complex64)


def logs_of(
    correlations: NDArray[np.float32], energies: NDArray[np.float32], length: int, tried: float
) -> NDArray[np.float64]:
    """Minus the log probability that the best of some sequences correlates as well with random phases.

    An exponential variable of unit mean if the phases are random and the tries independent.

    Parameters
    ----------
    correlations
        Largest squared magnitude, shape (..., 30).
    energies
        Of the symbols, shape (...,).
    length
        Of the sequences.
    tried
        Independent ones among those of which the largest was taken.
    """
    coherence = np.minimum(correlations / np.maximum(length * energies[..., None], 1e-30), 1 - 1e-6)
    single = np.power(1.0 - coherence, length - 1, dtype=np.float64)
    return np.asarray(-np.log(np.maximum(-np.expm1(tried * np.log1p(-np.minimum(single, 1 - 1e-12))), 1e-300)))


def contrasted(logs: NDArray[np.float64], symbols: int) -> NDArray[np.float64]:
    """Logs of some groups less what they have in common: a signal's own structure favours many groups, a phone one."""
    common = logs.mean(axis=-1, keepdims=True) - symbols
    return np.asarray(logs - np.maximum(common, 0.0) - TOLL)


def expected_logs(levels: NDArray[np.float64], length: int, tried: float) -> NDArray[np.float64]:
    """What :func:`logs_of` gives for true sequences whose symbols stand at some levels over the noise."""
    coherence = np.minimum(MOST_COHERENT, (levels - 1) / levels + 1 / length)
    return np.asarray(np.maximum(0.0, -(length - 1) * np.log1p(-coherence) - np.log(tried)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spots:
    """Where some channels of one kind and width lie.

    Parameters
    ----------
    starts_s
        Beginnings of their first slots after the stretch's start, shape (n,).
    lowers_hz
        Lower edges, shape (n,).
    levels
        Mean powers over the noise, shape (n,).
    """

    starts_s: NDArray[np.float64]
    lowers_hz: NDArray[np.float64]
    levels: NDArray[np.float64]


def shared_tallies(
    stretch: Stretch, spots: Spots, *, blocks: int, offsets: Offsets, groups: Sequence[int] = range(GROUPS)
) -> list[Tally]:
    """Evidence of the two reference symbols of each of some shared channels.

    Parameters
    ----------
    blocks
        How many blocks each fills.
    groups
        Those that are tried.
    """
    length = blocks * BLOCK_SUBCARRIERS
    tried = DELAYS * length
    symbols_s = symbol_starts_s()[DMRS_SYMBOL] + SLOT_S * np.arange(2)
    at = spots.starts_s[:, None, None] + offsets.times_s[:, None] + symbols_s
    bins = subcarriers(stretch, at, lowers_hz=spots.lowers_hz, count=length, shifts_hz=offsets.frequencies_hz)
    sequences = base_sequences(length)[list(groups)].conj()
    each = max(1, TOGETHER // (bins[0].size * len(sequences)))
    peaks = np.concatenate([strongest_delay(bins[i : i + each], sequences) for i in range(0, len(bins), each)])
    logs = contrasted(logs_of(peaks, energy(bins), length, tried).sum(axis=2), 2)
    expected = 2 * expected_logs(spots.levels, length, tried)
    return [Tally(logs=one, symbols=2, expected=hoped) for one, hoped in zip(logs, expected.tolist(), strict=True)]


def strongest_delay(bins: Iq, sequences: Iq) -> NDArray[np.float32]:
    """Largest squared correlation of symbols with each of some sequences at any delay.

    Parameters
    ----------
    bins
        Shape (..., n).
    sequences
        Conjugates, shape (n_sequences, n).

    Returns
    -------
    NDArray[np.float32]
        Shape (..., n_sequences).
    """
    size = scipy.fft.next_fast_len(2 * bins.shape[-1])
    delays = scipy.fft.ifft(bins[..., None, :] * sequences, size, axis=-1, overwrite_x=True, norm="forward")
    power = np.square(delays.real)
    power += np.square(delays.imag)
    return np.asarray(power.max(axis=-1), np.float32)


def control_tallies(
    stretch: Stretch, spots: Spots, *, offsets: Offsets, groups: Sequence[int] = range(GROUPS)
) -> list[Tally]:
    """Evidence of the seven symbols of one slot of each of some control channels; parameters as for the shared ones."""
    at = spots.starts_s[:, None, None] + offsets.times_s[:, None] + symbol_starts_s()
    bins = subcarriers(
        stretch, at, lowers_hz=spots.lowers_hz, count=BLOCK_SUBCARRIERS, shifts_hz=offsets.frequencies_hz
    )
    power = strongest_rotation(bins.reshape(-1, BLOCK_SUBCARRIERS), tuple(groups)).reshape(*bins.shape[:-1], -1)
    logs = logs_of(power, energy(bins), BLOCK_SUBCARRIERS, INDEPENDENT).sum(axis=2)
    expected = SLOT_SYMBOLS * expected_logs(spots.levels, BLOCK_SUBCARRIERS, INDEPENDENT)
    return [
        Tally(logs=one, symbols=SLOT_SYMBOLS, expected=hoped)
        for one, hoped in zip(contrasted(logs, SLOT_SYMBOLS), expected.tolist(), strict=True)
    ]


def energy(bins: Iq) -> NDArray[np.float32]:
    """Sum of the squared magnitudes over the last axis."""
    return np.asarray((bins.real**2 + bins.imag**2).sum(axis=-1), np.float32)


def strongest_rotation(bins: Iq, groups: tuple[int, ...]) -> FloatArray:
    """Largest squared correlation of each symbol of one block with each group's sequence at any rotation.

    Parameters
    ----------
    bins
        Shape (n, 12).

    Returns
    -------
    FloatArray
        Shape (n, n_groups).
    """
    sequences = rotated_sequences(groups)
    each = max(1, TOGETHER // sequences.shape[1])
    found = np.empty((len(bins), len(groups)), np.float32)
    for i in range(0, len(bins), each):
        parts = np.ascontiguousarray(bins[i : i + each]).view(np.float32) @ sequences
        np.square(parts, out=parts)
        power = parts.reshape(len(parts), 2, ROTATIONS, len(groups)).sum(axis=1)
        power.max(axis=1, out=found[i : i + each])
    return found


@lru_cache(maxsize=GROUPS + 1)
def rotated_sequences(groups: tuple[int, ...]) -> FloatArray:
    """What takes the parts of one block's subcarriers to those of its correlations, shape (24, 2 * ROTATIONS * n_groups)."""
    angles = 2 * np.pi / ROTATIONS * np.arange(ROTATIONS)[:, None] * np.arange(BLOCK_SUBCARRIERS)
    sequences = (base_sequences(BLOCK_SUBCARRIERS)[list(groups)] * np.exp(1j * angles)[:, None]).conj()
    flat = sequences.reshape(-1, BLOCK_SUBCARRIERS).T
    parts = np.stack((np.hstack((flat.real, flat.imag)), np.hstack((-flat.imag, flat.real))), axis=1)
    return np.asarray(parts.reshape(2 * BLOCK_SUBCARRIERS, -1), np.float32)
