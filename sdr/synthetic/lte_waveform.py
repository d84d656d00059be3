"""What an LTE phone sends: preambles, PUSCH subframes and the halves of PUCCH subframes.

After TS 36.211, clause 5: sequences, mapping to subcarriers, cyclic prefixes, the shift by half a subcarrier. Payload is
random. Only cells of sequence group 0 are known, whose two short base sequences are written out here.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.lte.standard import (
    BLOCK_SUBCARRIERS,
    CYCLIC_PREFIXES_S,
    DMRS_SYMBOL,
    PREAMBLE_FORMATS,
    PREAMBLE_LENGTH,
    PREAMBLE_PERIOD_S,
    PREAMBLE_SPACING_HZ,
    RESOURCE_BLOCK_HZ,
    SLOT_SYMBOLS,
    SUBCARRIER_HZ,
    SYMBOL_S,
)
from sdr.synthetic.tones import Spectrum, Tones

__all__ = ["LteCarrier", "base_sequence", "preamble", "pucch_report", "pucch_request", "pusch", "zadoff_chu"]

PREAMBLE_PHI: Final = 7  # 5.7.3, table 5.7.3-1
SHORT_PHASES: Final = {  # 5.5.1.2, tables 5.5.1.2-1 and -2, u = 0
    12: (-1, 1, 3, -3, 3, 3, 1, 1, 3, 1, -3, 3),
    24: (-1, 3, 1, -3, 3, -1, 1, 3, -3, 3, 1, 3, -3, 3, 1, 1, -1, 1, 3, -3, 3, -3, -1, -3),
}
REPORT_REFERENCES: Final = (1, 5)  # 5.5.2.2, table 5.5.2.2.2-1, format 2
REQUEST_REFERENCES: Final = (2, 3, 4)  # 5.5.2.2, table 5.5.2.2.2-1, format 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LteCarrier:
    """An LTE cell's uplink carrier.

    Parameters
    ----------
    centre_hz
        Its middle; EARFCN ``earfcn``.
    blocks
        How many resource blocks it has.
    cell
        Physical cell identity; its sequence group must be 0, so it is a multiple of 30.
    root
        Physical root of the cell's preambles.
    """

    earfcn: int
    centre_hz: float
    blocks: int
    cell: int
    root: int

    def __post_init__(self) -> None:
        if self.cell % 30:
            raise ValueError(f"cell={self.cell} is of sequence group {self.cell % 30}; only group 0 is known")

    def block_hz(self, block: int) -> float:
        """Lower edge of a resource block, from the carrier's middle."""
        return (block - self.blocks / 2) * RESOURCE_BLOCK_HZ


def preamble(carrier: LteCarrier, *, shift: int, first_block: int = 0) -> Tones:
    """A PRACH preamble of format 0 (5.7).

    Parameters
    ----------
    shift
        Cyclic shift of the carrier's root sequence, 0 to 838.
    first_block
        The lowest of its six resource blocks.
    """
    sequence = np.roll(zadoff_chu(carrier.root, PREAMBLE_LENGTH), -shift)
    first_tone_hz = (PREAMBLE_PHI * PREAMBLE_SPACING_HZ) + SUBCARRIER_HZ / 2
    return Tones(
        prefixes_s=(PREAMBLE_FORMATS[0].prefix_s,),
        useful_s=PREAMBLE_PERIOD_S,
        lowest_hz=carrier.block_hz(first_block) + first_tone_hz,
        spacing_hz=PREAMBLE_SPACING_HZ,
        spectra=np.fft.fft(sequence)[None] / PREAMBLE_LENGTH,
    )


def pusch(carrier: LteCarrier, *, subframe: int, first_block: int, blocks: int, rng: np.random.Generator) -> Tones:
    """A subframe of PUSCH: random QPSK, spread by a transform, and a reference symbol in either slot (5.3, 5.5.2.1).

    Parameters
    ----------
    subframe
        Its number in the radio frame, 0 to 9.
    first_block, blocks
        The resource blocks that it fills.
    """
    size = blocks * BLOCK_SUBCARRIERS
    data = (1 - 2 * rng.integers(0, 2, (2, 2 * SLOT_SYMBOLS, size))) / np.sqrt(2)
    spectra = np.fft.fft(data[0] + 1j * data[1], axis=1) / np.sqrt(size)
    for half in (0, 1):
        cyclic = pusch_shift(carrier.cell, 2 * subframe + half)
        spectra[half * SLOT_SYMBOLS + DMRS_SYMBOL] = shifted(base_sequence(size), cyclic)
    return subcarriers(carrier, first_block=first_block, spectra=spectra)


def pucch_report(carrier: LteCarrier, *, slot: int, block: int, rng: np.random.Generator) -> Tones:
    """A slot of PUCCH format 2, as a phone sends it to report channel quality (5.4.2).

    Parameters
    ----------
    slot
        Its number in the radio frame, 0 to 19.
    block
        The resource block in which it lies.
    """
    values = np.exp(0.5j * np.pi * (rng.integers(0, 4, SLOT_SYMBOLS) + 0.5))
    values[list(REPORT_REFERENCES)] = 1.0
    return pucch(carrier, slot=slot, block=block, values=values, shift=-(slot % 2))


def pucch_request(carrier: LteCarrier, *, slot: int, block: int) -> Tones:
    """A slot of PUCCH format 1, by which a phone asks for a grant (5.4.1)."""
    values = np.ones(SLOT_SYMBOLS, np.complex128)
    return pucch(carrier, slot=slot, block=block, values=values, shift=2 * (slot % 2))


def pucch(carrier: LteCarrier, *, slot: int, block: int, values: Spectrum, shift: int) -> Tones:
    """Seven symbols of one resource block, each the cell's base sequence shifted as the cell hops (5.4)."""
    hops = cell_shifts(carrier.cell)[slot] + shift
    sequences = np.array([shifted(base_sequence(BLOCK_SUBCARRIERS), int(hop)) for hop in hops])
    return subcarriers(carrier, first_block=block, spectra=values[:, None] * sequences)


def subcarriers(carrier: LteCarrier, *, first_block: int, spectra: Spectrum) -> Tones:
    """One or two slots of SC-FDMA of unit power (5.6)."""
    slots = len(spectra) // SLOT_SYMBOLS
    return Tones(
        prefixes_s=CYCLIC_PREFIXES_S * slots,
        useful_s=SYMBOL_S,
        lowest_hz=carrier.block_hz(first_block) + SUBCARRIER_HZ / 2,
        spacing_hz=SUBCARRIER_HZ,
        spectra=spectra / np.sqrt(spectra.shape[1]),
    )


def zadoff_chu(root: int, length: int) -> Spectrum:
    """Zadoff-Chu sequence of an odd length, shape (length,) (5.5.1.1 and 5.7.2)."""
    n = np.arange(length)
    return np.asarray(np.exp(-1j * np.pi * ((root * n * (n + 1)) % (2 * length)) / length))


@lru_cache(maxsize=16)
def base_sequence(size: int) -> Spectrum:
    """Base sequence of group 0, shape (size,), for a whole number of resource blocks (5.5.1)."""
    if size in SHORT_PHASES:
        return np.asarray(np.exp(0.25j * np.pi * np.array(SHORT_PHASES[size])))
    length = largest_prime_below(size)
    return np.resize(zadoff_chu(int(length / 31 + 0.5), length), size)


def largest_prime_below(n: int) -> int:
    """The largest prime below a number."""
    return next(p for p in range(n - 1, 1, -1) if all(p % d for d in range(2, int(p**0.5) + 1)))


def shifted(sequence: Spectrum, shift: int) -> Spectrum:
    """A sequence whose waveform is moved by ``shift`` twelfths of a symbol (5.5.1)."""
    return np.asarray(sequence * np.exp(2j * np.pi * (shift % 12) / 12 * np.arange(sequence.size)))


@lru_cache(maxsize=16)
def cell_shifts(cell: int) -> NDArray[np.int64]:
    """Cyclic shift of PUCCH in each symbol of a radio frame, shape (20, 7) (5.4)."""
    bits = pseudo_random(cell, 20 * SLOT_SYMBOLS * 8).reshape(20, SLOT_SYMBOLS, 8)
    return np.asarray(bits @ (1 << np.arange(8)))


def pusch_shift(cell: int, slot: int) -> int:
    """Cyclic shift of the reference symbol in a slot of a radio frame, for a cell of group 0 (5.5.2.1.1)."""
    bits = pseudo_random(cell // 30 * 32, 20 * SLOT_SYMBOLS * 8)[8 * SLOT_SYMBOLS * slot :][:8]
    return int(bits @ (1 << np.arange(8)))


@lru_cache(maxsize=16)
def pseudo_random(seed: int, count: int) -> NDArray[np.int64]:
    """The standard's pseudo-random bits, shape (count,) (7.2)."""
    skipped = 1600
    x1, x2 = 1, seed
    bits = []
    for _ in range(skipped + count):
        bits.append((x1 ^ x2) & 1)
        x1 = x1 >> 1 | ((x1 ^ x1 >> 3) & 1) << 30
        x2 = x2 >> 1 | ((x2 ^ x2 >> 1 ^ x2 >> 2 ^ x2 >> 3) & 1) << 30
    return np.array(bits[skipped:])
