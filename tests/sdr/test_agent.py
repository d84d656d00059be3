import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from queue import SimpleQueue

import numpy as np
import pytest
from structlog.testing import capture_logs

from detector.pipeline import Pipeline
from detector.scan import Rhythm, Tour
from detector.types import Activity, Burst, Emission, Finding, IqBlock, Label, Technology, Tuning
from detector.wire import parse_batch
from sdr.agent import HEARTBEAT_S, Sensor, stop_when_asked
from sdr.clips import ClipRing
from sdr.courier import LONGEST_PAUSE_S, Courier, delivering
from sdr.evidence import Evidence, read_clip
from sdr.outbox import Outbox
from sdr.scanning import Scanning
from sdr.source import SourceError, SourceState

RATE = 256e3
EPOCH = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Hub:
    """Answers with the statuses it was given, then with 200; None is a hub that cannot be reached."""

    answers: list = field(default_factory=list)
    bodies: list = field(default_factory=list)

    def __call__(self, body):
        answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            raise ConnectionError("no route")
        self.bodies.append((answer, body))
        return answer

    def taken(self):
        return [body for status, body in self.bodies if status == 200]


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "box.sqlite", sensor="B1") as box:
        yield box


def run_until_empty(courier, outbox, hub, wanted):
    """Run the courier in this thread; it is stopped by its own pauses or deliveries."""
    pauses = []

    def post(body):
        status = hub(body)
        if len(hub.taken()) >= wanted:
            courier.stop()
        return status

    courier._post, courier._pause = post, pauses.append
    courier.run()
    return pauses


def put(outbox, *bodies):
    for sequence, body in enumerate(bodies):
        outbox.put(boot="b", sequence=sequence, body=body)


def test_what_keeps_batches_from_the_hub_is_told_in_a_word(outbox):
    put(outbox, b"1", b"2", b"3", b"4")
    times, seen = iter([0.0, 1.0, 1.1, 2.0, 9.0, 10.0, 10.1]), []
    courier = Courier(outbox=outbox, post=Hub(answers=[None, 503]), pause=None, monotonic=lambda: next(times))
    for _ in range(4):
        courier._try_to_deliver(again_in_s=0)
        seen.append(courier.trouble)
    assert seen == ["hub-away", "hub-refuses", "hub-slow", None]


def test_a_disk_that_takes_no_more_stops_no_delivery_and_what_could_not_be_let_go_of_is_sent_again(outbox, monkeypatch):
    put(outbox, b"1")
    hub = Hub()
    courier = Courier(outbox=outbox, post=hub, pause=None)
    outbox._db.execute("PRAGMA query_only = 1")
    assert not courier._try_to_deliver(again_in_s=0)
    assert courier.trouble == "disk-full"
    outbox._db.execute("PRAGMA query_only = 0")
    assert courier._try_to_deliver(again_in_s=0)
    assert (hub.taken(), len(outbox), courier.trouble) == ([b"1", b"1"], 0, None)


def test_parcels_arrive_in_order(outbox):
    put(outbox, b"1", b"2", b"3")
    hub = Hub()
    assert run_until_empty(Courier(outbox=outbox, post=hub, pause=None), outbox, hub, 3) == []
    assert hub.taken() == [b"1", b"2", b"3"]
    assert len(outbox) == 0


def test_a_hub_that_is_away_is_tried_again_after_growing_pauses(outbox):
    put(outbox, b"1")
    hub = Hub(answers=[None, 503, None, 401] + [None] * 6)
    pauses = run_until_empty(Courier(outbox=outbox, post=hub, pause=None), outbox, hub, 1)
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(pauses) == LONGEST_PAUSE_S
    assert len(pauses) == 10
    assert hub.taken() == [b"1"]


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_batch_that_the_hub_will_never_take_does_not_stop_the_others(outbox, status):
    put(outbox, b"bad", b"good")
    hub = Hub(answers=[status])
    assert run_until_empty(Courier(outbox=outbox, post=hub, pause=None), outbox, hub, 1) == []
    assert hub.taken() == [b"good"]


def test_the_latest_heartbeat_goes_first_and_older_ones_not_at_all(outbox):
    put(outbox, b"1")
    hub = Hub()
    courier = Courier(outbox=outbox, post=hub, pause=None)
    courier.tell(b"old")
    courier.tell(b"new")
    courier.tell()
    run_until_empty(courier, outbox, hub, 2)
    assert hub.taken() == [b"new", b"1"]


def test_a_courier_without_news_waits_and_stops_when_told(outbox):
    courier = Courier(outbox=outbox, post=Hub(), pause=None)
    thread = threading.Thread(target=courier.run)
    thread.start()
    courier.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()


@dataclass
class Tape:
    """A source of zeros."""

    seconds: float
    gap_at: int | None = None
    tuning: Tuning = field(default_factory=lambda: Tuning(sample_rate_hz=RATE, centre_hz=897e6, limit=1.0))
    boot: str = "boot-1"
    state: SourceState = field(default_factory=lambda: SourceState(gain_db=28.0))

    def utc_of(self, sample):
        return EPOCH + timedelta(seconds=sample / RATE)

    def blocks(self):
        lost = 0
        for start in range(0, int(self.seconds * RATE), 16384):
            lost = 100 if self.gap_at is not None and start >= self.gap_at else lost
            yield IqBlock(tuning=self.tuning, start=start + lost, samples=np.full(16384, 0.01, np.complex64))


class OneCall:
    """A search that hears a call from the first segment on."""

    def begin(self, context):
        return context.first

    def step(self, first, segment):
        emission = Emission(
            key=1, technology=Technology.GSM, kinds=(Label.GSM_NB,), activity=Activity.CALL, start=first,
            stop=segment.stop, freq_lower_hz=-100e3, freq_upper_hz=100e3, bursts=9, snr_db=5.0, power_dbfs=-30.0,
            score=0.99, parts={}, ended=segment.final,
        )  # fmt: skip
        return first, Finding(emissions=(emission,))


def sensed(outbox, profile, plan, tape, searches=None, **options):
    hub = Hub()
    courier = Courier(outbox=outbox, post=hub, pause=lambda _s: None)
    sensor = Sensor(
        name="B1",
        source=tape,
        pipeline=Pipeline(profile=profile, plan=plan, searches=searches or {}),
        outbox=outbox,
        courier=courier,
        clock=lambda: EPOCH,
        profile=profile,
        **options,
    )
    beats = []
    courier.tell = lambda heartbeat=None: beats.append(heartbeat) if heartbeat else None
    sensor.run(threading.Event())
    parcels = []
    while (parcel := outbox.head()) is not None:
        parcels.append(parse_batch(parcel.body))
        outbox.done(parcel)
    return parcels, [parse_batch(beat) for beat in beats]


def test_detections_are_in_the_outbox_with_the_time_of_the_world(outbox, profile, plan):
    parcels, _ = sensed(outbox, profile, plan, Tape(seconds=1.0), {Technology.GSM: OneCall()})
    told = [d for batch in parcels for d in batch.detections]
    assert [(d.part, d.last) for d in told] == [(1, False), (2, True)]
    assert told[0].start_utc == EPOCH
    assert told[1].end_utc == EPOCH + timedelta(seconds=told[1].end_s)
    assert (told[0].freq_lower_hz, told[0].channel) == (896.9e6, "ARFCN 35")
    assert {(batch.sensor, batch.boot) for batch in parcels} == {("B1", "boot-1")}
    assert len({batch.sequence for batch in parcels}) == len(parcels)


def test_detections_bear_the_gain_and_where_the_level_is_known_the_power_at_the_antenna(outbox, profile, plan):
    parcels, _ = sensed(outbox, profile, plan, Tape(seconds=1.0), {Technology.GSM: OneCall()})
    known = replace(profile, receiver=replace(profile.receiver, level_offset_db=-10.0))
    measured, _ = sensed(outbox, known, plan, Tape(seconds=1.0), {Technology.GSM: OneCall()})
    assert {(d.gain_db, d.power_dbm) for batch in parcels for d in batch.detections} == {(28.0, None)}
    assert {(d.gain_db, d.power_dbm) for batch in measured for d in batch.detections} == {(28.0, -30.0 - 10.0 - 28.0)}


def test_a_heartbeat_comes_each_two_seconds_of_samples_and_at_the_end(outbox, profile, plan):
    _, beats = sensed(outbox, profile, plan, Tape(seconds=7.0))
    samples = [beat.heartbeat.samples for beat in beats]
    assert len(beats) == int(7.0 / HEARTBEAT_S) + 1
    assert all(b - a >= HEARTBEAT_S * RATE for a, b in pairwise(samples[:-1]))
    assert beats[0].heartbeat.noise_floor_dbfs == pytest.approx(-40 - 10 * np.log10(-np.log(0.6)), abs=0.1)
    assert beats[0].heartbeat.profile == profile.hash


def test_gaps_are_counted_in_heartbeats(outbox, profile, plan):
    _, beats = sensed(outbox, profile, plan, Tape(seconds=3.0, gap_at=300_000))
    assert [beat.heartbeat.gaps for beat in beats] == [1, 1]


def test_a_full_outbox_does_not_stop_the_sensor_and_is_told_with_what_was_lost(tmp_path, profile, plan):
    with Outbox(tmp_path / "small.sqlite", sensor="B1", max_bytes=10) as box:
        parcels, beats = sensed(box, profile, plan, Tape(seconds=3.0), {Technology.GSM: OneCall()})
    assert parcels == []
    assert [(beat.heartbeat.alarm, beat.heartbeat.lost) for beat in beats] == [("outbox-full", 1), ("outbox-full", 2)]


def test_a_heartbeat_tells_gain_dropped_samples_noise_and_how_far_the_clock_can_be_trusted(outbox, profile, plan):
    tape = Tape(seconds=3.0, state=SourceState(gain_db=28.0, dropped=77))
    tape.tuning = replace(tape.tuning, quantum=1 / 127.5)
    _, beats = sensed(outbox, profile, plan, tape, clock_error_s=lambda: 0.02)
    beat = beats[-1].heartbeat
    assert (beat.gain_db, beat.dropped, beat.clock_error_s, beat.alarm, beat.lost) == (28.0, 77, 0.02, None, 0)
    assert (beat.reference_hz, beat.reference_dbfs) == (None, None)
    # A constant is no noise.
    assert beat.noise_steps == pytest.approx(0, abs=0.1)
    assert sum(one.seconds for beat in beats for one in beat.heartbeat.listened) == pytest.approx(3.0, abs=0.1)


def test_an_alarm_of_the_capture_comes_first(tmp_path, profile, plan):
    tape = Tape(seconds=1.0, state=SourceState(alarm="unplugged"))
    with Outbox(tmp_path / "small.sqlite", sensor="B1", max_bytes=10) as box:
        _, beats = sensed(box, profile, plan, tape, {Technology.GSM: OneCall()})
    assert beats[-1].heartbeat.alarm == "no-samples"


class Retuned(Tape):
    """Listens at 897 MHz, then at 902 MHz; it has moved on before its first tuning's last block is given."""

    centres_hz = (897e6, 902e6)

    def __init__(self, *, missing=0, fresh=False):
        super().__init__(seconds=1.0)
        self.missing = missing
        self.fresh = fresh

    def blocks(self):
        for turn, centre_hz in enumerate(self.centres_hz):
            tuning = Tuning(sample_rate_hz=RATE, centre_hz=centre_hz, limit=1.0)
            self.tuning = Tuning(sample_rate_hz=RATE, centre_hz=self.centres_hz[-1], limit=1.0)
            for index, block in enumerate(super().blocks()):
                start = block.start + turn * (int(self.seconds * RATE) // 16384 + 1) * 16384 + turn * self.missing
                yield IqBlock(tuning=tuning, start=start, samples=block.samples, fresh=self.fresh and index == 0)


@pytest.mark.parametrize("fresh", [False, True])
def test_detections_bear_the_tuning_that_they_were_heard_at(outbox, profile, plan, fresh):
    parcels, _ = sensed(outbox, profile, plan, Retuned(fresh=fresh), {Technology.GSM: OneCall()})
    told = [d for batch in parcels for d in batch.detections]
    assert [(d.part, d.last, d.freq_lower_hz, d.channel) for d in told] == [
        (1, False, 896.9e6, "ARFCN 35"),
        (2, True, 896.9e6, "ARFCN 35"),
        (1, False, 901.9e6, "ARFCN 60"),
        (2, True, 901.9e6, "ARFCN 60"),
    ]


@pytest.mark.parametrize(("missing", "gaps"), [(0, 0), (100, 1)])
def test_samples_lost_over_a_retune_are_one_gap(outbox, profile, plan, missing, gaps):
    _, beats = sensed(outbox, profile, plan, Retuned(missing=missing, fresh=True))
    assert beats[-1].heartbeat.gaps == gaps
    assert beats[-1].heartbeat.centre_hz == 902e6


class OnTour(Tape):
    """Goes where it is told, and hears a call at 902 MHz; what is asked for comes a block later, 100 samples left out."""

    def __init__(self, seconds):
        super().__init__(seconds=seconds)
        self.asked = []

    def tune(self, centre_hz):
        self.asked.append(centre_hz)

    def blocks(self):
        lost = 0
        for start in range(0, int(self.seconds * RATE), 4096):
            fresh = bool(self.asked) and self.asked[-1] != self.tuning.centre_hz
            lost += 100 * fresh
            if fresh:
                self.tuning = replace(self.tuning, centre_hz=self.asked[-1])
            air = np.full(4096, 0.01, np.complex64)
            yield IqBlock(tuning=self.tuning, start=start + lost, samples=air, fresh=fresh, left_out=100 * fresh)


class CallAt902(OneCall):
    """Hears nothing elsewhere."""

    def begin(self, context):
        return context.first if context.tuning.centre_hz == 902e6 else None

    def step(self, first, segment):
        if first is None:
            return first, Finding()
        _, finding = super().step(first, segment)
        burst = Burst(
            label=Label.GSM_NB, start=segment.start, count=99, freq_lower_hz=-1e5, freq_upper_hz=1e5, snr_db=5.0,
            power_dbfs=-30.0,
        )  # fmt: skip
        return first, replace(finding, bursts=(burst,))


def test_a_sensor_on_tour_lingers_where_a_phone_is_and_tells_what_it_listened_to(outbox, profile, plan):
    tape = OnTour(seconds=40.0)
    rhythm = Rhythm(windows=2, dwell_s=1.0, linger_s=5.0)
    scanning = Scanning(Tour(rhythm=rhythm, centres_hz=(897e6, 902e6)), reference_hz=None, tune=tape.tune)
    parcels, beats = sensed(outbox, profile, plan, tape, {Technology.GSM: CallAt902()}, scanning=scanning)
    heartbeats = [beat.heartbeat for beat in beats]
    assert {d.channel for batch in parcels for d in batch.detections} == {"ARFCN 60"}
    seconds = {897e6: 0.0, 902e6: 0.0}
    for beat in heartbeats:
        for one in beat.listened:
            assert one.bandwidth_hz == RATE - 200e3
            seconds[one.centre_hz] += one.seconds
    assert sum(seconds.values()) == pytest.approx(40.0, abs=0.1)
    assert 4 < seconds[902e6] / seconds[897e6] < 7
    assert heartbeats[-1].gaps == 0


def test_each_detection_leaves_a_clip_and_a_folder_that_takes_none_is_told(outbox, tmp_path, profile, plan):
    for max_bytes, alarm in ((10**7, None), (10, "clips-full")):
        ring = ClipRing(tmp_path / f"clips-{max_bytes}", max_bytes=max_bytes)
        evidence = Evidence(ring, sensor="B1", clock=lambda: EPOCH)
        tape = Tape(seconds=3.0)
        parcels, beats = sensed(outbox, profile, plan, tape, {Technology.GSM: OneCall()}, evidence=evidence)
        clips = [read_clip(path).about for path in sorted((tmp_path / f"clips-{max_bytes}").iterdir())]
        told = [(d.emission, d.part) for batch in parcels for d in batch.detections]
        assert [(one["emission"], one["part"]) for one in clips] == (told if alarm is None else [])
        assert beats[-1].heartbeat.alarm == alarm


class Broken(Tape):
    def blocks(self):
        yield from super().blocks()
        raise SourceError("unplugged")


def test_what_was_heard_before_the_source_failed_is_reported(outbox, profile, plan):
    with pytest.raises(SourceError, match="unplugged"):
        sensed(outbox, profile, plan, Broken(seconds=1.0), {Technology.GSM: OneCall()})
    assert [d.last for d in parse_batch(outbox.head().body).detections] == [False]
    assert len(outbox) == 2


def test_lost_detections_are_counted(tmp_path, profile, plan):
    with Outbox(tmp_path / "small.sqlite", sensor="B1", max_bytes=10) as box, capture_logs() as logs:
        sensed(box, profile, plan, Tape(seconds=1.0), {Technology.GSM: OneCall()})
    assert [line["lost_in_all"] for line in logs if line["event"] == "detections are lost"] == [1, 2]


def test_when_the_source_has_ended_all_that_waits_is_delivered(outbox):
    hub = Hub(answers=[None])
    with delivering(outbox=outbox, post=hub, stopped=threading.Event(), drain_s=30) as courier:
        put(outbox, b"1", b"2", b"3")
        courier.tell(b"beat")
    assert set(hub.taken()) >= {b"1", b"2", b"3"}
    assert len(outbox) == 0


@pytest.mark.parametrize("told_to_stop", [False, True])
def test_what_cannot_be_delivered_at_the_end_stays_and_is_logged(outbox, told_to_stop):
    put(outbox, b"1", b"2")
    stopped = threading.Event()
    away = Hub(answers=[None] * 99)
    with capture_logs() as logs, delivering(outbox=outbox, post=away, stopped=stopped, drain_s=0):
        if told_to_stop:
            stopped.set()
    assert logs[-1] == {"event": "batches wait in the outbox for the next start", "batches": 2, "log_level": "warning"}
    assert len(outbox) == 2


def test_refused_batches_that_had_to_go_are_logged_with_their_sum(tmp_path):
    with Outbox(tmp_path / "box.sqlite", sensor="B1", max_refused_bytes=1) as box, capture_logs() as logs:
        put(box, b"1", b"2", b"3", b"good")
        hub = Hub(answers=[422] * 3)
        run_until_empty(Courier(outbox=box, post=hub, pause=None), box, hub, 1)
    assert [line["deleted_in_all"] for line in logs if "deleted" in line["event"]] == [1, 2]


class Endless(Tape):
    """Gives one block, then stalls until it is closed."""

    def __init__(self):
        super().__init__(seconds=0.05)
        self.waiting = threading.Event()
        self.closed = threading.Event()

    def blocks(self):
        yield from super().blocks()
        self.waiting.set()
        assert self.closed.wait(timeout=10)

    def close(self):
        self.closed.set()


def test_a_sensor_whose_source_has_stalled_stops_when_asked(outbox, profile, plan):
    tape, asked, stopped = Endless(), SimpleQueue(), threading.Event()
    stopper = threading.Thread(target=stop_when_asked, args=(asked,), kwargs={"source": tape, "stopped": stopped})
    asker = threading.Thread(target=lambda: tape.waiting.wait(timeout=10) and asked.put(15))
    stopper.start()
    asker.start()
    _, beats = sensed(outbox, profile, plan, tape)
    stopper.join(timeout=10)
    assert stopped.is_set()
    assert len(beats) == 1
