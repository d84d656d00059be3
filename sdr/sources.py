"""The table of sources: a URL-like word of the settings to an open ``IqSource``. No discovery, no guessing."""

import time
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from detector.site import Site, parse_site
from detector.times import parse_utc
from detector.types import Tuning
from sdr.recording import open_recording
from sdr.replay import ReplaySource
from sdr.rtl_sdr import RtlSdrSource, open_dongle
from sdr.settings import SensorSettings
from sdr.source import Clock, IqSource, SourceError, paced_by
from sdr.synthetic.source import SimulatedSource

__all__ = ["SOURCES", "demo_site", "open_source"]

Opener = Callable[[str, SensorSettings, Clock], IqSource]


def open_source(settings: SensorSettings, *, clock: Clock) -> IqSource:
    """Open the source that the settings name.

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
    return SOURCES[kind](rest, settings, clock)


def open_rtlsdr(serial: str, settings: SensorSettings, clock: Clock) -> IqSource:
    """``rtlsdr:`` is the first dongle, ``rtlsdr:SERIAL`` the one of that serial number."""
    return RtlSdrSource(
        open_dongle(serial or None),
        tuning=Tuning(sample_rate_hz=settings.sample_rate_hz, centre_hz=settings.centre_hz),
        gain_db=settings.gain_db,
        ppm=settings.ppm,
        clock=clock,
    )


def open_replay(path: str, settings: SensorSettings, clock: Clock) -> IqSource:
    """``sigmf:PATH`` plays a recording at the pace of real time."""
    return ReplaySource(
        open_recording(Path(path)), clock=clock, pace=paced_by(clock=clock, sleep=time.sleep), loop=settings.loop
    )


def open_simulation(path: str, settings: SensorSettings, clock: Clock) -> IqSource:
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
            centre_hz=settings.centre_hz,
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


SOURCES: Final[Mapping[str, Opener]] = {"rtlsdr": open_rtlsdr, "sigmf": open_replay, "sim": open_simulation}
