"""Delivery to the hub: what the outbox holds, oldest first, and the sensor's latest heartbeat before it.

Runs in a thread of its own beside the capture and never holds it up. Nothing leaves the outbox before the hub has
acknowledged it; a batch that the hub will never take is set aside. It knows nothing of HTTP but the statuses.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import structlog

from sdr.outbox import Outbox, OutboxError, Parcel

__all__ = ["DRAIN_S", "Courier", "Post", "delivering"]

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0

SLOW_S: Final = 2.0
"""A hub that takes longer than this for a batch is slow."""

DRAIN_S: Final = 10.0
"""How long a sensor whose source has ended goes on delivering."""

log: Final = structlog.get_logger()


class Post(Protocol):
    """Sends one batch to the hub."""

    def __call__(self, body: bytes, /) -> int:
        """Give the hub's HTTP status.

        Raises
        ------
        OSError
            If the hub cannot be reached.
        """
        ...


class Courier:
    """Brings what the outbox holds to the hub, oldest first, and the latest heartbeat before it.

    Parameters
    ----------
    outbox
        What must arrive.
    post
        Sends one batch.
    pause
        Waits for a number of seconds, or less when told to stop.
    monotonic
        Seconds that never jump, by which a slow hub is known.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        post: Post,
        pause: Callable[[float], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._outbox = outbox
        self._post = post
        self._pause = pause
        self._heartbeat: bytes | None = None
        self._news = threading.Condition()
        self._stopped = False
        self._finishing = False
        self._dropped = 0
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """What keeps batches from the hub, in a word: ``hub-away``, ``hub-refuses``, ``hub-slow`` or ``disk-full``."""
        return self._trouble

    def tell(self, heartbeat: bytes | None = None) -> None:
        """Say that the outbox has something new, or hand over a heartbeat in place of one that still waits."""
        with self._news:
            self._heartbeat = heartbeat or self._heartbeat
            self._news.notify()

    def stop(self) -> None:
        """Make :meth:`run` return; what waits in the outbox stays there."""
        with self._news:
            self._stopped = True
            self._news.notify()

    def finish(self) -> None:
        """Make :meth:`run` return once the outbox is empty and no heartbeat waits."""
        with self._news:
            self._finishing = True
            self._news.notify()

    def run(self) -> None:
        """Deliver until stopped; when the hub is away, try again after pauses that grow."""
        pause_s = FIRST_PAUSE_S
        while self._await_news():
            if self._try_to_deliver(again_in_s=pause_s):
                pause_s = FIRST_PAUSE_S
            else:
                self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _try_to_deliver(self, *, again_in_s: float) -> bool:
        begun_s = self._monotonic()
        try:
            delivered = self.deliver()
        except OutboxError as error:
            log.error("what the hub has cannot be let go of", error=str(error), again_in_s=again_in_s)  # noqa: TRY400
            self._trouble = "disk-full"
            return False
        except OSError as error:
            log.warning("hub cannot be reached", error=str(error), again_in_s=again_in_s)
            self._trouble = "hub-away"
            return False
        slow = self._monotonic() - begun_s > SLOW_S
        self._trouble = "hub-refuses" if not delivered else "hub-slow" if slow else None
        return delivered

    def deliver(self) -> bool:
        """Send the heartbeat, if one waits, and the oldest parcel; whether the hub took what it was sent.

        Raises
        ------
        OSError
            If the hub cannot be reached.
        OutboxError
            If the outbox cannot be written.
        """
        with self._news:
            heartbeat, self._heartbeat = self._heartbeat, None
        if heartbeat is not None and not self._taken(self._post(heartbeat)):
            return False
        parcel = self._outbox.head()
        if parcel is None:
            return True
        status = self._post(parcel.body)
        if status in {400, 409, 413, 422}:
            # The hub will never take it: it is set aside, so that what stands behind it can go.
            log.error("hub refused a batch", status=status, boot=parcel.boot, sequence=parcel.sequence)
            self._set_aside(parcel)
        elif not self._taken(status):
            return False
        else:
            self._outbox.done(parcel)
        return True

    def _set_aside(self, parcel: Parcel) -> None:
        if dropped := self._outbox.refuse(parcel):
            self._dropped += dropped
            log.error("the oldest refused batches are deleted", deleted=dropped, deleted_in_all=self._dropped)

    def _taken(self, status: int) -> bool:
        if status != 200:
            log.warning("hub did not take a batch", status=status)
        return status == 200

    def _await_news(self) -> bool:
        with self._news:
            self._news.wait_for(lambda: self._stopped or self._finishing or self._has_news())
            return not self._stopped and self._has_news()

    def _has_news(self) -> bool:
        return self._heartbeat is not None or len(self._outbox) > 0


@contextmanager
def delivering(*, outbox: Outbox, post: Post, stopped: threading.Event, drain_s: float = DRAIN_S) -> Iterator[Courier]:
    """A courier at work in a thread of its own.

    At the end it delivers what waits, for a time, unless the sensor was told to stop; what then remains stays in the
    outbox for the next start, and the log says so.

    Parameters
    ----------
    stopped
        Set when the sensor was told to stop.
    drain_s
        The longest that the end may take while the hub is away.
    """
    ended = threading.Event()
    courier = Courier(outbox=outbox, post=post, pause=ended.wait)
    runner = threading.Thread(target=courier.run, name="courier")
    runner.start()
    try:
        yield courier
    finally:
        if not stopped.is_set():
            courier.finish()
            runner.join(drain_s)
        courier.stop()
        ended.set()
        runner.join()
        if waiting := len(outbox):
            log.warning("batches wait in the outbox for the next start", batches=waiting)
