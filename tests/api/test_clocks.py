from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.clocks import ClockMark, clock_offset_us
from api.hub import sweep
from detector.wire import dump_batch

SECOND = 1_000_000
LIMIT_US = 5 * SECOND


def mark(sent_s, received_s, offset_s=0):
    seconds = {"sent_us": sent_s, "received_us": received_s, "offset_us": offset_s}
    return ClockMark(**{name: round(value * SECOND) for name, value in seconds.items()})


@pytest.mark.parametrize(
    ("sent_s", "before", "offset_s"),
    [
        (100.0, None, 0),
        (105.0, None, 0),
        (105.1, None, 5.1),
        (40.0, None, 0),
        (40.0, mark(98, 98), 0),
        (40.0, mark(38, 98), -60),
        (40.0, mark(38, 99.99), 0),
        (95.0, mark(93, 98), 0),
        (40.0, mark(38, 95, offset_s=-57), -60),
        (40.0, mark(38, 92, offset_s=-54), 0),
    ],
)
def test_a_clock_is_told_from_a_queue(sent_s, before, offset_s):
    assert clock_offset_us(mark(sent_s, 100), before, limit_us=LIMIT_US) == offset_s * SECOND


@given(waited_s=st.floats(0.1, 3600), drained=st.floats(0, 1), way=st.floats(0, 0.4))
def test_a_right_clock_is_never_called_wrong_by_a_queue_that_drains(waited_s, drained, way):
    step_s = drained * waited_s
    late, later = mark(0, waited_s), mark(step_s, waited_s + way * step_s)
    assert clock_offset_us(later, late, limit_us=LIMIT_US) == 0


@pytest.mark.parametrize("off_s", [60, 3600, -60, -3600])
def test_a_phone_that_a_wrong_clock_misdates_is_on_air_all_the_same(
    client, app, send, detection, heartbeat, clock, off_s
):
    off = timedelta(seconds=off_s)
    for samples in (100, 200):
        clock.advance(2)
        send("A1", heartbeat=heartbeat(samples), sent_utc=clock.now + off)
    start = clock.now + off - timedelta(seconds=1)
    heard = detection(start_utc=start, end_utc=start + timedelta(seconds=0.5))
    send("A1", heard, heartbeat=heartbeat(300), sent_utc=clock.now + off)
    (alert,) = client.items("alerts")
    assert (alert["active"], alert["opened_utc"]) == (True, "2026-03-01T12:00:03.000000Z")
    (stored,) = client.items("detections")
    assert datetime.fromisoformat(stored["start_utc"]).astimezone(UTC) == start
    assert states(client) == ("clock", "alert")
    for _ in range(20):
        clock.advance(2)
        send("A1", heartbeat=heartbeat(clock.now.minute * 60 + clock.now.second + 1000), sent_utc=clock.now + off)
    sweep(app.state.hub)
    assert not client.items("alerts")[0]["active"]
    assert states(client) == ("clock", "stale")
    assert "wrong clock at A1" in client.items("wings")[0]["why"]


def test_a_first_batch_from_ahead_is_never_quiet(client, send, detection, heartbeat, clock):
    ahead = timedelta(seconds=60)
    heard = detection(start_utc=clock.now + ahead - timedelta(seconds=2), end_utc=clock.now + ahead)
    send("A1", heartbeat=heartbeat(100), sent_utc=clock.now + ahead)
    assert states(client) == ("clock", "stale")
    send("A1", heard, sent_utc=clock.now + ahead)
    assert states(client) == ("clock", "alert")


def test_a_clock_that_was_set_right_is_trusted_again(client, send, heartbeat, clock):
    send("A1", heartbeat=heartbeat(100), sent_utc=clock.now + timedelta(seconds=60))
    clock.advance(2)
    send("A1", heartbeat=heartbeat(200))
    assert states(client) == ("fresh", "degraded")  # A2 was never heard


def test_one_phone_heard_by_a_right_and_a_wrong_clock_is_one_alert(client, send, detection, heartbeat, clock):
    clock.advance(2)
    ahead = timedelta(seconds=60)
    send("A1", detection(), heartbeat=heartbeat(100))
    early = detection(start_utc=clock.now + ahead - timedelta(seconds=2), end_utc=clock.now + ahead)
    send("A2", early, heartbeat=heartbeat(100), sent_utc=clock.now + ahead)
    (alert,) = client.items("alerts")
    assert sorted(alert["sensors"]) == ["A1", "A2"]


def states(client, sensor="A1", wing="A"):
    """How a sensor and its wing stand."""
    own = {each["name"]: each["state"] for path in ("sensors", "wings") for each in client.items(path)}
    return own[sensor], own[wing]


DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"end_utc": datetime(9999, 1, 1, tzinfo=UTC)}, 422),
        ({"start_utc": datetime(2000, 1, 1, tzinfo=UTC)}, 422),
        ({"end_s": DAY_S + 1}, 422),
        ({"end_s": DAY_S, "start_utc": datetime(2026, 3, 1, 11, tzinfo=UTC)}, 200),
        ({"end_utc": datetime(2026, 3, 1, 13, 0, 1, tzinfo=UTC)}, 422),
        ({"end_utc": datetime(2026, 3, 1, 13, tzinfo=UTC)}, 200),
    ],
)
def test_a_time_that_cannot_be_is_refused_by_its_field(client, batch, detection, fields, status):
    bad = detection(start_s=0.0, **{"end_utc": detection().end_utc} | fields)
    response = client.post("B1", dump_batch(batch("B1", detection(), bad)))
    assert response.status_code == status, response.text
    if status == 422:
        assert response.json()["parameter"] == "detections[1].end_utc"
        assert client.items("detections") == client.items("alerts") == []
