"""The two bursts that a GSM phone sends: their bits, and the transmission on a carrier.

Training and access sequences are the standard's; payload bits are random. Nothing here knows when a phone speaks.
"""

from typing import Final

import numpy as np

from detector.gsm.standard import ACCESS_EXTENDED_TAIL, ACCESS_SYNC, RASTER_HZ, SYMBOL_S, TRAINING
from detector.types import Label
from sdr.synthetic.gmsk import Bits, GmskBurst
from sdr.synthetic.transmission import Transmission

__all__ = ["access_bits", "normal_bits", "transmission"]

TAIL: Final = np.zeros(3, np.int8)


def normal_bits(training_sequence: int, *, rng: np.random.Generator) -> Bits:
    """Bits of a normal burst (TS 45.002, 5.2.3), shape (148,).

    Parameters
    ----------
    training_sequence
        Its code, 0 to 7.
    """
    payload = rng.integers(0, 2, 116, np.int8)
    return np.concatenate((TAIL, payload[:58], TRAINING[training_sequence], payload[58:], TAIL))


def access_bits(*, rng: np.random.Generator) -> Bits:
    """Bits of an access burst (TS 45.002, 5.2.7), shape (88,)."""
    payload = rng.integers(0, 2, 36, np.int8)
    return np.concatenate((ACCESS_EXTENDED_TAIL, ACCESS_SYNC[0], payload, TAIL))


def transmission(label: Label, bits: Bits, *, start_s: float, carrier_hz: float, level_db: float = 0.0) -> Transmission:
    """A burst on a carrier; its bit 0 begins at ``start_s``."""
    return Transmission(
        label=label,
        start_s=start_s,
        duration_s=bits.size * SYMBOL_S,
        carrier_hz=carrier_hz,
        lower_hz=-RASTER_HZ / 2,
        upper_hz=RASTER_HZ / 2,
        level_db=level_db,
        waveform=GmskBurst(bits=bits),
    )
