import json
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.times import format_utc, from_microseconds, parse_utc, to_microseconds
from detector.types import Activity, Channel, Detection, Label, Technology, Tuning
from detector.wire import (
    MAX_DETECTIONS,
    MAX_LISTENED,
    Batch,
    Heartbeat,
    Listened,
    SensorDetection,
    WireError,
    batch_fields,
    dump_batch,
    parse_batch,
    read_batch,
    sensor_detection,
)

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=20)
counts = st.integers(0, 2**62)
numbers = st.floats(-1e9, 1e9)
shares = st.floats(0, 1)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def detections(draw):
    start_s, start_utc, lower_hz = draw(st.floats(0, 1e6)), draw(instants), draw(st.floats(0, 6e9))
    lasting_s = draw(st.floats(0, 1e4))
    return SensorDetection(
        technology=draw(st.sampled_from(Technology)),
        kinds=tuple(draw(st.lists(st.sampled_from(Label), max_size=4))),
        activity=draw(st.sampled_from(Activity)),
        start_s=start_s,
        end_s=start_s + lasting_s,
        start_utc=start_utc,
        end_utc=start_utc + timedelta(seconds=lasting_s),
        freq_lower_hz=lower_hz,
        freq_upper_hz=lower_hz + draw(st.floats(0, 2e7)),
        channel=draw(st.none() | texts),
        bursts=draw(counts),
        snr_db=draw(numbers),
        power_dbfs=draw(numbers),
        score=draw(shares),
        parts=draw(st.dictionaries(texts, numbers, max_size=4)),
        clipped=draw(st.booleans()),
        emission=draw(counts),
        part=draw(st.integers(1, 2**62)),
        last=draw(st.booleans()),
        profile=draw(texts),
        gain_db=draw(st.none() | numbers),
        power_dbm=draw(st.none() | numbers),
    )


listened = st.builds(Listened, centre_hz=st.floats(0, 6e9), bandwidth_hz=st.floats(0, 1e8), seconds=st.floats(0, 1e6))

heartbeats = st.builds(
    Heartbeat,
    samples=counts,
    sample_rate_hz=st.floats(0, 1e8),
    centre_hz=st.none() | numbers,
    noise_floor_dbfs=st.none() | numbers,
    gaps=counts,
    clipped_share=shares,
    queue=counts,
    profile=texts,
    lost=counts,
    dropped=counts,
    gain_db=st.none() | numbers,
    alarm=st.none() | st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True),
    noise_steps=st.none() | st.floats(0, 1e4),
    clock_error_s=st.none() | st.floats(0, 1e9),
    reference_hz=st.none() | st.floats(0, 6e9),
    reference_dbfs=st.none() | numbers,
    listened=st.lists(listened, max_size=4).map(tuple),
)

batches = st.builds(
    Batch,
    sensor=names,
    boot=names,
    sequence=counts,
    sent_utc=instants,
    detections=st.lists(detections(), max_size=3).map(tuple),
    heartbeat=st.none() | heartbeats,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)

CALL = Detection(
    technology=Technology.GSM,
    kinds=(Label.GSM_NB,),
    activity=Activity.CALL,
    start=2_400_000,
    stop=3_600_000,
    freq_lower_hz=1e5,
    freq_upper_hz=3e5,
    channel=Channel(numbering="ARFCN", number=36),
    bursts=104,
    snr_db=7.94,
    power_dbfs=-31.26,
    score=0.99801,
    parts={"coherence": 0.912345},
    clipped=False,
    emission=7,
    part=1,
    last=False,
    profile="sha256:00",
)
TUNING = Tuning(sample_rate_hz=2.4e6, centre_hz=897e6)


def batch_of_one():
    heard = sensor_detection(CALL, tuning=TUNING, origin_utc=START)
    beat = Heartbeat(
        samples=9,
        sample_rate_hz=2.4e6,
        centre_hz=897e6,
        noise_floor_dbfs=-60.0,
        gaps=0,
        clipped_share=0.0,
        queue=0,
        profile="x",
    )
    return Batch(sensor="B1", boot="b", sequence=3, sent_utc=START, detections=(heard,), heartbeat=beat)


@given(batches)
def test_a_batch_survives_the_wire(batch):
    assert parse_batch(dump_batch(batch)) == batch
    assert dump_batch(parse_batch(dump_batch(batch))) == dump_batch(batch)


@given(instants)
def test_an_instant_survives_as_text_and_as_microseconds(time):
    assert parse_utc(format_utc(time)) == time
    assert from_microseconds(to_microseconds(time)) == time


def test_an_instant_in_another_zone_is_told_in_utc():
    paris = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    assert format_utc(paris) == "2026-03-01T12:00:00.000000Z"
    with pytest.raises(ValueError, match="no time zone"):
        format_utc(datetime(2026, 3, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    "text", ["", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01T12:00:00+01:00", "2026-02-30T12:00:00Z"]
)
def test_a_time_that_is_not_utc_is_refused(text):
    with pytest.raises(ValueError):
        parse_utc(text)


def test_a_sensor_tells_absolute_times_and_frequencies():
    heard = sensor_detection(CALL, tuning=TUNING, origin_utc=START)
    assert (heard.start_s, heard.end_s) == (1.0, 1.5)
    assert (heard.start_utc, heard.end_utc) == (START + timedelta(seconds=1), START + timedelta(seconds=1.5))
    assert (heard.freq_lower_hz, heard.freq_upper_hz) == (897.1e6, 897.3e6)
    assert heard.channel == "ARFCN 36"


@pytest.mark.parametrize("name", [f.name for f in fields(SensorDetection) if f.default is MISSING])
def test_a_missing_field_of_a_detection_is_named(name):
    raw = batch_fields(batch_of_one())
    del raw["detections"][0][name]
    with pytest.raises(WireError, match=rf"^detections\[0\]\.{name}: missing$"):
        read_batch(raw)


def test_what_older_sensors_do_not_say_of_a_detection_is_not_known():
    raw = batch_fields(batch_of_one())
    del raw["detections"][0]["gain_db"], raw["detections"][0]["power_dbm"]
    (told,) = read_batch(raw).detections
    assert (told.gain_db, told.power_dbm) == (None, None)


@pytest.mark.parametrize("name", [f.name for f in fields(SensorDetection)])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**63, {"a": "b"}, ["x"], "\ud800", "a\x00b", object])
def test_a_field_of_a_detection_with_a_wrong_value_is_named(name, value):
    raw = batch_fields(batch_of_one())
    raw["detections"][0][name] = value
    with pytest.raises(WireError, match=rf"^detections\[0\]\.{name}(\.a|\[0\])?: "):
        read_batch(raw)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "colour: unknown field"),
        ({"sensor": "no spaces"}, "sensor: 'no spaces' is not"),
        ({"boot": ""}, "boot: '' is not"),
        ({"sequence": -1}, "sequence: -1 is outside 0 to"),
        ({"sequence": True}, "sequence: True is not a whole number"),
        ({"sequence": 1.0}, "sequence: 1.0 is not a whole number"),
        ({"sent_utc": "yesterday"}, "sent_utc: 'yesterday' is not a time in UTC"),
        ({"heartbeat": []}, r"heartbeat: \[\] is not an object"),
        ({"detections": {}}, "detections: {} is not a list"),
    ],
)
def test_a_batch_that_is_wrong_is_refused_by_name(change, message):
    with pytest.raises(WireError, match=f"^{message}"):
        read_batch(batch_fields(batch_of_one()) | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end_s": 0.5}, "end_s: 0.5 is below start_s=1.0"),
        ({"freq_upper_hz": 1.0}, "freq_upper_hz: 1.0 is below"),
        ({"score": 1.5}, "score: 1.5 is outside 0 to 1"),
        ({"part": 0}, "part: 0 is outside 1 to"),
        ({"technology": "tetra"}, "technology: 'tetra' is not one of gsm, umts"),
        ({"kinds": ["gsm-xy"]}, r"kinds\[0\]: 'gsm-xy' is not one of"),
    ],
)
def test_a_detection_that_cannot_be_is_refused_by_name(change, message):
    raw = batch_fields(batch_of_one())
    raw["detections"][0] |= change
    with pytest.raises(WireError, match=rf"^detections\[0\]\.{message}"):
        read_batch(raw)


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"null", b'"x"', b"{", b"\xff", b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}"]
)
def test_what_is_no_object_is_refused(body):
    with pytest.raises(WireError, match=r"^batch: not "):
        parse_batch(body)


def test_a_batch_holds_a_bounded_number_of_detections():
    batch = batch_of_one()
    full = replace(batch, detections=batch.detections * MAX_DETECTIONS)
    assert len(parse_batch(dump_batch(full)).detections) == MAX_DETECTIONS
    raw = batch_fields(full)
    raw["detections"] += raw["detections"][:1]
    with pytest.raises(WireError, match="a batch holds at most"):
        read_batch(raw)


def test_a_heartbeat_may_be_left_out():
    raw = json.loads(dump_batch(batch_of_one()))
    del raw["heartbeat"]
    assert read_batch(raw).heartbeat is None


def test_a_heartbeat_of_an_older_sensor_is_read():
    raw = json.loads(dump_batch(batch_of_one()))
    optional = ("lost", "dropped", "gain_db", "alarm", "noise_steps", "clock_error_s", "listened")
    for name in (*optional, "reference_hz", "reference_dbfs"):
        del raw["heartbeat"][name]
    assert read_batch(raw) == batch_of_one()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lost": -1}, "lost: -1 is outside 0 to"),
        ({"dropped": 1.5}, "dropped: 1.5 is not a whole number"),
        ({"gain_db": "40"}, "gain_db: '40' is not a number"),
        ({"alarm": "Two words"}, "alarm: 'Two words' is not a word of 1 to 32"),
        ({"alarm": "a" * 33}, "alarm: 'a+' is not a word of 1 to 32"),
        ({"noise_steps": -0.1}, "noise_steps: -0.1 is outside 0 to"),
        ({"clock_error_s": -1.0}, "clock_error_s: -1.0 is outside 0 to"),
        ({"reference_hz": -1.0}, "reference_hz: -1.0 is outside 0 to"),
        ({"listened": [{"centre_hz": 9e8}]}, r"listened\[0\]\.bandwidth_hz: missing"),
        (
            {"listened": [{"centre_hz": 9e8, "bandwidth_hz": 2e6, "seconds": -1.0}]},
            r"listened\[0\]\.seconds: -1.0 is outside 0 to",
        ),
        (
            {"listened": [{"centre_hz": 9e8, "bandwidth_hz": 2e6, "seconds": 1.0}] * (MAX_LISTENED + 1)},
            "listened: 65 of them; a heartbeat holds at most 64",
        ),
    ],
)
def test_a_heartbeat_that_cannot_be_is_refused_by_name(change, message):
    raw = batch_fields(batch_of_one())
    raw["heartbeat"] |= change
    with pytest.raises(WireError, match=rf"^heartbeat\.{message}"):
        read_batch(raw)
