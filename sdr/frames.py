"""What a capture process says, as frames in a pipe: a fixed header, then bytes.

It opens with its facts, goes on with samples, and ends with why it ended. Only frames are known here; what is in the
bytes is for others to say.
"""

import os
import select
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["Frame", "FrameKind", "FrameReader", "StreamEndedError", "write_frame"]

HEADER: Final = struct.Struct("<BxxxIQQQd")
"""Kind, bytes that follow, and the counts and the time of :class:`Frame`."""

LARGEST: Final = 64 << 20


class FrameKind(IntEnum):
    """What a frame holds."""

    OPENED = 1
    """JSON of the receiver's facts."""

    SAMPLES = 2

    FAILED = 3
    """One line that says why."""

    TUNING = 4
    """The receiver is told to tune; from this time on samples are of no use."""

    TUNED = 5
    """JSON of a :class:`sdr.receiver.Tuned`; until this time they are of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One thing that a capture process said.

    Parameters
    ----------
    count
        Samples that the receiver delivered up to the end of this frame, whether or not they were passed on.
    dropped
        How many of them were not passed on, since nobody took them in time.
    overruns
        How often the driver said that samples were lost.
    time_s
        When the last of the samples came, by the monotonic clock of the machine.
    """

    kind: FrameKind
    data: bytes | bytearray
    count: int = 0
    dropped: int = 0
    overruns: int = 0
    time_s: float = 0.0


class StreamEndedError(Exception):
    """The other side of the pipe is gone."""


def write_frame(descriptor: int, frame: Frame) -> None:
    """Write a whole frame, however long that takes.

    Raises
    ------
    OSError
        If nobody reads any more.
    """
    header = HEADER.pack(frame.kind, len(frame.data), frame.count, frame.dropped, frame.overruns, frame.time_s)
    left = memoryview(header + frame.data)
    while left:
        left = left[os.write(descriptor, left) :]


class FrameReader:
    """Reads frames from a pipe, waiting no longer than told; what was read of a frame is kept for the next call.

    Parameters
    ----------
    descriptor
        The pipe; set to not block.
    interrupt
        A descriptor that ends every wait once it can be read.
    clock
        Monotonic time [s].
    """

    def __init__(self, descriptor: int, *, interrupt: int, clock: Callable[[], float]) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._interrupt = interrupt
        self._clock = clock
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._poll.register(interrupt, select.POLLIN)
        self._header = bytearray()
        self._data: bytearray | None = None
        self._filled = 0

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame; None if it did not come in time, or the wait was interrupted.

        Raises
        ------
        StreamEndedError
            If the pipe has ended, or holds what is no frame.
        """
        until = self._clock() + timeout_s
        while (frame := self._advance()) is None:
            ready = dict(self._poll.poll(max(0.0, 1e3 * (until - self._clock()))))
            if self._descriptor not in ready:
                return None
        return frame

    def _advance(self) -> Frame | None:
        """Read as much as there is; the frame, once it is whole."""
        try:
            if self._data is None and not self._begin():
                return None
            return self._fill()
        except BlockingIOError:
            return None

    def _begin(self) -> bool:
        """Read the header; whether it is whole."""
        self._header += self._some(os.read(self._descriptor, HEADER.size - len(self._header)))
        if len(self._header) < HEADER.size:
            return False
        size = HEADER.unpack(self._header)[1]
        if size > LARGEST:
            raise StreamEndedError(f"a frame of {size} bytes")
        self._data, self._filled = bytearray(size), 0
        return True

    def _fill(self) -> Frame | None:
        """Read what belongs to the header; the frame, if nothing is missing."""
        data = self._data or bytearray()
        while self._filled < len(data):
            with memoryview(data) as view:
                read = os.readv(self._descriptor, [view[self._filled :]])
            if not read:
                raise StreamEndedError("the pipe ended within a frame")
            self._filled += read
        kind, _, count, dropped, overruns, time_s = HEADER.unpack(self._header)
        self._header, self._data = bytearray(), None
        return Frame(kind=FrameKind(kind), data=data, count=count, dropped=dropped, overruns=overruns, time_s=time_s)

    @staticmethod
    def _some(data: bytes) -> bytes:
        if not data:
            raise StreamEndedError("the pipe ended")
        return data
