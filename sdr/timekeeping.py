"""The two clocks of the machine, and how wrong the one of the world may be.

The kernel knows the largest error of its own clock while something keeps it on time; this is where it is asked. Everything
else gets its clocks handed in.
"""

import ctypes
import ctypes.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sdr.source import Clock

__all__ = ["SYSTEM_CLOCKS", "UNKNOWN_ERROR_S", "Clocks", "kernel_error_s", "known_error_s"]

UNKNOWN_ERROR_S: Final = 16.0
"""What the kernel itself says of a clock that nothing keeps on time."""


class Timex(ctypes.Structure):
    """The head of struct timex of sys/timex.h, with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


def kernel_error_s() -> float:
    """The largest error of the machine's UTC [s], by adjtimex(2), which is asked and changes nothing."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return UNKNOWN_ERROR_S
    told = Timex(modes=0)
    status: int = adjtimex(ctypes.byref(told))
    return min(told.maxerror * 1e-6, UNKNOWN_ERROR_S) if status >= 0 else UNKNOWN_ERROR_S


def known_error_s() -> float | None:
    """As :func:`kernel_error_s`; None for a clock that nothing keeps on time."""
    error_s = kernel_error_s()
    return error_s if error_s < UNKNOWN_ERROR_S else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """What tells the time: seconds that never jump, UTC, and the largest error of the latter [s]."""

    monotonic: Callable[[], float]
    utc: Clock
    utc_error_s: Callable[[], float]


SYSTEM_CLOCKS: Final = Clocks(monotonic=time.monotonic, utc=lambda: datetime.now(UTC), utc_error_s=kernel_error_s)
