"""A sensor: samples from a source through the pipeline into the outbox, and from there to the hub.

Capture never waits for the hub. Detections are on disk before anything is sent; a heartbeat tells how the sensor fares,
and one that could not be sent is replaced by the next.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from queue import SimpleQueue
from typing import Final

import structlog

from detector.pipeline import Pipeline
from detector.profile import Profile
from detector.types import Detection, Event, EventKind, IqBlock, Label, Output
from detector.wire import Batch, Heartbeat, Listened, SensorDetection, dump_batch, sensor_detection
from sdr.courier import Courier
from sdr.evidence import Evidence
from sdr.outbox import Outbox, OutboxFullError
from sdr.scanning import Scanning
from sdr.source import Clock, IqSource

__all__ = ["HEARTBEAT_S", "Sensor", "stop_when_asked"]

HEARTBEAT_S: Final = 2.0
"""Seconds of samples between two heartbeats."""

EDGE_HZ: Final = 100e3
"""Half a GSM carrier: one nearer to the edge of the received band is heard in part."""

SAME_S: Final = 60.0
"""An event of the same kind within this time goes on."""

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is counted between heartbeats, and since the source was opened.

    ``lost`` detections found the outbox full, which ``full`` says in a word as long as it is; ``listened`` counts samples by
    their centre.
    """

    samples: int = 0
    since_heartbeat: int = 0
    overloaded: int = 0
    gaps: int = 0
    lost: int = 0
    full: str | None = None
    noise_steps: float | None = None
    listened: Mapping[float, int] = field(default_factory=dict)


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
    scanning
        The tour that the source is taken on; None if it stays where it is.
    evidence
        Keeps clips of what detections were heard in; None if none are wanted.
    clock_error_s
        How wrong ``clock`` may be; None while that is not known.
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
        scanning: Scanning | None = None,
        evidence: Evidence | None = None,
        clock_error_s: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._scanning = scanning
        self._evidence = evidence
        self._clock_error_s = clock_error_s
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
            self._turn(block)
        heard = False
        if self._scanning is None or self._scanning.search(block):
            if self._evidence is not None:
                self._evidence.hear(block)
            out = self._pipeline.push(block)
            self._report(out)
            heard = may_be_a_phone(out)
            self._listen(block)
        self._count(block)
        if self._scanning is not None:
            self._scanning.move(block, heard=heard)

    def _turn(self, block: IqBlock) -> None:
        """Begin a run: what is still known of the one before is reported under its own tuning."""
        rest = self._pipeline.flush()
        self._report(rest)
        if self._scanning is not None and may_be_a_phone(rest):
            before = self._tuning
            self._scanning.late(before.centre_hz, stop=self._health.samples, sample_rate_hz=before.sample_rate_hz)
        self._note_missing(block)
        self._tuning = block.tuning

    def _listen(self, block: IqBlock) -> None:
        centre_hz = block.tuning.centre_hz
        if centre_hz is not None:
            so_far = self._health.listened
            listened = {**so_far, centre_hz: so_far.get(centre_hz, 0) + block.samples.size}
            self._health = replace(self._health, listened=listened)

    def _wait(self) -> None:
        """The source is being brought back: what was heard before is reported, and that nothing comes."""
        self._report(self._pipeline.flush())
        self._beat()

    def _note_missing(self, block: IqBlock) -> None:
        """Note the samples lost over a retune; the pipeline, flushed, no longer knows of them."""
        read = self._health.samples
        missing = block.start - block.left_out - read
        if read and missing > 0:
            detail = f"{missing} samples are missing"
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
        else:
            self._health = replace(self._health, full=None)
        self._courier.tell()
        if self._evidence is not None:
            for detection in output.detections:
                self._evidence.keep(detection, self._tuning, utc_of=self._source.utc_of)

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
        self._health = replace(self._health, lost=self._health.lost + detections, full=error.word)
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
        if self._evidence is not None:
            self._evidence.expire()
        health, tuning, state = self._health, self._tuning, self._source.state
        steps = self._pipeline.noise_steps
        health = replace(health, noise_steps=health.noise_steps if steps is None else steps)
        heartbeat = Heartbeat(
            samples=health.samples,
            sample_rate_hz=tuning.sample_rate_hz,
            centre_hz=tuning.centre_hz,
            noise_floor_dbfs=self._pipeline.noise_floor_dbfs,
            gaps=health.gaps,
            clipped_share=min(1.0, health.overloaded / max(1, health.since_heartbeat)),
            queue=len(self._outbox),
            profile=self._profile.hash,
            lost=health.lost,
            dropped=state.dropped,
            gain_db=state.gain_db,
            alarm=self._alarm(),
            noise_steps=health.noise_steps,
            clock_error_s=self._clock_error_s(),
            reference_hz=None if self._scanning is None else self._scanning.reference_hz,
            reference_dbfs=None if self._scanning is None else self._scanning.reference_dbfs,
            listened=tuple(listened(health.listened, tuning.sample_rate_hz)),
        )
        self._courier.tell(dump_batch(replace(self._batch(), heartbeat=heartbeat)))
        self._health = replace(health, since_heartbeat=0, overloaded=0, listened={})

    def _alarm(self) -> str | None:
        """What the sensor complains of, the worst of it first."""
        words = (
            "no-samples" if self._source.state.alarm else None,
            self._health.full,
            self._courier.trouble,
            "clips-full" if self._evidence is not None and self._evidence.full else None,
        )
        return next(filter(None, words), None)

    def _batch(self) -> Batch:
        """The next empty batch."""
        self._sequence += 1
        return Batch(sensor=self._name, boot=self._source.boot, sequence=self._sequence, sent_utc=self._clock())


def may_be_a_phone(output: Output) -> bool:
    """Whether something was heard for which a scan should stay."""
    return any(burst.label is not Label.UNKNOWN for burst in output.bursts)


def listened(counts: Mapping[float, int], sample_rate_hz: float) -> Iterator[Listened]:
    """For how long which spectrum was searched, by the samples at each centre."""
    for centre_hz, samples in counts.items():
        yield Listened(centre_hz=centre_hz, bandwidth_hz=sample_rate_hz - 2 * EDGE_HZ, seconds=samples / sample_rate_hz)


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
