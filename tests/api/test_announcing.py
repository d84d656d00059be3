import json
import threading

import httpx
import pytest
from sqlalchemy import text

from api.app import create_app
from api.hub import sweep
from detector.wire import dump_batch

LOUD = 20


def channel(n):
    lower_hz = 880.1e6 + 0.4e6 * n
    return {"channel": f"ARFCN {n}", "freq_lower_hz": lower_hz, "freq_upper_hz": lower_hz + 0.2e6}


@pytest.fixture
def phones(send, detection):
    """Has phones speak near a sensor, each on a channel of its own."""

    def speaking(sensor, numbers, start_s=0.0, **fields):
        made = [detection(start_s, emission=n, **channel(n), **fields) for n in numbers]
        send(sensor, *made)

    return speaking


def announced(client, **query):
    return [alert for alert in client.items("alerts", limit=500, **query) if alert["announced_utc"]]


def messages(app, kind):
    with app.state.hub.database.reading() as connection:
        rows = connection.execute(text("SELECT data FROM changes WHERE kind = :kind ORDER BY id"), {"kind": kind})
        return [json.loads(row[0]) for row in rows]


def test_a_busy_wing_gives_one_standing_alarm_and_everything_is_recorded(client, app, phones):
    phones("B1", range(LOUD))
    assert len(announced(client)) == 6
    assert len(client.items("alerts", limit=500)) == len(client.items("detections", limit=500)) == LOUD
    (alarm,) = client.items("standing")
    assert (alarm["wing"], alarm["alerts"], alarm["comparison"]) == ("B", LOUD, "unknown")
    assert alarm["why"] == "20 alerts in 10 minutes."
    assert {told["id"] for told in messages(app, "alert")} == {alert["id"] for alert in announced(client)}
    phones("B1", range(LOUD, 2 * LOUD), 5.0)
    assert len(client.items("standing")) == len(messages(app, "standing")) == 1


def test_another_wing_and_a_higher_priority_are_announced_all_the_same(client, app, phones):
    phones("B1", range(LOUD), activity="access", kinds=())
    phones("C1", [40], activity="access", kinds=())
    assert len(announced(client, wing="C")) == 1
    phones("B1", [50])
    (urgent,) = (alert for alert in announced(client, wing="B") if alert["priority"] == "medium")
    assert urgent["channel"] == "ARFCN 50"
    assert len(client.items("standing")) == 1


def test_a_standing_alarm_is_told_anew_escalated_taken_on_and_ends(client, app, phones, clock):
    hub = app.state.hub
    phones("B1", range(LOUD))
    clock.advance(20)
    phones("B1", range(LOUD, LOUD + 5), 20.0)
    sweep(hub)
    assert [told["alerts"] for told in messages(app, "standing")] == [20, 25]
    clock.advance(300)
    sweep(hub)
    (alarm,) = client.items("standing")
    assert alarm["escalated_utc"] is not None
    path = f"/api/v1/standing/{alarm['id']}/acknowledge"
    taken = [client.request("POST", path, headers={"X-Wingwatch-Actor": name}).json() for name in ("Dana", "Eve")]
    assert [alarm["acknowledged_by"]["name"] for alarm in taken] == ["Dana", "Dana"]
    clock.advance(700)
    sweep(hub)
    assert client.items("standing") == []
    (over,) = client.items("standing", open="false")
    assert over["ended_utc"] is not None
    assert messages(app, "standing")[-1] == over


def test_what_nobody_takes_on_is_announced_again_while_its_phone_is_heard(client, app, send, detection, clock):
    clock.advance(1800)
    send("B1", detection(0.0, 1800.0, last=False))
    clock.advance(1799)
    send("B1", detection(0.0, 3599.0, part=2, last=False))
    sweep(app.state.hub)
    assert client.items("alerts")[0]["announcements"] == 1
    clock.advance(1)
    sweep(app.state.hub)
    (alert,) = client.items("alerts")
    assert (alert["announcements"], alert["reasons"][-1]) == (2, "Announced 2 times, since nobody took it on.")


def test_an_on_delay_holds_an_alert_back_and_no_evidence(settings, make_client, clock, batch, detection):
    app = create_app(settings.model_copy(update={"on_delay_s": 5.0}), clock=clock)
    client = make_client(app)
    client.post("B1", dump_batch(batch("B1", detection())))
    assert (client.items("alerts")[0]["withheld"], messages(app, "alert")) == ("on-delay", [])
    clock.advance(5)
    sweep(app.state.hub)
    (alert,) = client.items("alerts")
    assert (alert["withheld"], messages(app, "alert")) == (None, [alert])
    app.state.hub.database.close()


def test_a_restarted_hub_announces_nothing_twice_and_keeps_its_standing_alarm(
    settings, app, make_client, phones, clock
):
    phones("B1", range(LOUD))
    before = messages(app, "alert")
    app.state.hub.database.close()
    again = create_app(settings, clock=clock)
    sweep(again.state.hub)
    client = make_client(again)
    assert messages(again, "alert") == before
    assert len(client.items("standing")) == 1
    again.state.hub.database.close()


def test_a_phone_elsewhere_is_told_through_a_flood(serve, batch, detection, clock):
    """The alert of wing C is on the stream before the next batch of the flood in wing B is."""
    flood = [[detection(b + n / 1000, emission=1000 * b + n, **channel(n % 80)) for n in range(400)] for b in range(6)]
    told = []
    heard = threading.Event()

    def following():
        with httpx.stream("GET", f"{hub.address}/api/v1/events", timeout=20) as response:
            ready.set()
            lines = iter(response.iter_lines())
            for line in lines:
                if line == "event: alert":
                    alert = json.loads(next(lines).removeprefix("data: "))
                    told.append(alert["wing"])
                    if alert["wing"] == "C":
                        heard.set()
                        return

    with serve() as hub:
        ready = threading.Event()
        reader = threading.Thread(target=following)
        reader.start()
        assert ready.wait(20)
        for each in flood[:3]:
            assert hub.post(batch("B1", *each)).status_code == 200
        assert hub.post(batch("C1", detection(3.0))).status_code == 200
        assert heard.wait(20)
        for each in flood[3:]:
            hub.post(batch("B1", *each))
        reader.join(20)
        client = hub.client
        standing = client.get(f"{hub.address}/api/v1/standing").json()["items"]
        with hub.app.state.hub.database.reading() as connection:
            stored = connection.scalar(text("SELECT count(*) FROM detections"))
            owned = connection.scalar(text("SELECT sum(detections) FROM alerts WHERE merged_into IS NULL"))
    assert [alarm["wing"] for alarm in standing] == ["B"]
    assert stored == owned == 6 * 400 + 1
    assert told.count("B") <= 3 * 6
