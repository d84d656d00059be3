"""GMSK as the standard sends it, by the main pulse of its amplitude decomposition.

A GMSK signal of index one half is, to within one per cent of its power, a sum of overlapping pulses whose phase turns
by a quarter at each symbol (P. A. Laurent, IEEE Trans. Commun. 34, 1986). The signal of known bits is therefore linear
in them, and its spectrum at any frequency is a short sum: a matched filter needs no sample rate. Nothing here knows
what was received.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from detector.gsm.standard import BANDWIDTH_TIME, SYMBOL_S

__all__ = ["main_pulse", "power_density", "pulse_spectrum", "sequence_spectrum"]

PULSE_SYMBOLS: Final = 4
"""Length to which the Gaussian frequency pulse is cut; beyond it lies under 1e-4 of its area."""

FARTHEST_HZ: Final = 500e3
"""Beyond this a burst's own spectrum lies under -70 dB."""

GRID: Final = 32
"""Points a symbol of the numerical pulse."""


def phase_response(symbols: NDArray[np.float64]) -> NDArray[np.float64]:
    """Phase that one symbol has brought since its pulse began, as a share of its whole quarter turn.

    Parameters
    ----------
    symbols
        Time since the frequency pulse began [symbols].
    """
    width = np.sqrt(np.log(2)) / (2 * np.pi * BANDWIDTH_TIME)

    def ramp(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Integral of the normal distribution function of deviation ``width``."""
        bell = width * np.exp(-((x / width) ** 2) / 2) / np.sqrt(2 * np.pi)
        return np.asarray(x * (1 + erf(x / (width * np.sqrt(2)))) / 2 + bell, np.float64)

    middle = symbols - PULSE_SYMBOLS / 2
    return np.clip(ramp(middle + 0.5) - ramp(middle - 0.5), 0.0, 1.0)


@lru_cache(maxsize=1)
def main_pulse() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The main pulse C0, of unit energy per symbol time.

    Returns
    -------
    times, values : both shape (n,)
        Time from the middle of the pulse [symbols], and the pulse there.
    """
    times = np.arange((PULSE_SYMBOLS + 1) * GRID + 1) / GRID
    values = np.ones_like(times)
    for symbol in range(PULSE_SYMBOLS):
        at = times + symbol
        turned = np.where(at < PULSE_SYMBOLS, phase_response(at), 1 - phase_response(at - PULSE_SYMBOLS))
        values *= np.sin(np.pi / 2 * turned)
    values /= np.sqrt(np.sum(values**2) / GRID)
    return times - (PULSE_SYMBOLS + 1) / 2, values


def pulse_spectrum(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fourier transform of the main pulse at given frequencies, real since the pulse is even, per symbol time."""
    times, values = main_pulse()
    turns = np.multiply.outer(np.asarray(frequency_hz) * SYMBOL_S, times)
    return np.cos(2 * np.pi * turns) @ values / GRID


@lru_cache(maxsize=1)
def density_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets from the carrier and the power density there, to be read between."""
    offsets = np.linspace(0.0, FARTHEST_HZ, 2001)
    return offsets, pulse_spectrum(offsets) ** 2 * SYMBOL_S


def power_density(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of a burst's power per hertz at an offset from its carrier, random bits; it sums to one over all offsets."""
    offsets, density = density_table()
    return np.interp(np.abs(frequency_hz), offsets, density, right=0.0)


def sequence_spectrum(bits: NDArray[np.int8], first: int, frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Spectrum of known bits of a burst that begins at time zero.

    Parameters
    ----------
    bits
        Shape (n,), values 0 and 1, before differential encoding.
    first
        Number of the first of them in the burst.
    frequency_hz
        Shape (m,), offsets from the carrier.

    Returns
    -------
    NDArray[complex128]
        Shape (m,); its energy density, so that white noise of unit density gives a filter output of the sum of its squares.
    """
    number = first + np.arange(bits.size)
    symbols = (1 - 2.0 * bits) * 1j ** (number % 4)
    middle = number + 0.5
    turns = np.multiply.outer(np.asarray(frequency_hz) * SYMBOL_S, middle)
    return np.asarray((np.exp(-2j * np.pi * turns) @ symbols) * pulse_spectrum(frequency_hz), np.complex128)
