"""The port through which every kind of air reaches a sensor: a dongle, a recording, or simulated air.

A source counts its own samples from the moment it was opened, says which opening that was, and relates its count to UTC.
It never splices: what was lost shows as a gap between two blocks. Clocks and waiting are handed in, never read here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from detector.types import IqBlock, Tuning

__all__ = ["CapturedBlock", "Clock", "IqSource", "Pace", "SampleClock", "SourceError", "SourceState", "paced_by"]

Clock: TypeAlias = Callable[[], datetime]
"""Tells the time, in UTC."""

Pace: TypeAlias = Callable[[datetime], None]
"""Returns once a moment (UTC) has come; at once if it has passed."""


class SourceError(Exception):
    """A source that cannot be opened or has stopped; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CapturedBlock(IqBlock):
    """Samples of a receiver, with what was known when they were taken.

    Parameters
    ----------
    boot
        The opening of the source that ``start`` counts from.
    monotonic_s
        When the first sample was taken, by the machine's monotonic clock.
    utc, utc_error_s
        The same in UTC, and how wrong that may be.
    gain_db
        Tuner gain; None where it is automatic.
    clipped
        Samples that stood at an end of the converter.
    """

    boot: str
    monotonic_s: float
    utc: datetime
    utc_error_s: float
    gain_db: float | None
    clipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How a source fares.

    Parameters
    ----------
    gain_db
        Gain of what it gives now; None where there is none, or it is automatic.
    hardware
        The receiver's name, for people; empty where there is none.
    dropped
        Samples that were not taken in time by who reads the source, since it was opened.
    overruns
        How often a driver said that samples were lost.
    faults
        How often the receiver failed.
    alarm
        Why no samples come, once nothing helped; None while they do.
    """

    gain_db: float | None = None
    hardware: str = ""
    dropped: int = 0
    overruns: int = 0
    faults: int = 0
    alarm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleClock:
    """Relates a source's sample count to UTC.

    Parameters
    ----------
    start
        When sample 0 was taken.
    sample_rate_hz
        Samples per second of UTC.
    """

    start: datetime
    sample_rate_hz: float

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0):
            raise ValueError(f"start={self.start} is not in UTC")
        if not self.sample_rate_hz > 0:
            raise ValueError(f"sample_rate_hz={self.sample_rate_hz} is not positive")

    def utc_of(self, sample: int) -> datetime:
        """When a sample was taken."""
        return self.start + timedelta(seconds=sample / self.sample_rate_hz)

    def sample_at(self, moment: datetime) -> int:
        """The sample that was taken at a moment, or the one just after."""
        elapsed_us = (moment - self.start) // timedelta(microseconds=1)
        return -int(-elapsed_us * self.sample_rate_hz // 1e6)


class IqSource(Protocol):
    """Samples from somewhere, used as a context manager.

    Examples
    --------
    >>> with open_source() as source:                          # doctest: +SKIP
    ...     for block in source.blocks():
    ...         output = pipeline.push(block)
    """

    @property
    def tuning(self) -> Tuning:
        """Where the source listens now; each block bears the tuning that it was taken at."""
        ...

    @property
    def boot(self) -> str:
        """Identifies this opening of the source; sample indexes mean nothing across two openings."""
        ...

    @property
    def state(self) -> SourceState:
        """How it fares."""
        ...

    def tune(self, centre_hz: float) -> None:
        """Listen elsewhere: sooner or later blocks of that tuning follow, the first of them fresh.

        Called between blocks, by who reads them, and not again before the first block of the new tuning has come.

        Raises
        ------
        SourceError
            If what the source plays is of one tuning.
        """
        ...

    def utc_of(self, sample: int) -> datetime:
        """When a sample of this opening was taken, in UTC, as well as is known now; best for what was heard lately."""
        ...

    def blocks(self) -> Iterator[IqBlock]:
        """The blocks in their order, until the source ends or is closed.

        A block whose start is not the end of the one before it stands behind a gap. A block without samples says that
        the source has failed and is being brought back, so that who reads it can go on with his other work. Called once
        per opening.
        """
        ...

    def close(self) -> None:
        """Give the receiver back; a second call does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


def paced_by(*, clock: Clock, sleep: Callable[[float], None]) -> Pace:
    """The pace of real time.

    Parameters
    ----------
    clock
        Tells the time.
    sleep
        Waits for a number of seconds.
    """

    def wait_until(moment: datetime) -> None:
        ahead_s = (moment.astimezone(UTC) - clock()).total_seconds()
        if ahead_s > 0:
            sleep(ahead_s)

    return wait_until
