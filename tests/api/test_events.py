import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from api.repository import Repository
from api.telling import KEPT_CHANGES, sweep


@contextmanager
def following(hub, last=None, **params):
    """The feed's events as (id, event, data), from a connection of its own."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with (
        httpx.Client(timeout=20) as client,
        client.stream("GET", f"{hub.address}/api/v1/events", headers=headers, params=params) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        while next(lines) != "":
            pass
        yield events(lines)


def events(lines: Iterator[str]) -> Iterator[tuple[int | None, str, dict]]:
    """Server-sent events in a stream's lines."""
    fields = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            number = int(fields["id"]) if "id" in fields else None
            yield number, fields["event"], json.loads(fields["data"])
            fields = {}


def take(stream, count):
    return [next(stream) for _ in range(count)]


def add_changes(hub, count, size=1):
    database = hub.app.state.hub.database
    with database.writing() as connection:
        Repository(connection).add_changes("alert", [json.dumps("x" * size)] * count, at_us=0)
    hub.app.state.hub.feed.wake()


def newest(hub):
    with hub.app.state.hub.database.reading() as connection:
        return Repository(connection).change_range()[1]


def test_a_reader_is_told_what_happens_from_now_on(serve, batch, detection):
    with serve() as hub:
        hub.post(batch("A1", detection()))
        with following(hub) as stream:
            hub.post(batch("B1", detection(emission=2, power_dbfs=-20.0)))
            (number, event, alert), (_, wing_event, wing) = take(stream, 2)
    assert (event, wing_event) == ("alert", "wing")
    assert (alert["wing"], wing["name"], wing["state"]) == ("B", "A", "blind")
    assert number > 1


def test_a_message_is_the_object_of_the_list(serve, batch, detection, heartbeat):
    with serve() as hub:
        with following(hub, last=0) as stream:
            hub.post(batch("A1", detection(), heartbeat=heartbeat(1)))
            told = {}
            while not {"alert", "sensor", "wing"} <= told.keys() or told["wing"]["state"] != "alert":
                _, event, data = next(stream)
                if event == "alert" or data["name"] in ("A1", "A"):
                    told[event] = data
        get = hub.client.get
        assert told["alert"] == get(f"{hub.address}/api/v1/alerts").json()["items"][0]
        assert told["sensor"] == get(f"{hub.address}/api/v1/sensors").json()["items"][0]
        assert told["wing"] == get(f"{hub.address}/api/v1/wings").json()["items"][0]


def test_nothing_is_missed_between_the_list_and_the_feed(serve, batch, detection):
    with serve() as hub:
        place = hub.client.get(f"{hub.address}/api/v1/alerts").headers["x-event-id"]
        hub.post(batch("A1", detection()))
        with following(hub, last_event_id=place) as stream:
            assert next(stream)[1] == "alert"


def test_a_broken_connection_goes_on_without_a_gap_or_an_echo(serve):
    with serve() as hub:
        place = newest(hub)
        add_changes(hub, 30)
        with following(hub, last=place) as stream:
            first = [number for number, *_ in take(stream, 7)]
        add_changes(hub, 5)
        with following(hub, last=first[-1]) as stream:
            rest = [number for number, *_ in take(stream, 28)]
    assert first + rest == list(range(place + 1, place + 36))


def test_the_feed_goes_on_after_the_hub_was_started_anew(serve, batch, detection):
    with serve() as hub:
        hub.post(batch("A1", detection()))
        place = newest(hub)
    with serve() as hub:
        assert [a["wing"] for a in hub.client.get(f"{hub.address}/api/v1/alerts").json()["items"]] == ["A"]
        hub.post(batch("B1", detection(power_dbfs=-20.0)))
        with following(hub, last=place) as stream:
            number, event, alert = next(stream)
        alerts = hub.client.get(f"{hub.address}/api/v1/alerts").json()["items"]
    assert (number, event, alert["wing"], alert["detections"]) == (place + 1, "alert", "B", 2)
    assert [a["id"] for a in alerts] == [alert["id"]]


@pytest.mark.parametrize("beyond", [1, 10**9])
def test_a_place_that_the_feed_never_had_is_answered_with_a_reset(serve, beyond):
    with serve() as hub:
        add_changes(hub, 3)
        place = newest(hub)
        with following(hub, last=place + beyond) as stream:
            assert next(stream) == (place, "reset", {})


def test_a_reader_that_was_away_for_too_long_is_told_to_read_the_lists(serve):
    with serve() as hub:
        add_changes(hub, KEPT_CHANGES + KEPT_CHANGES // 5)
        state = hub.app.state.hub
        with state.database.writing() as connection:
            repository = Repository(connection)
            sweep(repository, state.site, now_us=0, gap_us=1, rules=state.watch_rules)
            oldest, last = repository.change_range()
        assert last - oldest == KEPT_CHANGES
        with following(hub, last=oldest - 2) as stream:
            assert next(stream)[1] == "reset"
        with following(hub, last=oldest - 1) as stream:
            assert next(stream)[:2] == (oldest, "alert")


def test_a_silent_feed_says_that_it_lives(serve):
    with serve(heartbeat_s=0.05) as hub, following(hub, last=None) as stream:
        beats = [event for event in (next(stream) for _ in range(30)) if event[1] == "heartbeat"]
    assert beats
    assert all(number is None for number, *_ in beats)


def test_a_reader_that_does_not_read_holds_nobody_up(serve, batch, detection):
    with serve() as hub, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", hub.port))
        slow.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nLast-Event-ID: 0\r\n\r\n")
        assert slow.recv(15).startswith(b"HTTP/1.1 200")
        place = newest(hub)
        add_changes(hub, 4000, size=2000)
        with following(hub, last=place) as stream:
            assert [number for number, *_ in take(stream, 4000)] == list(range(place + 1, place + 4001))
            assert hub.post(batch("A1", detection())).json()["stored"] == 1


def test_the_hub_stops_while_readers_wait(serve):
    hub = serve()
    ended = threading.Event()
    waiting = threading.Event()

    def reading():
        with following(hub) as stream:
            waiting.set()
            list(stream)
        ended.set()

    with hub:
        reader = threading.Thread(target=reading)
        reader.start()
        assert waiting.wait(20)
        hub.stop()
        assert ended.wait(20)
        reader.join()
