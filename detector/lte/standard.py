"""Constants of the LTE uplink's physical layer, each once, with its clause in TS 36.211.

Times in seconds, frequencies in hertz. Normal cyclic prefix only: no network known to us uses the extended one. Nothing
here is a threshold.
"""

from dataclasses import dataclass
from typing import Final

__all__ = [
    "BLOCK_SUBCARRIERS",
    "CYCLIC_PREFIXES_S",
    "DMRS_SYMBOL",
    "FRAME_SUBFRAMES",
    "PREAMBLE_FORMATS",
    "PREAMBLE_LENGTH",
    "PREAMBLE_PERIOD_S",
    "PREAMBLE_SPACING_HZ",
    "PREAMBLE_WIDTH_HZ",
    "RESOURCE_BLOCK_HZ",
    "SLOT_S",
    "SLOT_SYMBOLS",
    "SUBCARRIER_HZ",
    "SUBFRAME_S",
    "SYMBOL_S",
    "TIME_UNIT_S",
    "PreambleFormat",
]

TIME_UNIT_S: Final = 1 / 30.72e6  # 4
SUBFRAME_S: Final = 1e-3  # 4.1
FRAME_SUBFRAMES: Final = 10  # 4.1
SLOT_S: Final = 0.5e-3  # 4.1
SLOT_SYMBOLS: Final = 7  # 5.2.1, table 5.2.3-1
SUBCARRIER_HZ: Final = 15e3  # 5.2.2
SYMBOL_S: Final = 1 / SUBCARRIER_HZ
BLOCK_SUBCARRIERS: Final = 12  # 5.2.3
RESOURCE_BLOCK_HZ: Final = BLOCK_SUBCARRIERS * SUBCARRIER_HZ
CYCLIC_PREFIXES_S: Final = (160 * TIME_UNIT_S, *(144 * TIME_UNIT_S,) * 6)  # 5.6
DMRS_SYMBOL: Final = 3  # 5.5.2.1.2: of each slot

PREAMBLE_LENGTH: Final = 839  # 5.7.2, formats 0 to 3
PREAMBLE_SPACING_HZ: Final = 1.25e3  # 5.7.3
PREAMBLE_PERIOD_S: Final = 1 / PREAMBLE_SPACING_HZ
PREAMBLE_WIDTH_HZ: Final = PREAMBLE_LENGTH * PREAMBLE_SPACING_HZ


@dataclass(frozen=True, slots=True, kw_only=True)
class PreambleFormat:
    """A random access preamble: a cyclic prefix and one or two periods of its sequence."""

    number: int
    prefix_s: float
    periods: int

    @property
    def length_s(self) -> float:
        """From the start of its prefix to the end of its sequence [s]."""
        return self.prefix_s + self.periods * PREAMBLE_PERIOD_S


PREAMBLE_FORMATS: Final = (  # table 5.7.1-1
    PreambleFormat(number=0, prefix_s=3168 * TIME_UNIT_S, periods=1),
    PreambleFormat(number=1, prefix_s=21024 * TIME_UNIT_S, periods=1),
    PreambleFormat(number=2, prefix_s=6240 * TIME_UNIT_S, periods=2),
    PreambleFormat(number=3, prefix_s=21024 * TIME_UNIT_S, periods=2),
)
