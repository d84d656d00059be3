"""How far a phone's oscillator is off, from the turn between the two reference symbols of a shared channel.

Phones of one cell follow its clock to a tenth of a millionth, each a little differently: what tells two of them apart,
however their levels fade. Nothing here decides how many there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from detector.lte.base_sequences import base_sequences
from detector.lte.pieces import Stretch
from detector.lte.reference import Spots, subcarriers, symbol_starts_s
from detector.lte.standard import BLOCK_SUBCARRIERS, DMRS_SYMBOL, SLOT_S
from detector.types import Iq

__all__ = ["AMBIGUITY_HZ", "Turns", "nearest_turn_hz", "subcarriers_off", "turns_of"]

AMBIGUITY_HZ: Final = 1 / SLOT_S
"""A carrier this much higher turns once more between the two symbols, which looks the same."""

CYCLIC_SHIFTS: Final = 12  # TS 36.211, 5.5.2.1.1: another in each slot

FINENESS: Final = 4
"""Delays that are tried for each subcarrier."""

ENOUGH: Final = 6
ALIKE: Final = 0.8
DISTINCT: Final = 0.75
"""Channels that say where the lattice lies, how much they must agree on it, and how much less on the next best place."""

Offset = TypeVar("Offset", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turns:
    """What the reference symbols of some shared channels say of their carriers, each field of shape (n,).

    Parameters
    ----------
    offsets_hz
        Carrier frequencies, modulo ``AMBIGUITY_HZ``.
    errors_hz
        Their standard errors.
    shifts
        By how many twelfths of a symbol the second reference symbol is shifted further than the first.
    """

    offsets_hz: NDArray[np.float64]
    errors_hz: NDArray[np.float64]
    shifts: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence["Turns"]) -> "Turns":
        """Those of several sets of channels, in their order."""
        return cls(
            offsets_hz=np.concatenate([part.offsets_hz for part in parts]),
            errors_hz=np.concatenate([part.errors_hz for part in parts]),
            shifts=np.concatenate([part.shifts for part in parts]),
        )

    def under(self, error_hz: float) -> "Turns":
        """Those whose error is smaller."""
        kept = self.errors_hz < error_hz
        return Turns(offsets_hz=self.offsets_hz[kept], errors_hz=self.errors_hz[kept], shifts=self.shifts[kept])

    def moved(self, subcarriers: int) -> "Turns":
        """The same if the lattice lies lower by some subcarriers than it was thought to."""
        turned = self.offsets_hz + AMBIGUITY_HZ / CYCLIC_SHIFTS * subcarriers * self.shifts
        return replace(self, offsets_hz=nearest_turn_hz(turned, 0.0))


def turns_of(stretch: Stretch, spots: Spots, *, blocks: int, group: int) -> Turns:
    """How far the carriers of some shared channels turn from one reference symbol to the other.

    Parameters
    ----------
    spots
        Where the channels lie on the cell's lattice.
    blocks
        How many blocks each fills.
    group
        Of the cell's base sequences.
    """
    length = blocks * BLOCK_SUBCARRIERS
    size = FINENESS * length
    at = spots.starts_s[:, None] + symbol_starts_s()[DMRS_SYMBOL] + SLOT_S * np.arange(2)
    bins = subcarriers(stretch, at, lowers_hz=spots.lowers_hz, count=length, shifts_hz=np.zeros(1))[:, :, 0]
    delays = np.asarray(
        scipy.fft.ifft(bins * base_sequences(length)[group].conj(), size, axis=2) * np.float32(size), np.complex64
    )
    first, second, shifts = aligned(delays)
    likeness = np.abs(first) ** 2 + np.abs(second) ** 2
    energy = (bins.real**2 + bins.imag**2).sum(axis=(1, 2))
    coherence = np.clip(likeness / np.maximum(length * energy, 1e-30), 1e-6, 1 - 1e-6)
    scale = AMBIGUITY_HZ / (2 * np.pi)
    return Turns(
        offsets_hz=scale * np.angle(second * first.conj()),
        errors_hz=scale * np.sqrt((1 - coherence) / (coherence * length)),
        shifts=shifts,
    )


def aligned(delays: Iq) -> tuple[Iq, Iq, NDArray[np.int64]]:
    """The likeliest correlation of either symbol if their delays differ by a cyclic shift alone, and that shift.

    Parameters
    ----------
    delays
        Shape (n, 2, n_delays).
    """
    power = delays.real**2 + delays.imag**2
    step = delays.shape[2] // CYCLIC_SHIFTS
    both = np.stack(
        [power[:, 0] + np.roll(power[:, 1], -shift * step, axis=1) for shift in range(CYCLIC_SHIFTS)], axis=1
    )
    shift, delay = np.divmod(both.reshape(len(delays), -1).argmax(axis=1), delays.shape[2])
    rows = np.arange(len(delays))
    return delays[rows, 0, delay], delays[rows, 1, (delay + shift * step) % delays.shape[2]], shift


def subcarriers_off(turns: Turns) -> int | None:
    """By how many subcarriers the lattice must lie lower for all channels to turn alike; None if that is not clear.

    A base sequence that is moved by a subcarrier is like one that is late, but then each cyclic shift turns it further.
    """
    if turns.offsets_hz.size < ENOUGH:
        return None
    tried = range(-CYCLIC_SHIFTS // 2 + 1, CYCLIC_SHIFTS // 2)
    agreement = [
        abs(np.exp(2j * np.pi / AMBIGUITY_HZ * turns.moved(subcarriers).offsets_hz).mean()) for subcarriers in tried
    ]
    second, best = np.sort(agreement)[-2:]
    return tried[int(np.argmax(agreement))] if best > ALIKE and second < DISTINCT * best else None


def nearest_turn_hz(offset_hz: Offset, other_hz: float) -> Offset:
    """By how much an offset, or each of several, is higher than another one, in the nearest of its turns [Hz]."""
    return (offset_hz - other_hz + AMBIGUITY_HZ / 2) % AMBIGUITY_HZ - AMBIGUITY_HZ / 2
