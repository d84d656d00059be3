"""What the GSM standard says of the uplink, each constant once and with its clause.

Constants alone; nothing here computes on samples.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACCESS_BITS",
    "ACCESS_EXTENDED_TAIL",
    "ACCESS_SYNC",
    "ACCESS_SYNC_START",
    "BANDWIDTH_TIME",
    "FRAME_S",
    "NORMAL_BITS",
    "RASTER_HZ",
    "SLOTS",
    "SLOT_S",
    "SYMBOL_S",
    "TRAINING",
    "TRAINING_START",
    "bits",
]

SYMBOL_S: Final = 6 / 1625e3  # TS 45.004, 2.1: 1625/6 ksymb/s
FRAME_S: Final = 120e-3 / 26  # TS 45.002, 4.3.2: a 26-frame multiframe takes 120 ms
SLOTS: Final = 8  # TS 45.002, 4.3.1
SLOT_S: Final = FRAME_S / SLOTS  # 15/26 ms, 156.25 symbols
RASTER_HZ: Final = 200e3  # TS 45.005, 2
BANDWIDTH_TIME: Final = 0.3  # TS 45.004, 2.5: GMSK with BT = 0.3, h = 0.5

NORMAL_BITS: Final = 148  # TS 45.002, 5.2.3: 3 + 58 + 26 + 58 + 3, then 8.25 of guard
TRAINING_START: Final = 61  # TS 45.002, 5.2.3: BN61 to BN86
ACCESS_BITS: Final = 88  # TS 45.002, 5.2.7: 8 + 41 + 36 + 3, then 68.25 of guard
ACCESS_SYNC_START: Final = 8  # TS 45.002, 5.2.7: BN8 to BN48


def bits(text: str) -> NDArray[np.int8]:
    """The bits of a text of zeros and ones, shape (len(text),)."""
    return np.array([int(bit) for bit in text], np.int8)


TRAINING: Final = np.stack(  # TS 45.002, table 5.2.3a (set 1), by training sequence code
    [
        bits("00100101110000100010010111"),
        bits("00101101110111100010110111"),
        bits("01000011101110100100001110"),
        bits("01000111101101000100011110"),
        bits("00011010111001000001101011"),
        bits("01001110101100000100111010"),
        bits("10100111110110001010011111"),
        bits("11101111000100101110111100"),
    ]
)
"""Shape (8, 26)."""

ACCESS_EXTENDED_TAIL: Final = bits("00111010")  # TS 45.002, 5.2.7: BN0 to BN7

ACCESS_SYNC: Final = np.stack(  # TS 45.002, 5.2.7: TS0 in ordinary use, TS1 and TS2 for EGPRS
    [
        bits("01001011011111111001100110101010001111000"),
        bits("01010100111110001000011000101111001001101"),
        bits("11101111001001110101011000001101101110111"),
    ]
)
"""Shape (3, 41)."""
