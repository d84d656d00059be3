"""What a receiver makes of strong bursts on other carriers: images, and products of third order. Nothing here measures levels.

An image, and the product of a burst with a steady carrier, is the burst's complex conjugate. The conjugates of sequences 0 to
4 and 6 are all but other sequences of the eight (0 and 3, 1 and 2, 4 and 6 change places, to 92 %), so that an image passes
for a phone's burst: but it lies at the burst's own time, turned about. The product of two bursts, twice the one less the
other, bears the other's sequence, since GSM's phase moves by quarter turns.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detector.gsm.correlate import Correlator, fold
from detector.gsm.proof import sight
from detector.gsm.reel import Reel
from detector.gsm.standard import RASTER_HZ, SYMBOL_S, TRAINING_START

__all__ = ["is_image", "is_product", "turned_about"]


def turned_about(correlator: Correlator) -> Correlator:
    """The bank for the complex conjugates of its sequences' signals."""
    return replace(correlator, banks=correlator.banks[:, ::-1].conj())


def is_image(
    correlator: Correlator,
    images: Correlator,
    reel: Reel,
    begins: NDArray[np.float64],
    *,
    sequence: int,
    later: float,
    carrier_hz: float,
    shifts: NDArray[np.int64],
    near_symbols: float,
    likeness: float,
) -> bool:
    """Whether a known burst's image explains windows about as well as any training sequence does.

    Parameters
    ----------
    correlator, images
        Of the training sequences, and :func:`turned_about` of the same.
    begins
        Shape (n,): absolute samples at which the windows' bursts may begin.
    sequence, later
        Of the known burst, and by how many samples it begins later than ``begins``.
    near_symbols
        How far from it in time its image may lie.
    likeness
        Share of the best sequence's evidence that the image's must reach.
    """
    near = np.abs(images.lags - later) <= near_symbols * SYMBOL_S * images.rate_hz
    spectrum, _ = sight(correlator, reel, begins, TRAINING_START, carrier_hz)
    if not near.any() or not len(spectrum):
        return False
    said = fold(images, spectrum, shifts)[:, sequence, near]
    return bool(said.max() > likeness * fold(correlator, spectrum, shifts).max())


def is_product(carrier_hz: float, first_hz: NDArray[np.float64], second_hz: NDArray[np.float64]) -> bool:
    """Whether a carrier is twice one of some carriers less one of others.

    Parameters
    ----------
    first_hz, second_hz
        Shapes (n,) and (m,).
    """
    products = 2 * first_hz[:, None] - second_hz
    return bool((np.abs(products - carrier_hz)[first_hz[:, None] != second_hz] < RASTER_HZ / 4).any())
