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
