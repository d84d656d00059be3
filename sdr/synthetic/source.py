"""Simulated air as a source: what one sensor of a site hears, through the same port as a dongle.

Every sensor builds the same air from the site, the seed and the epoch, each in its own process. In real time a block is
given when its last sample is due; without a pace it is given at once.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from math import ceil
from types import TracebackType
from typing import Self
from uuid import uuid4

from detector.site import SensorPlace, Site
from detector.types import IqBlock, Tuning
from sdr.samples import FORMATS, to_iq
from sdr.source import Pace, SampleClock, SourceError, SourceState
from sdr.synthetic.population import CENTRE_HZ, SAMPLE_RATE_HZ
from sdr.synthetic.receiver import BLOCK_SAMPLES, receiver_of
from sdr.synthetic.reception import Reception, receive
from sdr.synthetic.timetable import Episode

__all__ = ["SimulatedSource", "place_of"]


class SimulatedSource:
    """The air of a simulated prison at one of its sensors.

    Parameters
    ----------
    site, sensor
        The site, and the name of the sensor that listens.
    seed, epoch
        Of the timetable; sensors that share site, seed and epoch hear the same phones at the same time.
    sample_rate_hz, centre_hz
        The tuning. The whole simulated spectrum lies in 1.92 MS/s around 897 MHz; 1.2 MS/s hears a part of it.
    opened
        When sample 0 is taken; the epoch if left out.
    duration_s
        The source ends after so long, rounded up to a whole sample; never, if left out.
    pace
        Waits until a block is due; a source without one runs as fast as it can.
    boot
        Identifies this opening; drawn if left out.
    acts
        What phones do in place of the seed's own timetable, in the order of starts.

    Raises
    ------
    KeyError
        If the site has no such sensor.
    ValueError
        If a time is not in UTC, the source would open before the epoch, or the sample rate is not a multiple of 15 kHz.
    """

    def __init__(
        self,
        site: Site,
        sensor: str,
        *,
        seed: int,
        epoch: datetime,
        sample_rate_hz: float = SAMPLE_RATE_HZ,
        centre_hz: float = CENTRE_HZ,
        opened: datetime | None = None,
        duration_s: float | None = None,
        pace: Pace | None = None,
        boot: str | None = None,
        acts: tuple[Episode, ...] | None = None,
    ) -> None:
        place = place_of(site, sensor)
        self._clock = SampleClock(start=epoch if opened is None else opened, sample_rate_hz=sample_rate_hz)
        self._tuning = FORMATS["cu8"].tuning(sample_rate_hz, centre_hz)
        self._samples = None if duration_s is None else ceil(duration_s * sample_rate_hz)
        self._pace = pace
        self._boot = uuid4().hex if boot is None else boot
        self._closed = False
        self._reception = Reception(
            site=site,
            sensor=place,
            seed=seed,
            tuning=self._tuning,
            receiver=receiver_of(place, seed=seed),
            opened_s=(self._clock.start - epoch).total_seconds(),
            acts=acts,
        )

    @property
    def tuning(self) -> Tuning:
        """Where the source listens."""
        return self._tuning

    @property
    def boot(self) -> str:
        """Identifies this opening."""
        return self._boot

    @property
    def state(self) -> SourceState:
        """Nothing can befall it."""
        return SourceState()

    def tune(self, centre_hz: float) -> None:
        """Refuse: it is of one tuning."""
        raise SourceError(f"simulated air cannot be tuned to {centre_hz:g} Hz")

    def utc_of(self, sample: int) -> datetime:
        """When a sample was taken."""
        return self._clock.utc_of(sample)

    def blocks(self) -> Iterator[IqBlock]:
        """Blocks of the simulated air, without gaps."""
        most = None if self._samples is None else ceil(self._samples / BLOCK_SAMPLES)
        for index, (data, _) in enumerate(islice(receive(self._reception), most)):
            start = index * BLOCK_SAMPLES
            count = BLOCK_SAMPLES if self._samples is None else min(BLOCK_SAMPLES, self._samples - start)
            block = IqBlock(tuning=self._tuning, start=start, samples=to_iq(data[: 2 * count].data, FORMATS["cu8"]))
            if self._pace is not None:
                self._pace(self.utc_of(block.stop))
            if self._closed:
                return
            yield block

    def close(self) -> None:
        """End the stream after the block in hand."""
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


def place_of(site: Site, sensor: str) -> SensorPlace:
    """Where a sensor stands.

    Raises
    ------
    KeyError
        If the site has no such sensor.
    """
    for place in site.sensors:
        if place.name == sensor:
            return place
    raise KeyError(f"sensor {sensor!r} is not in the site; there are {', '.join(p.name for p in site.sensors)}")
