"""Base sequences of the uplink's reference signals and of its control channel.

Phones send them in every slot, base stations never: they are what proves an uplink. Pure arithmetic and two tables of
TS 36.211; nothing here touches received samples.
"""

from functools import lru_cache
from typing import Final

import numpy as np

from detector.lte.standard import BLOCK_SUBCARRIERS
from detector.lte.zadoff_chu import zadoff_chu
from detector.types import Iq

__all__ = ["GROUPS", "base_sequences", "largest_prime_below"]

GROUPS: Final = 30  # TS 36.211, 5.5.1

PHASES_1: Final = (  # TS 36.211, table 5.5.1.2-1: one row a group; 0, 1, 2, 3 stand for -3, -1, 1, 3 times pi/4
    "123033223203 223331200203 220001002021 122221002031 132121012123 203112211302 "
    "130003213302 011120312032 203211122312 201331022222 131220010031 321133023233 "
    "202202220002 330302231033 021013233312 312011223210 232123331131 022303003231 "
    "032202001120 132321130101 102222321201 131200000210 220000130203 221010212312 "
    "223233121002 203323320113 230030211310 010103212300 130313303311 300110130321 "
)

PHASES_2: Final = (  # TS 36.211, table 5.5.1.2-2
    "132031230323032212303010 030002003122232130023220 313322033332131221011233 102230220112323213220101 "
    "111001223313121021002011 022312320202211310300022 221130030211212210121310 033110132323221321230112 "
    "023021030311112000200020 220331013033312202122022 120031311000100212331213 233002321000330331031202 "
    "233222112031220331030101 311110133212333122023103 003232032322331102013223 112023021013232100110001 "
    "103111122032332120202201 231331021033312231013111 222221310223020122003220 233210313330212101231300 "
    "103000110103230131213021 002212121320121211330120 010321010030301232023310 111133323302313133032133 "
    "213310301131311222211013 212131322110220230220011 012322011030320302120222 103322310111320013010101 "
    "101120112102202003221311 221101313123213230021123 "
)


@lru_cache(maxsize=64)
def base_sequences(length: int) -> Iq:
    """Base sequences of all groups, shape (30, length), unit magnitude (TS 36.211, 5.5.1).

    Sequence number 0 of each group; number 1 is used by cells with sequence hopping alone.

    Parameters
    ----------
    length
        Subcarriers, a multiple of 12.

    Raises
    ------
    ValueError
        If the length is no positive multiple of 12.
    """
    if length < 1 or length % BLOCK_SUBCARRIERS:
        raise ValueError(f"length={length} is no positive multiple of {BLOCK_SUBCARRIERS}")
    if length <= 2 * BLOCK_SUBCARRIERS:
        return tabulated(PHASES_1 if length == BLOCK_SUBCARRIERS else PHASES_2)
    prime = largest_prime_below(length)
    return np.stack([np.resize(zadoff_chu(root_of(group, prime), prime), length) for group in range(GROUPS)])


def tabulated(table: str) -> Iq:
    """The sequences of a table of phases."""
    phases = np.array([[2 * int(digit) - 3 for digit in row] for row in table.split()])
    return np.asarray(np.exp(0.25j * np.pi * phases), np.complex64)


def root_of(group: int, prime: int) -> int:
    """Root of a group's Zadoff-Chu sequence number 0: prime * (group + 1) / 31, to the nearest integer."""
    return (2 * prime * (group + 1) + 31) // 62


def largest_prime_below(number: int) -> int:
    """The largest prime below a number of at least 3."""
    candidate = number - 1
    while any(candidate % divisor == 0 for divisor in range(2, int(candidate**0.5) + 1)):
        candidate -= 1
    return candidate
