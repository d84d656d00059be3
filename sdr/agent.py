"""A sensor: samples from a source through the pipeline into the outbox, and from there to the hub.

Capture never waits for the hub. Detections are on disk before anything is sent; a heartbeat tells how the sensor fares,
and one that could not be sent is replaced by the next.
"""

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from queue import SimpleQueue
from typing import Final

import structlog

from detector.pipeline import Pipeline
from detector.profile import Profile
from detector.types import Detection, Event, EventKind, IqBlock, Output
from detector.wire import Batch, Heartbeat, SensorDetection, dump_batch, sensor_detection
from sdr.courier import Courier
from sdr.outbox import Outbox, OutboxFullError
from sdr.source import Clock, IqSource

__all__ = ["HEARTBEAT_S", "Sensor", "stop_when_asked"]

HEARTBEAT_S: Final = 2.0
"""Seconds of samples between two heartbeats."""

SAME_S: Final = 60.0
"""An event of the same kind within this time goes on."""

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is counted between heartbeats, and since the source was opened; ``lost`` detections found the outbox full."""

    samples: int = 0
    since_heartbeat: int = 0
    overloaded: int = 0
    gaps: int = 0
    lost: int = 0


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
        The thresholds in use, and what is known of the receiver's level.
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
        profile: Profile,
    ) -> None:
        self._name = name
        self._source = source
        self._pipeline = pipeline
        self._outbox = outbox
        self._courier = courier
        self._clock = clock
        self._profile = profile
        self._tuning = source.tuning
        self._sequence = 0
        self._noted: dict[EventKind, int] = {}
        self._health = Health()

    def run(self, stopped: threading.Event) -> None:
        """Search the source's samples, block by block; what was heard is reported even if the source fails."""
        try:
            for block in self._source.blocks():
                self._hear(block)
                if stopped.is_set():
                    break
        finally:
            self._report(self._pipeline.flush())
            self._beat()

    def _hear(self, block: IqBlock) -> None:
        """Search a block, once all that was heard before a retune has been reported under its own tuning."""
        if not block.samples.size:
            self._wait()
            return
        if block.fresh or block.tuning != self._tuning:
            self._report(self._pipeline.flush())
            self._note_missing(block)
            self._tuning = block.tuning
        self._report(self._pipeline.push(block))
        self._count(block)

    def _wait(self) -> None:
        """The source is being brought back: what was heard before is reported, and that nothing comes."""
        self._report(self._pipeline.flush())
        self._beat()

    def _note_missing(self, block: IqBlock) -> None:
        """Note the samples lost over a retune; the pipeline, flushed, no longer knows of them."""
        read = self._health.samples
        if 0 < read < block.start:
            detail = f"{block.start - read} samples are missing"
            self._note(Event(kind=EventKind.GAP, start=read, stop=block.start, detail=detail))

    def _report(self, output: Output) -> None:
        """Put detections into the outbox; note what happened to the stream."""
        for event in output.events:
            self._note(event)
        if not output.detections:
            return
        batch = self._batch()
        found = tuple(map(self._told, output.detections))
        try:
            self._outbox.put(
                boot=batch.boot, sequence=batch.sequence, body=dump_batch(replace(batch, detections=found))
            )
        except OutboxFullError as error:
            self._lose(len(found), error)
        self._courier.tell()

    def _told(self, detection: Detection) -> SensorDetection:
        """A detection with its times by what is known now, while it is fresh: crystals drift."""
        since_start = timedelta(seconds=detection.stop / self._tuning.sample_rate_hz)
        origin = self._source.utc_of(detection.stop) - since_start
        gain_db = self._source.state.gain_db
        return sensor_detection(
            detection,
            tuning=self._tuning,
            origin_utc=origin,
            gain_db=gain_db,
            power_dbm=self._profile.receiver.power_dbm(detection.power_dbfs, gain_db),
        )

    def _lose(self, detections: int, error: OutboxFullError) -> None:
        self._health = replace(self._health, lost=self._health.lost + detections)
        log.error("detections are lost", lost=detections, lost_in_all=self._health.lost, error=str(error))

    def _note(self, event: Event) -> None:
        """Count an event, and log it unless it only goes on: what lasts is told once."""
        until = self._noted.get(event.kind)
        lasts = until is not None and event.start - until <= SAME_S * self._tuning.sample_rate_hz
        if event.kind is EventKind.GAP or not lasts:
            log.warning("stream", kind=str(event.kind), start=event.start, stop=event.stop, detail=event.detail)
        self._noted[event.kind] = event.stop
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
        health, tuning = self._health, self._tuning
        heartbeat = Heartbeat(
            samples=health.samples,
            sample_rate_hz=tuning.sample_rate_hz,
            centre_hz=tuning.centre_hz,
            noise_floor_dbfs=self._pipeline.noise_floor_dbfs,
            gaps=health.gaps,
            clipped_share=min(1.0, health.overloaded / max(1, health.since_heartbeat)),
            queue=len(self._outbox),
            profile=self._profile.hash,
        )
        self._courier.tell(dump_batch(replace(self._batch(), heartbeat=heartbeat)))
        self._health = replace(health, since_heartbeat=0, overloaded=0)

    def _batch(self) -> Batch:
        """The next empty batch."""
        self._sequence += 1
        return Batch(sensor=self._name, boot=self._source.boot, sequence=self._sequence, sent_utc=self._clock())


def stop_when_asked(asked: SimpleQueue[int], *, source: IqSource, stopped: threading.Event) -> None:
    """Wait for a word that the sensor is to stop; then end its source, which may have stalled.

    Parameters
    ----------
    asked
        Where a signal handler puts that word: the handler may interrupt anything, and only this queue's ``put`` never
        waits for what it interrupted.
    stopped
        Set before the source is closed.
    """
    asked.get()
    stopped.set()
    source.close()
