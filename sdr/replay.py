"""A recording as a live source: at the pace of real time or flat out, once or over and over."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self

from detector.types import IqBlock, Tuning
from sdr.recording import Recording, blocks
from sdr.source import Clock, Pace, SampleClock, SourceError, SourceState

__all__ = ["ReplaySource"]


class ReplaySource:
    """A recording as an ``IqSource``; each turn of a loop goes on counting and begins a run.

    Parameters
    ----------
    recording
        What to play.
    clock
        Tells the time in UTC; read once, for the time of sample 0.
    pace
        Waits until a block's last sample would have been taken; None plays flat out.
    loop
        Whether to begin again at the end.
    """

    def __init__(self, recording: Recording, *, clock: Clock, pace: Pace | None = None, loop: bool = False) -> None:
        self._recording = recording
        self._clock = SampleClock(start=clock(), sample_rate_hz=recording.sample_rate_hz)
        self._pace = pace
        self._loop = loop
        self._closed = threading.Event()
        self._boot = uuid.uuid4().hex
        self._tuning = recording.tuning(recording.captures[0])

    @property
    def tuning(self) -> Tuning:
        """The tuning of the block that was given last."""
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
        raise SourceError(f"a recording cannot be tuned to {centre_hz:g} Hz")

    def utc_of(self, sample: int) -> datetime:
        """When a sample would have been taken, had the recording begun when it was opened."""
        return self._clock.utc_of(sample)

    def blocks(self) -> Iterator[IqBlock]:
        """The recording's blocks, until its end or until closed."""
        played = 0
        while not self._closed.is_set():
            for block in blocks(self._recording):
                if self._closed.is_set():
                    return
                self._tuning = block.tuning
                if self._pace is not None:
                    self._pace(self.utc_of(played + block.stop))
                yield replace(block, start=played + block.start)
            played += self._recording.samples
            if not self._loop:
                return

    def close(self) -> None:
        """End the replay at the next block."""
        self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()
