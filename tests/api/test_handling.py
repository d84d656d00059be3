import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.hub import sweep
from detector.wire import dump_batch

ACTS = {"acknowledge": {}, "search": {}, "close": {"outcome": "not-found"}, "reopen": {}}


@pytest.fixture
def alert(client, send, detection):
    send("B1", detection())
    return client.items("alerts")[0]


def test_an_alert_is_lived_from_open_to_closed_and_back(client, alert):
    number = alert["id"]
    assert (alert["state"], alert["version"]) == ("open", 0)
    for version, (act, body, state) in enumerate(
        [
            ("acknowledge", {"note": "seen"}, "acknowledged"),
            ("search", {}, "search-sent"),
            ("close", {"outcome": "phone-found", "note": "under the bed"}, "closed"),
            ("reopen", {}, "open"),
        ]
    ):
        told = client.act(number, act, version=version, **body).json()
        assert (told["state"], told["version"]) == (state, version + 1)
        assert client.get(f"/api/v1/alerts/{number}").json() == told
    record = client.items(f"alerts/{number}/transitions")
    assert [(each["act"], each["before"], each["after"], each["version"]) for each in record] == [
        ("acknowledge", "open", "acknowledged", 1),
        ("search", "acknowledged", "search-sent", 2),
        ("close", "search-sent", "closed", 3),
        ("reopen", "closed", "open", 4),
    ]
    assert record[0]["actor"] == {"name": "Dana", "kind": "person", "verified": False}
    assert (record[2]["outcome"], record[2]["note"]) == ("phone-found", "under the bed")


def test_the_same_deed_sent_twice_is_done_once(client, alert):
    first, second = (client.act(alert["id"], "acknowledge", version=0) for _ in range(2))
    assert first.json() == second.json()
    assert second.status_code == 200
    assert len(client.items(f"alerts/{alert['id']}/transitions")) == 1


def test_somebody_who_is_late_is_told_what_happened_meanwhile(client, alert):
    client.act(alert["id"], "acknowledge", actor="Hélène", version=0)
    late = client.act(alert["id"], "search", version=0)
    assert late.status_code == 409
    assert late.headers["content-type"] == "application/problem+json"
    told = late.json()
    assert told["detail"] == f"Hélène did acknowledge meanwhile: alert {alert['id']} is acknowledged"
    assert (told["alert"]["version"], [each["act"] for each in told["meanwhile"]]) == (1, ["acknowledge"])
    assert client.act(alert["id"], "search", version=1).status_code == 200


def test_what_the_state_does_not_allow_is_a_conflict(client, alert):
    refused = client.act(alert["id"], "reopen", version=0)
    assert (refused.status_code, refused.json()["alert"]["state"]) == (409, "open")
    assert client.items(f"alerts/{alert['id']}/transitions") == []


def test_of_many_at_once_one_takes_the_alert_on(serve, batch, detection):
    answers = []

    def taking(name):
        path = f"{hub.address}/api/v1/alerts/{number}/acknowledge"
        answers.append(hub.client.post(path, json={"version": 0}, headers={"X-Wingwatch-Actor": name}).status_code)

    with serve() as hub:
        hub.post(batch("B1", detection()))
        number = hub.client.get(f"{hub.address}/api/v1/alerts").json()["items"][0]["id"]
        people = [threading.Thread(target=taking, args=(name,)) for name in "abcdefgh"]
        for person in people:
            person.start()
        for person in people:
            person.join(20)
        record = hub.client.get(f"{hub.address}/api/v1/alerts/{number}/transitions").json()["items"]
    assert sorted(answers) == [200] + [409] * 7
    assert len(record) == 1


@pytest.mark.parametrize(
    ("act", "body", "parameter"),
    [
        ("acknowledge", {}, "version"),
        ("acknowledge", {"version": -1}, "version"),
        ("acknowledge", {"version": 2**80}, "version"),
        ("acknowledge", {"version": 0, "colour": 1}, "colour"),
        ("acknowledge", {"version": 0, "note": "x" * 2001}, "note"),
        ("close", {"version": 0}, "outcome"),
        ("close", {"version": 0, "outcome": "lost"}, "outcome"),
        ("close", {"version": 0, "outcome": "phone-found", "cell": "Z-9"}, "cell"),
    ],
)
def test_a_deed_that_is_wrong_is_named_by_its_field(client, alert, act, body, parameter):
    refused = client.act(alert["id"], act, **body)
    assert (refused.status_code, refused.json()["parameter"]) == (422, parameter)


def test_nobody_acts_without_a_name(client, alert):
    path = f"/api/v1/alerts/{alert['id']}/acknowledge"
    refused = client.request("POST", path, json={"version": 0})
    assert refused.status_code == 401
    assert "X-Wingwatch-Actor" in refused.json()["detail"]
    assert client.request("POST", path, json={"version": 0}, headers={"X-Wingwatch-Actor": "%FF"}).status_code == 422


def test_what_is_not_there_is_not_found_and_what_is_no_json_is_refused(client, alert):
    assert client.act(999, "acknowledge", version=0).status_code == 404
    assert client.get("/api/v1/alerts/999/transitions").status_code == 404
    headers = {"X-Wingwatch-Actor": "Dana", "Content-Type": "application/json"}
    path = f"/api/v1/alerts/{alert['id']}/acknowledge"
    lone = b'{"version": 0, "note": "\\ud800"}'
    for body, status in ((b"\xff{", 400), (b"", 422), (b"[" * 2_000_001, 413), (b"[" * 10_000, 400), (lone, 422)):
        refused = client.request("POST", path, content=body, headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")


def test_an_alert_that_nobody_takes_on_is_escalated_once(client, app, alert, clock):
    for seconds, escalated in ((299.0, False), (1.0, True), (500.0, True)):
        clock.advance(seconds)
        sweep(app.state.hub)
        told = client.get(f"/api/v1/alerts/{alert['id']}").json()
        assert (told["escalated_utc"] is not None) is escalated
    (record,) = client.items(f"alerts/{alert['id']}/transitions")
    assert (record["act"], record["actor"]["name"], record["at_utc"]) == ("escalate", "hub", told["escalated_utc"])
    assert client.act(alert["id"], "acknowledge", version=0).status_code == 200


def test_an_alert_in_somebodys_hands_is_not_escalated(client, app, alert, clock):
    client.act(alert["id"], "acknowledge", version=0)
    clock.advance(1000)
    sweep(app.state.hub)
    assert client.get(f"/api/v1/alerts/{alert['id']}").json()["escalated_utc"] is None


def test_an_alert_that_merges_while_somebody_looks_says_so(client, send, detection):
    send("A1", detection(0.0, 2.0))
    send("A1", detection(50.0, 52.0, emission=2))
    later, first = client.items("alerts")
    send("A1", detection(25.0, 27.0, emission=3))
    refused = client.act(later["id"], "acknowledge", version=0)
    assert (refused.status_code, refused.json()["alert"]["merged_into"]) == (409, first["id"])
    assert [each["act"] for each in refused.json()["meanwhile"]] == ["merge"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from([*ACTS, "report", "wait"]), min_size=1, max_size=12), data=st.data())
def test_a_hub_that_crashes_anywhere_goes_on_as_one_that_does_not(
    steps, data, settings, clock, batch, detection, make_client, tmp_path_factory, migrated
):
    crashes = {*data.draw(st.lists(st.integers(0, len(steps))))}
    stories = []
    for crashing in (set(), crashes):
        clock.now = clock.now.replace(year=2026, month=3, day=1, hour=12, minute=0, second=0, microsecond=0)
        folder = tmp_path_factory.mktemp("hub")
        (folder / "hub.sqlite").write_bytes(migrated.read_bytes())
        own = settings.model_copy(update={"data_dir": folder})
        app = create_app(own, clock=clock)
        client = make_client(app)
        client.post("B1", dump_batch(batch("B1", detection(), sequence=0)))
        story = []
        for index, step in enumerate(steps):
            if index in crashing:
                app.state.hub.database.close()
                app = create_app(own, clock=clock)
                client = make_client(app)
            if step == "report":
                seconds = 10.0 * (index + 1)
                client.post("B1", dump_batch(batch("B1", detection(seconds, emission=index + 2), sequence=index + 1)))
            elif step == "wait":
                clock.advance(100.0)
                sweep(app.state.hub)
            else:
                version = client.get("/api/v1/alerts/1").json()["version"]
                story.append(client.act(1, step, version=version, **ACTS[step]).json())
        story += [client.items("alerts"), client.items("alerts/1/transitions")]
        stories.append(story)
        app.state.hub.database.close()
    assert stories[0] == stories[1]
