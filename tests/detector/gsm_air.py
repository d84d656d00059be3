"""Made-up GSM uplinks: bursts by the textbook modulator, and networks of phones on the air of an 8-bit receiver.

The modulator integrates the filtered phase as TS 45.004 writes it, and so shares nothing with the detector, which
takes the amplitude decomposition.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from detector.gsm.modulation import sequence_spectrum
from detector.gsm.standard import (
    ACCESS_BITS,
    ACCESS_EXTENDED_TAIL,
    ACCESS_SYNC,
    FRAME_S,
    NORMAL_BITS,
    SLOT_S,
    SYMBOL_S,
    TRAINING,
    TRAINING_START,
)
from detector.types import Iq

__all__ = [
    "CENTRE_HZ",
    "RATE_HZ",
    "access_bits",
    "delay_bound_symbols",
    "eight_bits",
    "gmsk",
    "noise",
    "normal_bits",
    "put_burst",
    "put_call",
]

RATE_HZ: Final = 2.4e6
CENTRE_HZ: Final = 897e6
SUBCARRIER_BANDWIDTH_HZ: Final = 200e3

FINE: Final = 32
"""Points a symbol of the modulator's phase."""

Bits = NDArray[np.int8]


def normal_bits(tsc: int, rng: np.random.Generator) -> Bits:
    """A normal burst with random content."""
    bits = rng.integers(0, 2, NORMAL_BITS).astype(np.int8)
    bits[:3] = bits[-3:] = 0
    bits[TRAINING_START : TRAINING_START + 26] = TRAINING[tsc]
    return bits


def access_bits(rng: np.random.Generator, sequence: int = 0) -> Bits:
    """An access burst with random content."""
    bits = rng.integers(0, 2, ACCESS_BITS).astype(np.int8)
    bits[:8], bits[8:49], bits[-3:] = ACCESS_EXTENDED_TAIL, ACCESS_SYNC[sequence], 0
    return bits


def gmsk(bits: Bits, times_s: NDArray[np.float64]) -> NDArray[np.complex128]:
    """GMSK of unit amplitude at times since the start of bit 0 (TS 45.004, clause 2); it lasts as long as the bits."""
    alpha = 1 - 2 * (bits ^ np.concatenate([[1], bits[:-1]]))
    width = np.sqrt(np.log(2)) / (2 * np.pi * 0.3)
    symbols = times_s / SYMBOL_S

    def ramp(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return x * (1 + erf(x / (width * np.sqrt(2)))) / 2 + width * np.exp(-((x / width) ** 2) / 2) / np.sqrt(
            2 * np.pi
        )

    grid = np.arange(-4 * FINE, (bits.size + 8) * FINE) / FINE
    about = np.arange(-4 * FINE, 4 * FINE + 1) / FINE
    step = np.diff(np.clip(ramp(about + 0.5) - ramp(about - 0.5), 0, 1), prepend=0)
    impulses = np.zeros(grid.size)
    impulses[4 * FINE : (bits.size + 4) * FINE : FINE] = alpha
    turned = np.cumsum(np.convolve(impulses, step)[4 * FINE : 4 * FINE + grid.size])
    phase = np.pi / 2 * np.interp(symbols, grid, turned)
    edge = np.clip(np.minimum(symbols + 3, bits.size + 3 - symbols) / 3, 0, 1)
    return np.sin(np.pi / 2 * edge) ** 2 * np.exp(1j * phase)


def noise(
    seconds: float, rng: np.random.Generator, *, level: float = 0.02, rate_hz: float = RATE_HZ
) -> NDArray[np.complex128]:
    """White noise of a given root mean square."""
    n = round(seconds * rate_hz)
    return (rng.standard_normal(n) + 1j * rng.standard_normal(n)) * level / np.sqrt(2)


def put_burst(
    air: NDArray[np.complex128],
    bits: Bits,
    start: float,
    *,
    carrier_hz: float,
    snr_db: float,
    rng: np.random.Generator,
    level: float = 0.02,
    rate_hz: float = RATE_HZ,
) -> None:
    """Add a burst of which bit 0 begins at a fractional sample, so strong over the noise in 200 kHz."""
    first = int(np.ceil(start - 3 * SYMBOL_S * rate_hz))
    last = int(start + (bits.size + 3) * SYMBOL_S * rate_hz)
    at = np.arange(max(first, 0), min(last, air.size))
    if not at.size:
        return
    amplitude = level * np.sqrt(10 ** (snr_db / 10) * SUBCARRIER_BANDWIDTH_HZ / rate_hz)
    turn = np.exp(2j * np.pi * (carrier_hz * at / rate_hz + rng.uniform()))
    air[at] += amplitude * gmsk(bits, (at - start) / rate_hz) * turn


def put_call(
    air: NDArray[np.complex128],
    frames: Iterable[int],
    *,
    slot: int,
    tsc: int,
    carriers_hz: tuple[float, ...],
    snr_db: float,
    rng: np.random.Generator,
    start_s: float = 0.0011,
    rate_hz: float = RATE_HZ,
) -> list[float]:
    """Add normal bursts in one slot of given frames, hopping over the carriers; gives where they begin [samples]."""
    begins = []
    for frame in frames:
        start = (start_s + frame * FRAME_S + slot * SLOT_S) * rate_hz
        if start + NORMAL_BITS * SYMBOL_S * rate_hz > air.size:
            break
        carrier = carriers_hz[frame % len(carriers_hz)]
        put_burst(air, normal_bits(tsc, rng), start, carrier_hz=carrier, snr_db=snr_db, rng=rng, rate_hz=rate_hz)
        begins.append(start)
    return begins


def eight_bits(air: NDArray[np.complex128]) -> Iq:
    """What an 8-bit receiver makes of it."""
    parts = np.clip(np.round(air.astype(np.complex64).view(np.float32) * 127.5 + 127.5), 0, 255)
    return ((parts - 127.5) / 127.5).astype(np.float32).view(np.complex64)


def delay_bound_symbols(snr_db: float) -> float:
    """Cramer-Rao bound on the delay of 26 known symbols in white noise (Kay 1993, section 3.11), in symbols."""
    frequency = np.linspace(-135e3, 135e3, 4001)
    power = np.mean([np.abs(sequence_spectrum(row, 0, frequency)) ** 2 for row in TRAINING], axis=0)
    middle = np.sum(power * frequency) / np.sum(power)
    spread = np.sum(power * (2 * np.pi * (frequency - middle)) ** 2) / np.sum(power)
    energy_over_density = 10 ** (snr_db / 10) * 200e3 * SYMBOL_S * TRAINING.shape[1]
    return float(1 / np.sqrt(2 * energy_over_density * spread) / SYMBOL_S)
