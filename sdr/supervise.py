"""A receiver that is kept alive: blocks from a capture process, and what is done when it fails.

The process owns the receiver; a receiver that stops, stalls, slows down or stands still is brought back by the ladder, as
often as it takes, and meanwhile the source says so. The sample count goes on over all of it, by the clock, so that what was
lost is a gap of the right length.
"""

import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

import numpy as np
import structlog

from detector.types import IqBlock, Tuning
from sdr import ladder, usb
from sdr.capture_process import Capture, Launch, launch
from sdr.frames import Frame, FrameKind, StreamEndedError
from sdr.gaps import GapLimits
from sdr.ladder import Rung, Step
from sdr.receiver import Facts, Request, Tuned
from sdr.samples import FORMATS
from sdr.source import SourceError, SourceState
from sdr.stream import BEGINNING, FaultError, Stream
from sdr.timekeeping import Clocks

__all__ = ["OPEN_S", "STALL_S", "SupervisedSource"]

OPEN_S: Final = 15.0
"""How long a receiver may take to open at the start, when a small machine has much to start."""

TUNE_S: Final = 2.0
"""How long a receiver may take to tune."""

STALL_S: Final = 1.0
"""Without a transfer for this long a receiver has stalled: even at 250 kS/s one comes each 0.3 s."""

log: Final = structlog.get_logger()


class SupervisedSource:
    """A receiver in a capture process as an ``IqSource``.

    Parameters
    ----------
    request
        What to open, and how.
    limits
        From when on lateness is a gap.
    rate_error_share
        Share by which the sample rate may be off for some seconds before the receiver counts as ill.
    clocks
        What tells the time.
    launch, find_device
        Start a capture process; find the USB device of a serial number.

    Raises
    ------
    SourceError
        If the receiver cannot be opened at the start; in one line with what to do.
    """

    def __init__(
        self,
        request: Request,
        *,
        limits: GapLimits,
        rate_error_share: float,
        clocks: Clocks,
        launch: Launch = launch,
        find_device: Callable[[str], usb.UsbDevice | None] = usb.find_device,
    ) -> None:
        self._request = request
        self._limits = limits
        self._rate_error_share = rate_error_share
        self._clocks = clocks
        self._launch = launch
        self._find_device = find_device
        self._device: usb.UsbDevice | None = None
        self._boot = uuid.uuid4().hex
        self._closed = threading.Event()
        self._interrupt = os.eventfd(0)
        self._life = threading.Lock()
        self._capture: Capture | None = None
        self._ladder = ladder.GROUND
        self._state = SourceState()
        self._tuning = Tuning(sample_rate_hz=request.sample_rate_hz, centre_hz=request.centre_hz)
        self._place = BEGINNING
        self._tune_by_s: float | None = None
        self._dropped = self._overruns = 0
        try:
            self._stream = self._open(OPEN_S)
        except FaultError as error:
            self.close()
            raise SourceError(str(error)) from error

    @property
    def tuning(self) -> Tuning:
        """Where the receiver listens."""
        return self._tuning

    @property
    def boot(self) -> str:
        """Identifies this opening of the source, which outlives those of the receiver."""
        return self._boot

    @property
    def state(self) -> SourceState:
        """How the receiver fares."""
        return self._state

    def tune(self, centre_hz: float) -> None:
        """Listen elsewhere: blocks of the new tuning follow once the receiver has settled on it, also if it fails meanwhile.

        Called between blocks, by who reads them, and not again before the first block of the new tuning has come.
        """
        self._request = replace(self._request, centre_hz=centre_hz)
        self._tune_by_s = self._clocks.monotonic() + TUNE_S
        with self._life:
            if self._capture is not None and not self._closed.is_set():
                self._capture.tune(centre_hz)

    def utc_of(self, sample: int) -> datetime:
        """When a sample was taken, by the latest that is known of both clocks."""
        zero_s = self._stream.place.zero_s
        now = self._clocks.utc()
        if zero_s is None:
            return now
        taken_s = zero_s + sample / self._tuning.sample_rate_hz
        return now - timedelta(seconds=self._clocks.monotonic() - taken_s)

    def blocks(self) -> Iterator[IqBlock]:
        """The receiver's samples, until the source is closed; blocks without samples while it is brought back."""
        while not self._closed.is_set():
            try:
                if (frame := self._read()) is not None:
                    yield from self._given(frame)
            except FaultError as error:
                yield from self._bring_back(str(error))

    def close(self) -> None:
        """End the blocks and give the receiver back; from any thread, and a second call does nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        os.eventfd_write(self._interrupt, 1)
        with self._life:
            if self._capture is not None:
                self._capture.end(ladder.RUNGS[0].bound_s)
            os.close(self._interrupt)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def _given(self, frame: Frame) -> Iterator[IqBlock]:
        """The blocks that are known with a frame."""
        if frame.kind is FrameKind.TUNING:
            self._stream.tuning(frame.time_s)
        elif frame.kind is FrameKind.TUNED:
            self._tune_by_s = None
            self._stream.tuned(Tuned(**json.loads(frame.data)))
        else:
            for block in self._stream.take(frame):
                self._tuning = block.tuning
                yield block
            if self._tune_by_s is not None and self._clocks.monotonic() > self._tune_by_s:
                raise FaultError(f"the receiver did not tune in {TUNE_S:g} s")

    def _read(self) -> Frame | None:
        """The next samples; None once closed.

        Raises
        ------
        FaultError
            If none come.
        """
        with self._life:
            if self._closed.is_set():
                return None
            frame = self._heard(STALL_S)
        if frame is None:
            if self._closed.is_set():
                return None
            raise FaultError(f"no samples for {STALL_S:g} s")
        if frame.kind is FrameKind.SAMPLES:
            self._ladder = ladder.streaming(self._ladder, now_s=self._clocks.monotonic())
            self._state = replace(
                self._state, dropped=self._dropped + frame.dropped, overruns=self._overruns + frame.overruns, alarm=None
            )
        return frame

    def _heard(self, timeout_s: float) -> Frame | None:
        """What the capture process says; None if it says nothing in time.

        Raises
        ------
        FaultError
            If it says that the receiver failed, or is gone.
        """
        if self._capture is None:
            raise FaultError("no capture process")
        try:
            frame = self._capture.read(timeout_s)
        except StreamEndedError as error:
            raise FaultError("the capture process ended without a word") from error
        if frame is not None and frame.kind is FrameKind.FAILED:
            raise FaultError(frame.data.decode())
        return frame

    def _open(self, bound_s: float) -> Stream:
        """Start a capture process and wait until its receiver is open.

        Raises
        ------
        FaultError
            If it does not open in time.
        """
        with self._life:
            if self._closed.is_set():
                raise FaultError("the source is closed")
            self._capture = self._launch(self._request, interrupt=self._interrupt)
            frame = self._heard(bound_s)
        if frame is None:
            raise FaultError(
                f"{self._request.kind}: the receiver did not open in {bound_s:g} s; unplug it and plug it in again"
            )
        facts = Facts(**json.loads(frame.data))
        if self._request.kind == "rtlsdr":
            self._device = self._find_device(self._request.address) or self._device
        return self._begin(facts)

    def _begin(self, facts: Facts) -> Stream:
        """The stream of a receiver that has just been opened."""
        fmt = FORMATS[facts.format]
        self._tuning = fmt.tuning(self._request.sample_rate_hz, self._request.centre_hz)
        self._tune_by_s = None
        # Each capture process counts anew.
        self._dropped, self._overruns = self._state.dropped, self._state.overruns
        self._state = replace(self._state, gain_db=facts.gain_db, hardware=facts.hardware)
        return Stream(
            boot=self._boot,
            tuning=self._tuning,
            format=fmt,
            gain_db=facts.gain_db,
            limits=self._limits,
            rate_error_share=self._rate_error_share,
            clocks=self._clocks,
            place=self._place,
        )

    def _bring_back(self, why: str) -> Iterator[IqBlock]:
        """Climb the ladder until the receiver is open again; a block without samples before each rung."""
        self._place = self._stream.place
        self._state = replace(self._state, faults=self._state.faults + 1)
        while not self._closed.is_set():
            self._ladder, rung = ladder.climb(self._ladder, now_s=self._clocks.monotonic())
            self._state = replace(self._state, alarm=why if self._ladder.alarmed else None)
            log.warning("receiver failed", why=why, step=str(rung.step), alarm=self._ladder.alarmed)
            yield self._nothing()
            self._perform(rung)
            try:
                self._stream = self._open(rung.open_s)
            except FaultError as error:
                why = str(error)
            else:
                return

    def _perform(self, rung: Rung) -> None:
        """Do what a rung says."""
        with self._life:
            if self._capture is not None:
                self._capture.end(rung.bound_s if rung.step in {Step.REOPEN, Step.ALARM} else 0.0)
                self._capture = None
        hard = {Step.RESET: usb.reset, Step.POWER: usb.cut_power}.get(rung.step)
        if hard is not None and self._device is not None and (failed := hard(self._device, bound_s=rung.bound_s)):
            log.warning("step failed", step=str(rung.step), why=failed)
        self._closed.wait(rung.pause_s)

    def _nothing(self) -> IqBlock:
        """A block without samples, where the count stands."""
        return IqBlock(tuning=self._tuning, start=self._place.next, samples=np.empty(0, np.complex64))
