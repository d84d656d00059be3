from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.hub import sweep
from detector.times import format_utc
from detector.types import Label, Technology

LISTS = ("alerts", "detections", "sensors", "wings")


def pages(client, path, **params):
    """Every item of a list, page by page."""
    items, cursor = [], None
    while True:
        place = {} if cursor is None else {"cursor": cursor}
        page = client.get(f"/api/v1/{path}", **params, **place).json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


@pytest.fixture
def many(send, detection):
    """Seven detections of three sensors, two at one instant, in four alerts: the last goes on without a second access."""
    for n, (sensor, start_s) in enumerate(
        [("A1", 0), ("B1", 100), ("A1", 100), ("C1", 300), ("A1", 500), ("B1", 100.1), ("A1", 501)]
    ):
        technology = Technology.LTE if sensor == "C1" else Technology.GSM
        kinds = (Label.GSM_NB,) if n == 6 else (Label.GSM_AB, Label.GSM_NB)
        send(sensor, detection(float(start_s), emission=n, technology=technology, kinds=kinds))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("path", ["alerts", "detections"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_give_every_item_once_latest_first(client, path, limit):
    whole = client.items(path, limit=500)
    assert pages(client, path, limit=limit) == whole
    times = [item["opened_utc" if path == "alerts" else "start_utc"] for item in whole]
    assert all(a >= b for a, b in pairwise(times))


@pytest.mark.usefixtures("many")
def test_what_comes_meanwhile_does_not_disturb_the_pages_that_follow(client, send, detection):
    first = client.get("/api/v1/detections", limit=3).json()
    send("A1", detection(900.0, emission=99))
    rest = client.items("detections", cursor=first["next"])
    ids = [item["id"] for item in first["items"] + rest]
    assert len(ids) == len(set(ids)) == 7


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"sensor": "A1"}, 4),
        ({"wing": "B"}, 2),
        ({"sensor": "A1", "wing": "B"}, 0),
        ({"technology": "lte"}, 1),
        ({"since": "2026-03-01T12:05:00Z"}, 3),
        ({"until": "2026-03-01T12:05:00Z"}, 4),
        ({"since": "2026-03-01T12:01:40Z", "until": "2026-03-01T12:01:40.100Z"}, 2),
    ],
)
def test_detections_are_chosen_by_where_what_and_when(client, params, count):
    assert len(client.items("detections", **params)) == count


@pytest.mark.usefixtures("many")
def test_alerts_are_chosen_by_wing_state_and_time(client):
    assert {alert["wing"] for alert in client.items("alerts", wing="A")} == {"A"}
    assert client.items("alerts", state="closed") == []
    assert len(client.items("alerts", state="open")) == len(client.items("alerts")) == 4
    assert len(client.items("alerts", since="2026-03-01T12:08:00Z")) == 1


def test_an_active_alert_is_found_behind_any_number_of_newer_ones(client, app, send, detection, clock):
    clock.advance(2000)
    send("A1", detection(0.0, 2000.0))
    for n in range(1, 5):
        send("B1", detection(400.0 * n, emission=n, technology=Technology.LTE))
    sweep(app.state.hub)
    assert [alert["wing"] for alert in client.items("alerts", limit=4)] == ["B"] * 4
    assert [alert["wing"] for alert in client.items("alerts", active="true")] == ["A"]
    assert [alert["wing"] for alert in client.items("alerts", active="false")] == ["B"] * 4


def test_a_detection_is_given_as_it_was_sent(client, send, detection):
    sent = detection()
    send("B1", sent, boot="boot-7", sequence=4)
    (given_back,) = client.items("detections")
    for name in ("channel", "bursts", "snr_db", "power_dbfs", "score", "parts", "emission", "part", "last", "profile"):
        assert given_back[name] == getattr(sent, name)
    assert (given_back["sensor"], given_back["wing"], given_back["boot"], given_back["sequence"]) == (
        "B1",
        "B",
        "boot-7",
        4,
    )
    assert given_back["alert"] == client.items("alerts")[0]["id"]
    assert given_back["start_utc"] == "2026-03-01T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("path", "params", "parameter"),
    [
        ("alerts", {"wing": "Z"}, "wing"),
        ("alerts", {"state": "lost"}, "state"),
        ("alerts", {"wings": "A"}, "wings"),
        ("alerts", {"since": "yesterday"}, "since"),
        ("alerts", {"since": "1"}, "since"),
        ("alerts", {"active": "perhaps"}, "active"),
        ("alerts", {"wing": ["A", "B"]}, "wing"),
        ("detections", {"sensor": ["B1", "A1"]}, "sensor"),
        ("detections", {"limit": [3, 3]}, "limit"),
        ("detections", {"since": "2026-03-01T12:00:01Z", "until": "2026-03-01T12:00:00Z"}, "until"),
        ("detections", {"sensor": "Z1"}, "sensor"),
        ("detections", {"wing": "Z"}, "wing"),
        ("detections", {"technology": "tetra"}, "technology"),
        ("detections", {"limit": 0}, "limit"),
        ("detections", {"limit": 501}, "limit"),
        ("detections", {"cursor": "abc"}, "cursor"),
        ("detections", {"cursor": "€"}, "cursor"),
        ("detections", {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE="}, "cursor"),
        ("wings", {"limit": 3}, "limit"),
        ("alerts/x", {}, "alert"),
        ("alerts/99999999999999999999", {}, "alert"),
        ("events", {"last_event_id": "x"}, "last_event_id"),
        ("events", {"last_event_id": -1}, "last_event_id"),
    ],
)
def test_a_wrong_parameter_is_named_in_a_problem(client, path, params, parameter):
    response = client.get(f"/api/v1/{path}", **params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["parameter"] == parameter
    assert response.json()["status"] == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/v1/nothing", 404), ("GET", "/api/v1/alerts/7", 404), ("DELETE", "/api/v1/alerts", 405)],
)
def test_what_does_not_exist_is_told_in_a_problem(client, method, path, status):
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


def test_health_tells_who_answers(client):
    told = client.get("/api/v1/health").json()
    assert told["version"]
    del told["version"]
    assert told == {
        "status": "ok",
        "simulated": False,
        "site": "Test prison",
        "time_zone": "Europe/Paris",
        "now": "2026-03-01T12:00:00.000000Z",
        "swept_utc": None,
    }


@pytest.mark.parametrize("path", LISTS)
def test_each_list_tells_its_place_in_the_feed(client, send, detection, path):
    send("A1", detection())
    response = client.get(f"/api/v1/{path}")
    assert response.json()["event_id"] == int(response.headers["x-event-id"]) > 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(since_s=st.floats(-10, 700), until_s=st.floats(-10, 700))
def test_two_spans_that_meet_hold_everything_once(client, send, detection, clock, since_s, until_s):
    if not client.items("detections"):
        for n in range(8):
            send("A1", detection(80.0 * n, emission=n))
    cut = format_utc(clock.now + timedelta(seconds=min(since_s, until_s)))
    parts = client.items("detections", since=cut) + client.items("detections", until=cut)
    assert parts == client.items("detections")
