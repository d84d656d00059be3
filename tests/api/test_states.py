import json

import pytest

from api.hub import sweep
from api.repository import Repository
from api.states import SensorState, WingCounts, WingState, sensor_state, wing_state
from detector.wire import dump_batch

FRESH, STALE, NEVER, CLOCK = SensorState.FRESH, SensorState.STALE, SensorState.NEVER, SensorState.CLOCK


@pytest.mark.parametrize(
    ("sensors", "counts", "state", "words"),
    [
        ({"A1": FRESH, "A2": FRESH}, WingCounts(), WingState.QUIET, "2 of 2 sensors listening"),
        ({"A1": FRESH, "A2": STALE}, WingCounts(), WingState.DEGRADED, "nothing from A2"),
        ({"A1": STALE, "A2": NEVER}, WingCounts(), WingState.STALE, "nothing from A1 and A2"),
        ({"A1": NEVER, "A2": NEVER}, WingCounts(), WingState.BLIND, "No sensor of this wing was ever heard."),
        ({}, WingCounts(), WingState.BLIND, "No sensor stands in this wing."),
        ({"A1": FRESH}, WingCounts(active=1), WingState.ALERT, "A phone is heard"),
        ({"A1": STALE}, WingCounts(active=2), WingState.ALERT, "2 phones are heard"),
        ({"A1": CLOCK}, WingCounts(), WingState.STALE, "cannot be dated: 0 of 1 sensors listening, wrong clock at A1."),
        ({"A1": FRESH, "A2": CLOCK}, WingCounts(), WingState.DEGRADED, "1 of 2 sensors listening, wrong clock at A2."),
        ({"A1": CLOCK}, WingCounts(active=1), WingState.ALERT, "A phone is heard"),
        ({"A1": FRESH}, WingCounts(unacknowledged=1), WingState.QUIET, "1 past alert waits for a person."),
        ({"A1": FRESH}, WingCounts(unacknowledged=3), WingState.QUIET, "3 past alerts wait for a person."),
    ],
)
def test_a_wing_is_quiet_only_while_somebody_listens(sensors, counts, state, words):
    told, why = wing_state(sensors, counts)
    assert told is state
    assert words in why


def test_a_sensor_that_was_never_heard_is_told_apart():
    assert sensor_state(None, now_us=0, stale_after_us=1) is NEVER


def state_of(client, sensor="A1"):
    return next(each["state"] for each in client.items("sensors") if each["name"] == sensor)


def wing_of(client, name="A"):
    return next(each for each in client.items("wings") if each["name"] == name)


def test_a_sensor_is_fresh_for_ten_seconds_after_its_heartbeat(client, send, heartbeat, clock):
    assert (state_of(client), wing_of(client)["state"]) == ("never", "blind")
    send("A1", heartbeat=heartbeat(100))
    for seconds, state, wing in ((10.0, "fresh", "degraded"), (0.1, "stale", "stale")):
        clock.advance(seconds)
        assert (state_of(client), wing_of(client)["state"]) == (state, wing)


def test_heartbeats_without_samples_do_not_make_a_wing_quiet(client, send, heartbeat, clock):
    for _ in range(4):
        send("A1", heartbeat=heartbeat(100))
        clock.advance(5)
    assert state_of(client) == "stale"
    send("A1", heartbeat=heartbeat(101))
    assert state_of(client) == "fresh"


def test_samples_count_anew_with_each_boot(client, send, heartbeat, clock):
    send("A1", heartbeat=heartbeat(1000))
    clock.advance(60)
    send("A1", heartbeat=heartbeat(10), boot="boot-2")
    assert state_of(client) == "fresh"


def test_a_heartbeat_that_waited_in_a_queue_does_not_look_fresh(client, send, heartbeat, clock):
    made = clock.now
    clock.advance(60)
    send("A1", heartbeat=heartbeat(100), sent_utc=made)
    assert state_of(client) == "stale"


def test_a_clock_that_is_ahead_does_not_keep_a_sensor_fresh(client, send, heartbeat, clock):
    ahead = clock.now.replace(year=2030)
    send("A1", heartbeat=heartbeat(100), sent_utc=ahead)
    clock.advance(11)
    assert state_of(client) == "stale"


def test_a_sensor_whose_clock_is_set_back_is_heard_again(client, send, heartbeat, clock):
    send("A1", heartbeat=heartbeat(100), sent_utc=clock.now.replace(year=2030))
    clock.advance(60)
    send("A1", heartbeat=heartbeat(10), boot="boot-2")
    assert state_of(client) == "fresh"


def test_an_older_heartbeat_does_not_undo_a_newer_one(client, send, heartbeat, clock):
    before = clock.now
    clock.advance(5)
    send("A1", heartbeat=heartbeat(200, gaps=2), sequence=7)
    send("A1", heartbeat=heartbeat(100, gaps=1), sequence=6, sent_utc=before)
    (sensor,) = [each for each in client.items("sensors") if each["name"] == "A1"]
    assert (sensor["gaps"], sensor["last_seen_utc"]) == (2, "2026-03-01T12:00:05.000000Z")


def test_a_wing_tells_its_alerts_and_its_sensors(client, send, detection, heartbeat):
    send("B1", detection(), heartbeat=heartbeat(100))
    wing = wing_of(client, "B")
    assert wing["why"] == "A phone is heard; 1 of 2 sensors listening, nothing from B2."
    del wing["why"]
    assert wing == {
        "name": "B",
        "title": "Wing B",
        "state": "alert",
        "sensors": 2,
        "sensors_fresh": 1,
        "active_alerts": 1,
        "last_alert_utc": "2026-03-01T12:00:02.000000Z",
        "bands": [
            {
                "name": "P-GSM 900",
                "state": "alert",
                "why": "a phone is heard",
                "heard_share": 0.1,
                "sensors": 2,
                "hearing": 1,
            },
            {
                "name": "LTE 8",
                "state": "degraded",
                "why": "nothing from B2",
                "heard_share": 0.07,
                "sensors": 2,
                "hearing": 1,
            },
        ],
        "unwatched": ["B1", "B2"],
        "shelved_until_utc": None,
    }


def told(app):
    """What the feed has told, as (kind, name, state)."""

    with app.state.hub.database.reading() as connection:
        changes = Repository(connection).changes(0, limit=10_000)
    values = [(change.kind, json.loads(change.data)) for change in changes]
    return [(kind, value.get("name", value.get("id")), value["state"]) for kind, value in values]


def test_time_alone_makes_news(app, send, detection, heartbeat, clock):
    send("A1", heartbeat=heartbeat(100))
    before = len(told(app))
    sweep(app.state.hub)
    assert len(told(app)) == before
    clock.advance(10.5)
    sweep(app.state.hub)
    assert told(app)[before:] == [("sensor", "A1", "stale"), ("wing", "A", "stale")]


def test_steady_heartbeats_are_told_no_more_often_than_each_ten_seconds(app, send, heartbeat, clock):
    send("A1", heartbeat=heartbeat(1, noise_floor_dbfs=-61.3))
    before = len(told(app))
    for second in range(60):
        clock.advance(1)
        send("A1", heartbeat=heartbeat(second + 2, noise_floor_dbfs=-61.3 + 0.01 * (second % 7)))
    # The seventh tells that its noise floor is known now.
    assert told(app)[before:] == [("sensor", "A1", "fresh")] * 7


def test_the_marks_of_heartbeats_are_kept_for_a_day(app, client, batch, detection, heartbeat, clock):
    evidence, beat = dump_batch(batch("A1", detection())), dump_batch(batch("A1", heartbeat=heartbeat(1)))
    client.post("A1", evidence)
    client.post("A1", beat)
    for hours, duplicate in ((24, True), (3, False)):
        clock.advance(3600 * hours)
        sweep(app.state.hub)
        assert client.post("A1", evidence).json()["duplicate"]
        assert client.post("A1", beat).json() == {"stored": 0, "duplicate": duplicate}
