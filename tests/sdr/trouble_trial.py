"""A hub that is slow or dead, and a disk that is full, as a trial: what becomes of capture and of what was detected.

A whole sensor runs over the fake dongle in real time, with a search that hears another phone in every segment, a queue that
is scaled to the time, and a hub in this process. The suite takes a short time of each trouble; the proof
``capture-troubles`` half a minute.
"""

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from structlog.testing import capture_logs

from detector.pipeline import Pipeline
from detector.types import Activity, Emission, Finding, Label, Technology
from detector.wire import Heartbeat, parse_batch
from sdr.agent import Sensor
from sdr.courier import Courier, delivering
from sdr.defaults import band_plan, default_profile
from sdr.outbox import Outbox
from tests.sdr.fake_dongle import FakeDongle, fake_dongle

TROUBLES = {
    "slow hub": {"hub-slow", "outbox-full"},
    "dead hub": {"hub-away", "outbox-full"},
    "full disk": {"disk-full"},
}
"""By their names, what the sensor must complain of meanwhile."""

RATE_HZ = 1.0e6
WELL_S = 2.0
SLOW_S = 2.5
DRAINED_S = 90.0
BYTES_A_S = 1500
"""Of the queue: half of what is detected in a second, so that it fills in the middle of the trouble."""

DISK_BYTES = 32 << 10


class Chatter:
    """A search that hears a new phone in every segment."""

    def begin(self, context):
        return 0

    def step(self, count, segment):
        emission = Emission(
            key=count,
            technology=Technology.GSM,
            kinds=(Label.GSM_NB,),
            activity=Activity.CALL,
            start=segment.start,
            stop=segment.stop,
            freq_lower_hz=-100e3,
            freq_upper_hz=100e3,
            bursts=9,
            snr_db=9.0,
            power_dbfs=-30.0,
            score=0.99,
            parts={},
            ended=True,
        )
        return count + 1, Finding(emissions=(emission,))


@dataclass(frozen=True)
class Endured:
    """What became of one trouble.

    ``captured_share`` is samples read over those that were due; ``unaccounted`` detections were neither acknowledged nor
    counted as lost.
    """

    captured_share: float
    gaps: int
    dropped: int
    faults: int
    acknowledged: int
    missing_at_the_hub: int
    unaccounted: int
    lost: int
    alarms: frozenset[str]
    alarm_at_the_end: str | None

    @property
    def capture_went_on(self) -> bool:
        """Whether every sample was read that was due."""
        return (self.gaps, self.dropped, self.faults) == (0, 0, 0) and self.captured_share > 0.9


class Acknowledging(Outbox):
    """An outbox that remembers what it took."""

    def __init__(self, path: Path, **options) -> None:
        super().__init__(path, **options)
        self.asked = 0
        self.taken: set[tuple[str, int]] = set()

    def put(self, *, boot: str, sequence: int, body: bytes) -> None:
        self.asked += len(parse_batch(body).detections)
        super().put(boot=boot, sequence=sequence, body=body)
        self.taken.add((boot, sequence))


@dataclass
class Hub:
    """A hub in this process, and what it took."""

    trouble: str
    troubled: threading.Event = field(default_factory=threading.Event)
    taken: set[tuple[str, int]] = field(default_factory=set)

    def __call__(self, body: bytes) -> int:
        if self.troubled.is_set() and self.trouble == "slow hub":
            time.sleep(SLOW_S)
        if self.troubled.is_set() and self.trouble == "dead hub":
            raise ConnectionError("no route")
        batch = parse_batch(body)
        self.taken.add((batch.boot, batch.sequence))
        return 200


@contextmanager
def full_disk(folder: Path, *, really: bool) -> Iterator[None]:
    """No file of this process grows by more than a little."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if really:
        most = max(one.stat().st_size for one in folder.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (most + DISK_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def endure(trouble: str, *, seconds: float) -> Endured:
    """Let a sensor run through a trouble, and on until all that waits is delivered."""
    with fake_dongle() as dongle, TemporaryDirectory() as folder, capture_logs():
        return endured(trouble, dongle, Path(folder), seconds=seconds)


def endured(trouble: str, dongle: FakeDongle, folder: Path, *, seconds: float) -> Endured:
    """The same, with a dongle and a folder."""
    hub, stopped, beats = Hub(trouble), threading.Event(), []
    max_bytes = 1 << 30 if trouble == "full disk" else int(BYTES_A_S * seconds)
    with (
        Acknowledging(folder / "outbox.sqlite", sensor="B1", max_bytes=max_bytes) as outbox,
        dongle.source(sample_rate_hz=RATE_HZ) as source,
        delivering(outbox=outbox, post=hub, stopped=threading.Event()) as courier,
    ):
        listen_in(courier, beats)
        sensor = Sensor(
            name="B1",
            source=source,
            pipeline=Pipeline(profile=default_profile(), plan=band_plan(), searches={Technology.GSM: Chatter()}),
            outbox=outbox,
            courier=courier,
            clock=lambda: datetime.now(UTC),
            profile=default_profile(),
        )
        begun_s = time.monotonic()
        stage = threading.Thread(target=play, args=(hub, outbox, folder, stopped), kwargs={"seconds": seconds})
        stage.start()
        sensor.run(stopped)
        lasted_s = time.monotonic() - begun_s
        stage.join()
        state = source.state
    last = beats[-1]
    return Endured(
        captured_share=last.samples / RATE_HZ / lasted_s,
        gaps=last.gaps,
        dropped=state.dropped,
        faults=state.faults,
        acknowledged=len(outbox.taken),
        missing_at_the_hub=len(outbox.taken - hub.taken),
        unaccounted=outbox.asked - len(outbox.taken) - last.lost,
        lost=last.lost,
        alarms=frozenset(filter(None, (beat.alarm for beat in beats))),
        alarm_at_the_end=last.alarm,
    )


def listen_in(courier: Courier, beats: list[Heartbeat]) -> None:
    """Read every heartbeat, also those that a later one replaces."""
    tell: Callable[..., None] = courier.tell

    def told(heartbeat: bytes | None = None) -> None:
        if heartbeat is not None:
            beats.append(parse_batch(heartbeat).heartbeat)
        tell(heartbeat)

    courier.tell = told


def play(hub: Hub, outbox: Outbox, folder: Path, stopped: threading.Event, *, seconds: float) -> None:
    """Let the trouble come and go; the sensor ends once nothing waits and it has said once more how it fares."""
    time.sleep(WELL_S)
    with full_disk(folder, really=hub.trouble == "full disk"):
        hub.troubled.set()
        time.sleep(seconds)
        hub.troubled.clear()
    ends_s = time.monotonic() + DRAINED_S
    while len(outbox) > 2 and time.monotonic() < ends_s:
        time.sleep(0.1)
    time.sleep(2 * WELL_S)
    stopped.set()
