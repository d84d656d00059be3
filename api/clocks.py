"""Sensors' clocks: how far one is off, and which times of a batch cannot be. Pure; the time is passed in.

Evidence is stored as its sensor told it. What is made of it, alerts and the state of a wing, goes by the hub's clock, so
that a sensor whose own clock is wrong can neither hide a phone nor keep one on air.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from detector.wire import Batch, SensorDetection

__all__ = ["MAX_AHEAD_US", "ClockMark", "TimeError", "clock_offset_us", "require_possible"]

MAX_AHEAD_US: Final = 3600 * 1_000_000
"""Evidence dated further ahead than this of the batch that brings it is refused: no oscillator strays so far."""

MAX_LENGTH: Final = timedelta(days=1)
"""No detection is longer."""


class TimeError(ValueError):
    """A time of a batch that cannot be; the message names the field by its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMark:
    """One comparison of a sensor's clock with the hub's.

    Parameters
    ----------
    sent_us
        When a batch was made, by the sensor's clock.
    received_us
        When it came, by the hub's.
    offset_us
        What :func:`clock_offset_us` made of it.
    """

    sent_us: int
    received_us: int
    offset_us: int = 0

    @property
    def ahead_us(self) -> int:
        """How far the sensor's clock is ahead, less the time under way."""
        return self.sent_us - self.received_us


def clock_offset_us(mark: ClockMark, before: ClockMark | None, *, limit_us: int) -> int:
    """How far a sensor's clock is ahead, negative if behind; 0 if it is right or may be.

    What comes before it was made proves a wrong clock. What comes late may have waited: a clock is behind only if
    batches come as slowly as they are made, each as late as the one before, where those of a queue come all at once. It
    stays so while they are about as late.

    Parameters
    ----------
    before
        An earlier comparison with the same boot, if there was one.
    limit_us
        A clock that is off by no more than this is right.
    """
    if mark.ahead_us > limit_us:
        return mark.ahead_us
    if mark.ahead_us >= -limit_us or before is None or before.ahead_us >= -limit_us:
        return 0
    drift_us = abs(mark.ahead_us - before.ahead_us)
    steady = 2 * drift_us < mark.sent_us - before.sent_us
    still = before.offset_us != 0 and drift_us <= limit_us
    return mark.ahead_us if steady or still else 0


def require_possible(batch: Batch) -> None:
    """Refuse evidence that is dated after its own batch, or is longer than any phone's emission.

    Raises
    ------
    TimeError
        Naming the field.
    """
    latest = batch.sent_utc.timestamp() + MAX_AHEAD_US / 1e6
    for index, detection in enumerate(batch.detections):
        path = f"detections[{index}]"
        if detection.end_utc.timestamp() > latest:
            raise TimeError(f"{path}.end_utc: {detection.end_utc} is over an hour after sent_utc={batch.sent_utc}")
        if too_long(detection):
            raise TimeError(f"{path}.end_utc: the detection is longer than {MAX_LENGTH.total_seconds():.0f} s")


def too_long(detection: SensorDetection) -> bool:
    """Whether a detection lasts longer than any may, by either of its clocks."""
    longest_s = MAX_LENGTH.total_seconds()
    return detection.end_utc - detection.start_utc > MAX_LENGTH or detection.end_s - detection.start_s > longest_s
