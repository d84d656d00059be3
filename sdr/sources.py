"""The table of sources: a URL-like word of the settings to an open ``IqSource``. No discovery, no guessing."""

import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from detector.receiver import ReceiverLevels
from detector.site import Site, parse_site
from detector.times import parse_utc
from sdr.gaps import GapLimits
from sdr.receiver import Request
from sdr.recording import open_recording
from sdr.replay import ReplaySource
from sdr.settings import SensorSettings
from sdr.source import Clock, IqSource, SourceError, paced_by
from sdr.supervise import SupervisedSource
from sdr.synthetic.source import SimulatedSource
from sdr.timekeeping import SYSTEM_CLOCKS

__all__ = ["SOURCES", "demo_site", "open_source"]

Opener = Callable[[str, SensorSettings, Clock, ReceiverLevels], IqSource]


def open_source(settings: SensorSettings, *, clock: Clock, levels: ReceiverLevels) -> IqSource:
    """Open the source that the settings name.

    Parameters
    ----------
    clock
        Tells the time to what is replayed or simulated; a receiver goes by the machine's own clocks.
    levels
        What is believed of a receiver.

    Raises
    ------
    SourceError
        If there is no such kind of source, or it cannot be opened; in one line with what to do.
    RecordingError
        If a recording to be replayed cannot be read.
    """
    kind, colon, rest = settings.source.partition(":")
    if not colon or kind not in SOURCES:
        raise SourceError(
            f"source={settings.source!r} is not known; expected one of {', '.join(f'{k}:' for k in SOURCES)}"
        )
    return SOURCES[kind](rest, settings, clock, levels)


def open_local(kind: str) -> Opener:
    """``rtlsdr:`` is the first dongle, ``rtlsdr:SERIAL`` the one of that number; ``soapy:ARGS`` any radio of SoapySDR."""

    def opener(address: str, settings: SensorSettings, _clock: Clock, levels: ReceiverLevels) -> IqSource:
        limits = GapLimits(gap_s=levels.gap_s, confirm_s=levels.gap_confirm_s)
        return supervised(request_of(kind, address, settings, levels), limits, levels)

    return opener


def open_remote(address: str, settings: SensorSettings, _clock: Clock, levels: ReceiverLevels) -> IqSource:
    """``rtltcp:HOST:PORT`` is the dongle of an rtl_tcp server."""
    limits = GapLimits(gap_s=levels.remote_gap_s, confirm_s=levels.remote_gap_confirm_s)
    return supervised(request_of("rtltcp", address, settings, levels), limits, levels)


def request_of(kind: str, address: str, settings: SensorSettings, levels: ReceiverLevels) -> Request:
    """What a capture process is to open."""
    return Request(
        kind=kind,
        address=address,
        sample_rate_hz=settings.sample_rate_hz,
        centre_hz=settings.centre_hz[0],
        gain_db=settings.gain_db,
        ppm=levels.frequency_correction_ppm if settings.ppm is None else settings.ppm,
        automatic_gain=settings.automatic_gain,
        direct_sampling=settings.direct_sampling,
        settle_s=settings.settle_s,
    )


def supervised(request: Request, limits: GapLimits, levels: ReceiverLevels) -> IqSource:
    """A receiver that is kept alive."""
    return SupervisedSource(request, limits=limits, rate_error_share=levels.rate_error_share, clocks=SYSTEM_CLOCKS)


def open_replay(path: str, settings: SensorSettings, clock: Clock, _levels: ReceiverLevels) -> IqSource:
    """``sigmf:PATH`` plays a recording, at the pace of real time or flat out."""
    pace = None if settings.flat_out else paced_by(clock=clock, sleep=time.sleep)
    return ReplaySource(open_recording(Path(path)), clock=clock, pace=pace, loop=settings.loop)


def open_simulation(path: str, settings: SensorSettings, clock: Clock, _levels: ReceiverLevels) -> IqSource:
    """``sim:`` is the demo site, ``sim:PATH`` another one; the sensor is the one of the settings' name."""
    site = demo_site() if not path else read_site(Path(path))
    try:
        site.wing_of(settings.name)
        opened = clock()
        return SimulatedSource(
            site,
            settings.name,
            seed=settings.seed,
            epoch=opened if settings.epoch is None else parse_utc(settings.epoch),
            opened=opened,
            sample_rate_hz=settings.sample_rate_hz,
            centre_hz=settings.centre_hz[0],
            pace=paced_by(clock=clock, sleep=time.sleep),
        )
    except (KeyError, ValueError) as error:
        raise SourceError(f"sim: {error.args[0]}") from error


def read_site(path: Path) -> Site:
    """The site in a file."""
    try:
        return parse_site(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise SourceError(f"{path}: {error}") from error


def demo_site() -> Site:
    """The site of the demonstration."""
    return parse_site(files("sdr.synthetic").joinpath("demo-site.toml").read_bytes())


SOURCES: Final[Mapping[str, Opener]] = {
    "rtlsdr": open_local("rtlsdr"),
    "rtltcp": open_remote,
    "soapy": open_local("soapy"),
    "sigmf": open_replay,
    "sim": open_simulation,
}
