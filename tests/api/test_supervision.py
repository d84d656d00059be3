"""Alarms about the system itself, through the hub's own services on a clock that the test moves."""

import json
from datetime import timedelta

import pytest

from api import coverage_keeper
from api.app import create_app
from api.hub import ingest, sweep
from api.repository import Repository
from detector.wire import Listened, dump_batch

REFERENCE = '[[reference]]\nname = "broadcast"\nfrequency_mhz = 98.2\n'
PERSON = {"X-Wingwatch-Actor": "Dana"}


@pytest.fixture
def speak(app, batch, heartbeat, clock):
    """Lets a sensor speak for a time, and the hub sweep; what it says may differ from the usual."""
    samples = {}

    def speaking(seconds, *sensors, rate=1.0, sweeps=True, every=2, **fields):
        for _ in range(round(seconds / every)):
            clock.advance(every)
            for sensor in sensors or ("A1",):
                samples[sensor] = samples.get(sensor, 0) + round(2.4e6 * every * rate)
                body = dump_batch(batch(sensor, heartbeat=heartbeat(samples[sensor], **fields)))
                ingest(app.state.hub, sensor, body)
            if sweeps:
                sweep(app.state.hub)

    return speaking


def alarms(client, **params):
    return [(each["name"], each["kind"], each["state"]) for each in client.items("alarms", **params)]


def mine(client, sensor="A1", **params):
    """The alarms of one sensor; the others of the site are dead."""
    return [(kind, state) for name, kind, state in alarms(client, **params) if name == sensor]


def wing(client, name="A"):
    return next(each for each in client.items("wings") if each["name"] == name)


def test_a_sensor_that_was_never_heard_is_an_alarm_once_it_had_time_to_come(app, client, clock):
    for _ in range(45):
        sweep(app.state.hub)
        assert alarms(client) == []
        clock.advance(1)
    sweep(app.state.hub)
    assert alarms(client) == [(name, "dead-sensor", "raised") for name in ("C1", "B2", "B1", "A2", "A1", "P1")]


def test_an_alarm_is_raised_taken_on_and_cleared_and_all_of_it_is_told(app, client, speak):
    speak(60)
    assert mine(client) == []
    speak(20, noise_floor_dbfs=-49.0)
    (alarm,) = [each for each in client.items("alarms") if each["name"] == "A1"]
    assert (alarm["kind"], alarm["bands"], alarm["facts"]) == ("jamming", ["P-GSM 900", "LTE 8"], {"above_db": 12.5})
    assert alarm["why"] == "Sensor A1 is jammed: its noise floor is 12 dB above the usual (P-GSM 900, LTE 8)."
    assert "Look for a jammer" in alarm["remedy"]
    band = wing(client)["bands"][0]
    assert (band["state"], band["why"]) == ("blind", "A1 is jammed")
    path = f"/api/v1/alarms/{alarm['id']}"
    for _ in range(2):
        taken = client.request("POST", f"{path}/acknowledge", json={"note": "looking"}, headers=PERSON)
        assert (taken.status_code, taken.json()["state"], taken.json()["acknowledged_by"]) == (
            200,
            "acknowledged",
            "Dana",
        )
    speak(30)
    assert mine(client) == []
    assert mine(client, open=False) == [("jamming", "cleared")]
    told = client.items(f"alarms/{alarm['id']}/transitions")
    assert [(each["act"], each["actor"]["name"], each["note"]) for each in told] == [
        ("raised", "hub", ""),
        ("acknowledged", "Dana", "looking"),
        ("cleared", "hub", ""),
    ]
    assert feed(app, "alarm", alarm["id"]) == ["raised", "acknowledged", "cleared"]


def feed(app, kind, number):
    """The states of a thing as the feed told them."""
    with app.state.hub.database.reading() as connection:
        changes = Repository(connection).changes(0, limit=10_000)
    values = [json.loads(change.data) for change in changes if change.kind == kind]
    return [value["state"] for value in values if value["id"] == number]


@pytest.mark.parametrize(
    ("seconds", "fields", "kind"),
    [
        (8, {"rate": 0.0}, "frozen-sensor"),
        (30, {"rate": 0.5}, "slow-samples"),
        (8, {"clipped_share": 0.5}, "saturation"),
        (20, {"noise_floor_dbfs": -80.0}, "floor-fell"),
        (2, {"lost": 4}, "lost-detections"),
        (2, {"alarm": "receiver-gone"}, "sensor-complains"),
        (2, {"clock_error_s": 3.0}, "clock-error"),
        (14, {"reference_hz": 98.2e6, "reference_dbfs": -50.0}, "lost-antenna"),
    ],
)
def test_each_fault_is_an_alarm_of_its_own_kind(client, speak, seconds, fields, kind):
    speak(40, reference_hz=98.2e6, reference_dbfs=-30.0)
    speak(seconds, **{"reference_hz": 98.2e6, "reference_dbfs": -30.0} | fields)
    assert mine(client) == [(kind, "raised")]


def test_a_phone_beside_a_sensor_explains_saturation_and_a_risen_floor(client, speak, send, detection, clock):
    speak(40)
    for second in range(10):
        send("A1", detection(40 + second))
        speak(6, clipped_share=0.9, noise_floor_dbfs=-40.0)
    assert mine(client) == []


def test_a_single_value_out_of_bounds_is_no_alarm(client, speak):
    speak(40)
    speak(2, noise_floor_dbfs=-30.0)
    speak(60)
    assert mine(client, open=False) == []


def test_what_was_learned_outlives_the_hub(settings, app, client, speak, make_client, batch, heartbeat, clock):
    speak(60)
    app.state.hub.database.close()
    again = create_app(settings, clock=clock)
    beat = heartbeat(10**9, noise_floor_dbfs=-45.0)
    for n in range(10):
        clock.advance(2)
        beat = heartbeat(10**9 * (n + 1), noise_floor_dbfs=-45.0)
        make_client(again).post("A1", dump_batch(batch("A1", heartbeat=beat)))
        sweep(again.state.hub)
    assert mine(make_client(again)) == [("jamming", "raised")]
    again.state.hub.database.close()


def test_a_hub_that_was_away_says_so_and_gives_its_sensors_time(app, client, speak, clock):
    speak(60, sweeps=True)
    clock.advance(300)
    sweep(app.state.hub)
    away = client.items("alarms", open=False)[0]
    assert (away["kind"], away["state"], away["facts"]) == (
        "hub-away",
        "cleared",
        {"away_s": pytest.approx(300, abs=6)},
    )
    assert mine(client, open=False) == []
    clock.advance(44)
    for _ in range(44):
        sweep(app.state.hub)
    assert mine(client, open=False) == []


def test_health_tells_of_a_hub_that_does_nothing(app, client, clock):
    sweep(app.state.hub)
    assert client.get("/api/v1/health").json()["status"] == "ok"
    clock.advance(16)
    response = client.get("/api/v1/health")
    assert (response.status_code, response.json()["status"]) == (503, "stalled")


def test_alarms_of_a_shelved_sensor_are_recorded_and_wake_nobody(client, speak):
    speak(40)
    shelf = {"kind": "sensor", "name": "A1", "reason": "new gain", "seconds": 600}
    assert client.request("POST", "/api/v1/shelves", json=shelf, headers=PERSON).status_code == 200
    speak(10, clipped_share=1.0)
    (alarm,) = [each for each in client.items("alarms") if each["name"] == "A1"]
    assert (alarm["kind"], alarm["shelved"]) == ("saturation", True)


def test_levels_are_learned_anew_when_somebody_says_so(client, speak):
    speak(40)
    speak(20, noise_floor_dbfs=-49.0)
    assert mine(client) == [("jamming", "raised")]
    path = "/api/v1/sensors/A1/relearn"
    assert client.request("POST", path, json={"note": "new amplifier"}, headers=PERSON).status_code == 200
    speak(60, noise_floor_dbfs=-49.0)
    assert mine(client) == []
    assert client.request("POST", path.replace("A1", "Z"), json={}, headers=PERSON).status_code == 404
    assert client.request("POST", path, json={}).status_code == 401


def test_a_wing_is_quiet_only_once_its_sensors_know_their_floor(client, speak, settings):
    speak(10, "A1", "A2")
    assert wing(client)["bands"][0]["why"] == "the noise floor at A1 and A2 is still being learned"
    speak(30, "A1", "A2")
    assert (wing(client)["state"], wing(client)["unwatched"]) == ("quiet", ["A1", "A2"])


class TestWithMoreOfASite:
    """The site names bands, a reference carrier, a jammer of its own and a test phone."""

    MORE = (
        REFERENCE
        + '[[jammer]]\nname = "yard"\nwings = ["A"]\nhours = ["sun 13:02-14:00"]\n'
        + '[[test_phone]]\nname = "gate"\nwing = "A"\ntechnology = "gsm"\nhours = ["sun 13:00-13:02"]\n'
    )

    @pytest.fixture
    def settings(self, settings):
        text = settings.site.read_text()
        settings.site.write_text(
            text.replace('title = "Wing A"', 'title = "Wing A"\nbands = ["P-GSM 900", "LTE 20"]\nheard_share = 0.05')
            + self.MORE
        )
        return settings

    def test_a_sensor_that_does_not_measure_its_reference_carrier_is_an_alarm(self, client, speak):
        speak(295, every=5)
        assert mine(client) == []
        speak(10, every=5)
        assert mine(client) == [("no-reference", "raised")]

    def test_a_band_that_nobody_listens_to_is_blind_and_an_alarm(self, client, speak):
        speak(320, every=5, reference_hz=98.2e6, reference_dbfs=-30.0)
        bands = {each["name"]: (each["state"], each["why"]) for each in wing(client)["bands"]}
        assert bands["LTE 20"] == ("blind", "no sensor is tuned to it")
        told = [each for each in client.items("alarms") if each["kind"] == "band-unheard"]
        assert [(each["name"], each["bands"]) for each in told] == [("A", ["LTE 20"])]
        assert told[0]["why"] == "Wing A is not listened to as planned (LTE 20)."

    def test_a_declared_jammer_is_learned_apart_and_what_is_above_it_is_told(self, client, speak):
        # 13:00 by the site's clock; the jammer comes on at 13:02.
        speak(120, every=4)
        speak(120, every=4, noise_floor_dbfs=-45.0)
        assert mine(client) == []
        speak(20, noise_floor_dbfs=-33.0)
        assert mine(client) == [("jamming", "raised")]

    def test_a_test_phone_that_is_not_heard_is_an_alarm_until_it_is(self, client, speak, send, detection, clock):
        def gate():
            return [(kind, state) for name, kind, state in alarms(client, open=False) if name == "gate"]

        speak(138)
        assert gate() == []
        speak(4)
        assert gate() == [("missed-test", "raised")]
        clock.advance(7 * 86400 - 142)
        speak(20)
        send("A2", detection(7 * 86400 + 30, start_utc=clock.now, end_utc=clock.now + timedelta(seconds=2)))
        speak(200)
        assert gate() == [("missed-test", "cleared")]

    def test_names_that_the_country_does_not_have_are_refused(self, settings):
        settings.site.write_text(settings.site.read_text().replace("LTE 20", "LTE 99"))
        with pytest.raises(ValueError, match=r"wing 'A': band 'LTE 99' is not in the plan; known are DCS 1800"):
            create_app(settings)


class TestCoverage:
    def test_hours_are_kept_and_those_without_a_hub_are_told(self, app, client, speak, clock):
        listened = (Listened(centre_hz=897e6, bandwidth_hz=2.4e6, seconds=1.0),) * 5
        speak(3600, every=10, listened=listened, sweeps=False)
        assert coverage_keeper.keep(app.state.hub)
        assert not coverage_keeper.keep(app.state.hub)
        clock.advance(2 * 3600)
        speak(20, every=10, listened=listened, sweeps=False)
        coverage_keeper.keep(app.state.hub)
        items = client.items("coverage", wing="A", band="P-GSM 900")
        assert [(each["hour_utc"][11:13], each["recorded"], each["whole"]) for each in items] == [
            ("12", True, True),
            ("13", True, True),
            ("14", False, True),
            ("15", True, False),
        ]
        share = 2.4 / 25.1
        assert items[0]["listened_share"] == pytest.approx(share / 2, rel=0.01)
        assert items[0]["chances"]["access burst"] == pytest.approx(share / 2, rel=0.02)
        assert items[0]["chances"]["call"] == pytest.approx(share, rel=0.02)
        assert (items[0]["healthy"], items[0]["sensors"]) == (1.0, 2)

    @pytest.mark.parametrize(
        ("params", "words"),
        [
            ({"wing": "Z"}, "wing: 'Z' is not in the site"),
            ({"band": "LTE 99"}, "band: 'LTE 99' is not in the site"),
            ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "until: "),
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, client, params, words):
        response = client.get("/api/v1/coverage", **params)
        assert response.status_code in (400, 422)
        assert words in response.json()["detail"]
