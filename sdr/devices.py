"""What is attached to this machine, what it can be tuned to, and which bands in use it will never hear.

Asks the drivers that are there; one that is not there, or does not answer, is said to be so in one line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from detector.bands import Band
from sdr import rtl_sdr, soapy
from sdr.receiver import ReceiverError
from sdr.scan import reach_of

__all__ = ["Attached", "attached", "listing", "unheard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A receiver: the word that the settings know it by, its name, and the ranges that it can be tuned to [Hz]."""

    word: str
    name: str
    ranges: tuple[tuple[float, float], ...]


NOTHING: Final = (
    "no receiver is attached: plug it in, or look at its cable, its hub and its driver (deploy/receivers.md); one that "
    "an rtl_tcp server has is not listed, and stands in a sensor's settings as rtltcp:HOST:PORT"
)
"""What is said to somebody who expected one."""


def dongles() -> list[Attached]:
    """RTL-SDR dongles, by their driver."""
    reach = reach_of("rtlsdr")
    return [
        Attached(word=f"rtlsdr:{serial}", name="RTL-SDR", ranges=((reach.low_hz, reach.high_hz),))
        for serial in rtl_sdr.serials()
    ]


def radios() -> list[Attached]:
    """Radios that SoapySDR knows, but for dongles, which have a driver of their own here."""
    found = [one for one in soapy.found_radios() if one.get("driver") not in {"rtlsdr", "audio"}]
    return [
        Attached(word=f"soapy:{arguments}", name=one.get("label", one["driver"]), ranges=tuple(soapy.reach(arguments)))
        for one in found
        for arguments in [",".join(f"{key}={one[key]}" for key in ("driver", "serial") if key in one)]
    ]


DRIVERS: Final[Sequence[Callable[[], list[Attached]]]] = (dongles, radios)


def attached(drivers: Sequence[Callable[[], list[Attached]]] = DRIVERS) -> tuple[list[Attached], list[str]]:
    """What is attached, and what went wrong in asking."""
    found: list[Attached] = []
    wrong: list[str] = []
    for driver in drivers:
        try:
            found += driver()
        except ReceiverError as error:
            wrong.append(str(error))
    return found, wrong


def unheard(receiver: Attached, bands: Sequence[Band]) -> list[Band]:
    """Bands of which a receiver hears nothing."""
    return [
        band
        for band in bands
        if not any(low_hz < band.high_hz and band.low_hz < high_hz for low_hz, high_hz in receiver.ranges)
    ]


def listing(found: Sequence[Attached], wrong: Sequence[str], bands: Sequence[Band]) -> Iterator[str]:
    """All of it as lines for people."""
    if not found:
        yield NOTHING
    for one in found:
        yield f"{one.word}  {one.name}"
        yield "  tunes " + ", ".join(f"{low_hz / 1e6:g} to {high_hz / 1e6:g} MHz" for low_hz, high_hz in one.ranges)
        deaf = [f"{band.name} ({band.low_hz / 1e6:g} to {band.high_hz / 1e6:g} MHz)" for band in unheard(one, bands)]
        yield f"  never hears {', '.join(deaf)}" if deaf else "  reaches every band in use"
    yield from wrong
