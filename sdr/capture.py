"""The capture process: it owns one receiver, stamps what comes with the monotonic clock, and hands it on through a pipe.

Started with a request as its argument, it writes frames to its standard output until its standard input ends; each line of
that is a centre to tune to [Hz]. Between the
receiver and the pipe stands a bounded queue: whoever reads the pipe may be as slow as he likes, the receiver is never held
up, and what does not fit is dropped and counted. It is the only place that talks to drivers; it may be killed at any moment.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from queue import Empty, Full, Queue
from typing import Final

from sdr.frames import Frame, FrameKind, write_frame
from sdr.receiver import Facts, Receiver, ReceiverError, Request, Tuned, dump, read_request
from sdr.rtl_sdr import open_rtl_sdr
from sdr.rtl_tcp import open_rtl_tcp
from sdr.samples import FORMATS
from sdr.soapy import open_soapy

__all__ = ["LAST_S", "RECEIVERS", "Outlet", "capture", "main"]

RECEIVERS: Final[Mapping[str, Callable[[Request], Receiver]]] = {
    "rtlsdr": open_rtl_sdr,
    "rtltcp": open_rtl_tcp,
    "soapy": open_soapy,
}

QUEUE_S: Final = 2.0
QUEUE_BYTES: Final = 64 << 20

LAST_S: Final = 2
"""How long a driver may take to let go of its receiver [s]; then the process ends without it."""


class Outlet:
    """The bounded queue between a receiver and the pipe.

    Parameters
    ----------
    descriptor
        The pipe.
    depth
        Transfers that may wait.
    sample_bytes
        Bytes of one sample.
    overruns
        Tells how often the driver said that samples were lost.
    """

    def __init__(
        self, descriptor: int, *, depth: int, sample_bytes: int, overruns: Callable[[], int] = lambda: 0
    ) -> None:
        self._descriptor = descriptor
        self._queue: Queue[Frame | None] = Queue(depth)
        self._sample_bytes = sample_bytes
        self._overruns = overruns
        self._count = 0
        self._dropped = 0

    def take(self, data: bytes) -> None:
        """Queue a transfer, or drop it; never waits. A sample that is not whole is left out."""
        now_s = time.monotonic()
        samples = len(data) // self._sample_bytes
        self._count += samples
        frame = Frame(
            kind=FrameKind.SAMPLES,
            data=data[: samples * self._sample_bytes],
            count=self._count,
            dropped=self._dropped,
            overruns=self._overruns(),
            time_s=now_s,
        )
        try:
            self._queue.put_nowait(frame)
        except Full:
            self._dropped += samples

    def tell(self, kind: FrameKind, data: bytes = b"") -> None:
        """Queue what is not samples, in its place among them; waits for room."""
        self._queue.put(Frame(kind=kind, data=data, count=self._count, dropped=self._dropped, time_s=time.monotonic()))

    def fail(self, why: str) -> None:
        """Queue the reason of the end, in place of the oldest transfers if there is no room."""
        frame = Frame(kind=FrameKind.FAILED, data=why.encode(), count=self._count, dropped=self._dropped)
        for last in (frame, None):
            while True:
                with suppress(Full):
                    self._queue.put_nowait(last)
                    break
                with suppress(Empty):
                    self._queue.get_nowait()

    def run(self) -> None:
        """Write what is queued until the end of it, or of the reader."""
        with suppress(OSError):
            while (frame := self._queue.get()) is not None:
                write_frame(self._descriptor, frame)


def capture(request: Request, *, control: int, data: int) -> None:
    """Open a receiver and hand on what it gives until ``control`` ends.

    Parameters
    ----------
    control, data
        Descriptors of the two pipes.
    """
    try:
        receiver = RECEIVERS[request.kind](request)
    except ReceiverError as error:
        write_frame(data, Frame(kind=FrameKind.FAILED, data=str(error).encode()))
        return
    facts = receiver.facts
    write_frame(data, Frame(kind=FrameKind.OPENED, data=dump(facts)))
    outlet = Outlet(
        data,
        depth=depth_of(facts, request.sample_rate_hz),
        sample_bytes=FORMATS[facts.format].sample_bytes,
        overruns=lambda: receiver.overruns,
    )
    writer = threading.Thread(target=outlet.run, name="outlet", daemon=True)
    writer.start()
    orders = partial(obey, control, receiver, outlet, settle_s=request.settle_s)
    threading.Thread(target=orders, name="control", daemon=True).start()
    try:
        receiver.stream(outlet.take)
    except ReceiverError as error:
        outlet.fail(str(error))
        signal.alarm(LAST_S)
        writer.join()
    receiver.close()


def depth_of(facts: Facts, sample_rate_hz: float) -> int:
    """How many transfers may wait: two seconds of them, in bounded memory."""
    wanted = QUEUE_S * sample_rate_hz * FORMATS[facts.format].sample_bytes
    return max(4, int(min(wanted, QUEUE_BYTES) // facts.transfer_bytes))


def obey(control: int, receiver: Receiver, outlet: Outlet, *, settle_s: float) -> None:
    """Tune as told until the control pipe ends, which it also does when who holds it dies; then stop, however long it takes."""
    with os.fdopen(control, closefd=False) as lines:
        for line in lines:
            tune(receiver, outlet, float(line), settle_s=settle_s)
    # The signal's own action ends the process although a driver hangs.
    signal.alarm(LAST_S)
    receiver.stop()


def tune(receiver: Receiver, outlet: Outlet, centre_hz: float, *, settle_s: float) -> None:
    """Tune a receiver, and say from when until when its samples are of no use."""
    begun_s = time.monotonic()
    outlet.tell(FrameKind.TUNING)
    try:
        more_s = receiver.tune(centre_hz)
    except ReceiverError as error:
        outlet.fail(str(error))
        return
    settled_s = max(begun_s + settle_s, time.monotonic() + more_s)
    outlet.tell(FrameKind.TUNED, dump(Tuned(centre_hz=centre_hz, settled_s=settled_s)))


def main() -> None:
    """Run the capture process of the request in the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    data = os.dup(1)
    os.dup2(2, 1)  # what drivers print must not come between frames
    with suppress(BrokenPipeError):
        capture(read_request(sys.argv[1]), control=0, data=data)


if __name__ == "__main__":
    main()
