import threading

import pytest
from sqlalchemy import text

from detector.types import Activity
from detector.wire import dump_batch


def test_a_batch_is_stored_once(client, batch, detection):
    body = dump_batch(batch("B1", detection()))
    assert client.post("B1", body).json() == {"stored": 1, "duplicate": False}
    assert client.post("B1", body).json() == {"stored": 0, "duplicate": True}
    assert len(client.items("detections")) == 1
    (alert,) = client.items("alerts")
    assert alert["detections"] == 1


def test_the_same_number_with_other_bytes_is_a_conflict(client, batch, detection):
    client.post("B1", dump_batch(batch("B1", detection(), sequence=7)))
    response = client.post("B1", dump_batch(batch("B1", detection(bursts=9), sequence=7)))
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert [found["bursts"] for found in client.items("detections")] == [81]


def test_numbers_count_anew_with_each_boot_and_for_each_sensor(client, batch, detection):
    for sensor, boot in (("B1", "one"), ("B1", "two"), ("B2", "one")):
        body = dump_batch(batch(sensor, detection(), sequence=0, boot=boot))
        assert client.post(sensor, body).json() == {"stored": 1, "duplicate": False}


@pytest.mark.parametrize(
    ("sensor", "secret"),
    [
        ("B1", "secret-of-B2-0123456789"),
        ("B1", "secret-of-B1-012345678"),
        ("Z9", "no such sensor"),
        ("Z9", "secret-of-Z9-0123456789"),
        ("B1", "sécret-of-B1-0123456789"),
    ],
)
def test_a_wrong_token_is_refused(client, batch, sensor, secret):
    response = client.post(sensor, dump_batch(batch(sensor)), secret)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert client.items("detections") == []


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic secret-of-B1-0123456789", "secret-of-B1-0123456789"]
)
def test_a_request_without_a_bearer_token_is_refused(client, batch, header):
    request = {"content": dump_batch(batch("B1")), "headers": {"Authorization": header}}
    assert client.request("POST", "/api/v1/sensors/B1/batches", **request).status_code == 401


def test_a_sensor_sends_for_itself_alone(client, batch):
    response = client.post("B1", dump_batch(batch("B2")))
    assert response.status_code == 422
    assert response.json()["parameter"] == "sensor"


def test_a_batch_that_is_wrong_is_named_by_its_field(client, batch, detection):
    body = dump_batch(batch("B1", detection())).replace(b'"score":0.99', b'"score":"high"')
    response = client.post("B1", body)
    assert response.status_code == 422
    assert response.json()["parameter"] == "detections[0].score"
    assert client.post("B1", b"\xff").status_code == 422


def test_a_body_over_the_limit_is_not_read(client):
    response = client.post("B1", b"x" * 2_000_001)
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


def test_nothing_of_a_batch_stays_when_its_storing_fails(client, batch, detection, app, send):
    body = dump_batch(batch("B1", detection(), sequence=5))
    with app.state.hub.database.writing() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON changes BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        )
    assert client.post("B1", body).status_code == 500
    assert client.items("detections") == client.items("alerts") == []
    with app.state.hub.database.writing() as connection:
        connection.execute(text("DROP TRIGGER full"))
    assert client.post("B1", body).json() == {"stored": 1, "duplicate": False}


def test_parts_of_one_emission_are_one_report(client, send, detection):
    send("B1", detection(end_s=1.0, bursts=10, last=False), detection(end_s=11.0, part=2, bursts=90, last=False))
    send("B1", detection(end_s=15.0, part=3, bursts=130, activity=Activity.CALL_DTX))
    (alert,) = client.items("alerts")
    assert (alert["detections"], alert["activity"]) == (3, "call-dtx")
    assert "130 bursts" in alert["why"]


def test_sensors_that_send_at_once_lose_nothing(serve, batch, detection):
    sensors = ("A1", "A2", "B1", "B2", "C1", "P1")
    bodies = {s: [batch(s, detection(emission=n)) for n in range(8)] for s in sensors}
    answers = []

    def sending(sensor):
        for each in bodies[sensor]:
            answers.extend(hub.post(each).json()["stored"] for _ in range(2))

    with serve() as hub:
        senders = [threading.Thread(target=sending, args=(sensor,)) for sensor in sensors]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(30)
        with hub.app.state.hub.database.reading() as connection:
            stored = connection.scalar(text("SELECT count(*) FROM detections"))
            owned = connection.scalar(text("SELECT sum(detections) FROM alerts WHERE merged_into IS NULL"))
    assert sorted(answers) == [0] * 48 + [1] * 48
    assert stored == owned == 48


def test_the_database_survives_power_cuts_by_its_settings(app):
    with app.state.hub.database.reading() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
