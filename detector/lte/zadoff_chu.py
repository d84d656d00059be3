"""Zadoff-Chu sequences of prime length, and what their transforms look like.

Pure arithmetic on sequences; nothing here touches received samples.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.lte.standard import PREAMBLE_LENGTH
from detector.types import Iq

__all__ = ["inverse_roots", "preamble_spectrum", "zadoff_chu"]


def zadoff_chu(root: int, length: int) -> Iq:
    """Zadoff-Chu sequence, shape (length,) (TS 36.211, 5.5.1.1 and 5.7.2).

    Raises
    ------
    ValueError
        If the root is not one of 1 to length - 1.
    """
    if not 0 < root < length:
        raise ValueError(f"root={root} is outside 1..{length - 1}")
    n = np.arange(length, dtype=np.int64)
    phase = (root * n * (n + 1)) % (2 * length)
    return np.asarray(np.exp(-1j * np.pi * phase / length), np.complex64)


@lru_cache(maxsize=32)
def preamble_spectrum(root: int) -> Iq:
    """Transform of a preamble's sequence, unit magnitude, shape (839,): the subcarriers in ascending order."""
    transform = np.fft.fft(zadoff_chu(root, PREAMBLE_LENGTH))
    return np.asarray(transform / np.sqrt(PREAMBLE_LENGTH), np.complex64)


@lru_cache(maxsize=1)
def inverse_roots() -> NDArray[np.int64]:
    """Multiplicative inverse of each root 1 to 838 modulo 839, shape (838,)."""
    return np.array([pow(root, -1, PREAMBLE_LENGTH) for root in range(1, PREAMBLE_LENGTH)], np.int64)
