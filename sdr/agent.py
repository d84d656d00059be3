"""A sensor: samples from a source through the pipeline into the outbox, and from there to the hub.

Capture never waits for the hub. Detections are on disk before anything is sent; a heartbeat tells how the sensor fares,
and one that could not be sent is replaced by the next.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import structlog

from detector.pipeline import Pipeline
from detector.types import Event, EventKind, IqBlock, Output
from detector.wire import Batch, Heartbeat, dump_batch, sensor_detection
from sdr.outbox import Outbox, OutboxFullError
from sdr.source import Clock, IqSource

__all__ = ["HEARTBEAT_S", "Courier", "Post", "Sensor"]

HEARTBEAT_S: Final = 2.0
"""Seconds of samples between two heartbeats."""

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0

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
    """

    def __init__(self, *, outbox: Outbox, post: Post, pause: Callable[[float], object]) -> None:
        self._outbox = outbox
        self._post = post
        self._pause = pause
        self._heartbeat: bytes | None = None
        self._news = threading.Condition()
        self._stopped = False

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

    def run(self) -> None:
        """Deliver until stopped; when the hub is away, try again after pauses that grow."""
        pause_s = FIRST_PAUSE_S
        while self._await_news():
            try:
                delivered = self.deliver()
            except OSError as error:
                log.warning("hub cannot be reached", error=str(error), again_in_s=pause_s)
                delivered = False
            if delivered:
                pause_s = FIRST_PAUSE_S
            else:
                self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def deliver(self) -> bool:
        """Send the heartbeat, if one waits, and the oldest parcel; whether the hub took what it was sent.

        Raises
        ------
        OSError
            If the hub cannot be reached.
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
            self._outbox.refuse(parcel)
        elif not self._taken(status):
            return False
        else:
            self._outbox.done(parcel)
        return True

    def _taken(self, status: int) -> bool:
        if status != 200:
            log.warning("hub did not take a batch", status=status)
        return status == 200

    def _await_news(self) -> bool:
        with self._news:
            self._news.wait_for(lambda: self._stopped or self._heartbeat is not None or len(self._outbox) > 0)
            return not self._stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is counted between heartbeats, and since the source was opened."""

    samples: int = 0
    since_heartbeat: int = 0
    overloaded: int = 0
    gaps: int = 0


class Sensor:
    """Reads a source until it ends or the sensor is stopped.

    Parameters
    ----------
    name
        The sensor's name in the site.
    source
        Where the samples come from; closed by who opened it.
    pipeline
        Fresh, for this source alone.
    outbox, courier
        Where detections go.
    clock
        Tells the time in UTC.
    profile
        Hash of the thresholds in use.
    """

    def __init__(
        self,
        *,
        name: str,
        source: IqSource,
        pipeline: Pipeline,
        outbox: Outbox,
        courier: Courier,
        clock: Clock,
        profile: str,
    ) -> None:
        self._name = name
        self._source = source
        self._pipeline = pipeline
        self._outbox = outbox
        self._courier = courier
        self._clock = clock
        self._profile = profile
        self._sequence = 0
        self._health = Health()

    def run(self, stopped: threading.Event) -> None:
        """Search the source's samples, block by block."""
        for block in self._source.blocks():
            self._report(self._pipeline.push(block))
            self._count(block)
            if stopped.is_set():
                break
        self._report(self._pipeline.flush())
        self._beat()

    def _report(self, output: Output) -> None:
        """Put detections into the outbox; note what happened to the stream."""
        for event in output.events:
            self._note(event)
        if not output.detections:
            return
        tuning, origin = self._source.tuning, self._source.utc_of(0)
        batch = self._batch()
        found = tuple(sensor_detection(d, tuning=tuning, origin_utc=origin) for d in output.detections)
        try:
            self._outbox.put(
                boot=batch.boot, sequence=batch.sequence, body=dump_batch(replace(batch, detections=found))
            )
        except OutboxFullError as error:
            log.warning("detections are lost: the outbox is full", lost=len(found), error=str(error))
        self._courier.tell()

    def _note(self, event: Event) -> None:
        log.warning("stream", kind=str(event.kind), start=event.start, stop=event.stop, detail=event.detail)
        health = self._health
        self._health = replace(
            health,
            gaps=health.gaps + (event.kind is EventKind.GAP),
            overloaded=health.overloaded + (event.stop - event.start) * (event.kind is EventKind.OVERLOAD),
        )

    def _count(self, block: IqBlock) -> None:
        since = self._health.since_heartbeat + block.samples.size
        self._health = replace(self._health, samples=block.stop, since_heartbeat=since)
        if since >= HEARTBEAT_S * block.tuning.sample_rate_hz:
            self._beat()

    def _beat(self) -> None:
        health, tuning = self._health, self._source.tuning
        heartbeat = Heartbeat(
            samples=health.samples,
            sample_rate_hz=tuning.sample_rate_hz,
            centre_hz=tuning.centre_hz,
            noise_floor_dbfs=self._pipeline.noise_floor_dbfs,
            gaps=health.gaps,
            clipped_share=min(1.0, health.overloaded / max(1, health.since_heartbeat)),
            queue=len(self._outbox),
            profile=self._profile,
        )
        self._courier.tell(dump_batch(replace(self._batch(), heartbeat=heartbeat)))
        self._health = replace(health, since_heartbeat=0, overloaded=0)

    def _batch(self) -> Batch:
        """The next empty batch."""
        self._sequence += 1
        return Batch(sensor=self._name, boot=self._source.boot, sequence=self._sequence, sent_utc=self._clock())
