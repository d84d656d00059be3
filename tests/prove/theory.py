"""What no detector of one receiver can pass: probabilities of detection in closed form.

Two detectors: energy in a known time and band over a known floor, and a matched filter that knows a sequence but neither
its phase nor which of many places and sequences it is. SNR counts in the signal's own bandwidth. Nothing is measured here.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

from detector.gsm.standard import ACCESS_SYNC, NORMAL_BITS, RASTER_HZ, SYMBOL_S, TRAINING
from detector.lte.standard import BLOCK_SUBCARRIERS, PREAMBLE_LENGTH, SLOT_SYMBOLS

__all__ = [
    "access_pd",
    "blocks_pd",
    "energy_pd",
    "matched_pd",
    "normal_bursts_pd",
    "preamble_pd",
    "snr_needed_db",
    "training_pd",
]

Array = NDArray[np.float64]

PLACES_IN_BURST: Final = NORMAL_BITS
"""Where a training sequence may stand, to a symbol."""

PLACES_IN_FRAME: Final = 2500
"""Where an access burst may stand, to half a symbol."""

ROOTS: Final = PREAMBLE_LENGTH - 1


def energy_pd(snr_db: ArrayLike, *, cells: float, false_alarm: float) -> Array:
    """Energy of a Gaussian signal in Gaussian noise of known power (Urkowitz 1967).

    Parameters
    ----------
    cells
        Time times bandwidth: how many complex values are summed.
    false_alarm
        Probability with noise alone.
    """
    power = 1 + 10 ** (np.asarray(snr_db, float) / 10)
    return np.asarray(chi2.sf(chi2.isf(false_alarm, 2 * cells) / power, 2 * cells))


def matched_pd(snr_db: ArrayLike, *, gain: float, hypotheses: float, false_alarm: float) -> Array:
    """A known sequence of unknown phase at one of many places (Kay 1998, volume II, 7.6.2).

    Parameters
    ----------
    gain
        Energy of the sequence over the density of noise, at an SNR of 0 dB.
    hypotheses
        Places and sequences that are tried.
    false_alarm
        Probability that any of them passes with noise alone.
    """
    energy = gain * 10 ** (np.asarray(snr_db, float) / 10)
    return np.asarray(ncx2.sf(-2 * np.log(false_alarm / hypotheses), 2, 2 * energy))


def snr_needed_db(pd: Callable[[float], Array], wanted: float) -> float:
    """The SNR at which a probability of detection is reached, between -40 and 40 dB."""
    return float(brentq(lambda snr_db: float(pd(snr_db)) - wanted, -40.0, 40.0))


def normal_bursts_pd(snr_db: ArrayLike, *, bursts: int = 1, false_alarm: float = 1e-6) -> Array:
    """Normal bursts of GSM by their energy in their own slots."""
    cells = bursts * NORMAL_BITS * SYMBOL_S * RASTER_HZ
    return energy_pd(snr_db, cells=cells, false_alarm=false_alarm)


def training_pd(snr_db: ArrayLike, *, false_alarm: float = 1e-3) -> Array:
    """A normal burst by its training sequence: any of eight, anywhere in the burst."""
    sequences, symbols = TRAINING.shape
    gain = symbols * SYMBOL_S * RASTER_HZ
    return matched_pd(snr_db, gain=gain, hypotheses=sequences * PLACES_IN_BURST, false_alarm=false_alarm)


def access_pd(snr_db: ArrayLike, *, false_alarm: float = 1e-3) -> Array:
    """An access burst by its sequence, anywhere in a frame."""
    gain = ACCESS_SYNC.shape[1] * SYMBOL_S * RASTER_HZ
    return matched_pd(snr_db, gain=gain, hypotheses=PLACES_IN_FRAME, false_alarm=false_alarm)


def preamble_pd(snr_db: ArrayLike, *, roots: int = ROOTS, false_alarm: float = 1e-3) -> Array:
    """A preamble of any of so many roots, at any cyclic shift."""
    hypotheses = roots * PREAMBLE_LENGTH
    return matched_pd(snr_db, gain=PREAMBLE_LENGTH, hypotheses=hypotheses, false_alarm=false_alarm)


def blocks_pd(snr_db: ArrayLike, *, blocks: int = 1, subframes: int = 1, false_alarm: float = 1e-6) -> Array:
    """Subframes of LTE that fill so many resource blocks, by the energy of their resource elements."""
    cells = subframes * blocks * BLOCK_SUBCARRIERS * 2 * SLOT_SYMBOLS
    return energy_pd(snr_db, cells=cells, false_alarm=false_alarm)
