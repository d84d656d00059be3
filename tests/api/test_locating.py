from math import dist, log10

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.hub import learn, sweep
from detector.wire import dump_batch

SENSORS = {
    "A1": (0, 4, 2.6),
    "A2": (0, 16, 2.6),
    "B1": (35, 4, 2.6),
    "B2": (35, 16, 2.6),
    "C1": (70, 4, 2.6),
    "C2": (70, 16, 2.6),
}
LIMIT_DBFS = -72.0
"""A floor of -61.5 dBFS over 2.4 MHz, in the 200 kHz of a burst."""


def levels_of(place_m, power_db=0.0):
    """Levels by the power law that the priors expect, with a wall of 14 dB between wings."""
    return {
        name: power_db - 27 * log10(max(1, dist(place_m, at))) - 14 * (abs(place_m[0] - at[0]) > 10)
        for name, at in SENSORS.items()
    }


@pytest.fixture
def app(with_cells, clock):
    made = create_app(with_cells, clock=clock)
    yield made
    made.state.hub.database.close()


@pytest.fixture
def phone(send, detection, heartbeat, clock, app):
    """Has a phone speak somewhere; the sensors that do not hear it listen in vain."""

    def speaking(place_m, *, start_s=0.0, emission=1, power_db=0.0):
        levels = levels_of(place_m, power_db)
        for name, level in levels.items():
            if level >= LIMIT_DBFS:
                send(name, detection(start_s, emission=emission, power_dbfs=level))
        clock.advance(5)
        for name in SENSORS:
            send(name, heartbeat=heartbeat(int(start_s * 1e6) + emission))
        sweep(app.state.hub)

    return speaking


def test_an_alert_tells_cells_wing_and_what_it_is_made_of(client, phone):
    phone((38.5, 3.75, 1.0), power_db=-22.0)
    (alert,) = client.items("alerts")
    location = alert["location"]
    assert alert["wing"] == "B"
    assert "B-1-04" in [cell["name"] for cell in location["cells"][:6]]
    assert location["cells"][0]["landing"] == "B-1"
    assert set(location["heard"]) | set(location["silent"]) == set(SENSORS)
    assert location["silent"]
    total = sum(location["wings"].values()) + location["outside"] + location["permitted"]
    assert total == pytest.approx(1, abs=1e-3)


def test_an_alert_with_too_few_sensors_says_so_until_others_have_listened(client, send, detection, phone):
    send("B1", detection(power_dbfs=-40.0))
    (alert,) = client.items("alerts")
    assert (alert["wing"], alert["location"]["cells"]) == ("B", [])
    assert alert["location"]["why"].startswith("Only 1 level and 0 silences")
    phone((38.5, 3.75, 1.0))
    assert client.items("alerts")[0]["location"]["cells"]


def test_a_phone_that_all_wings_hear_alike_is_outside_and_has_no_wing(client, send, detection):
    for name, place_m in SENSORS.items():
        send(name, detection(power_dbfs=-20.0 - 27 * log10(dist(place_m, (35.0, -60.0, 1.5)))))
    (alert,) = client.items("alerts")
    assert alert["location"]["outside"] > 0.5
    assert alert["wing"] is None


def test_an_acknowledged_alert_is_placed_but_stays_in_its_wing(client, send, detection, phone):
    send("A1", detection(power_dbfs=-80.0))
    number = client.items("alerts")[0]["id"]
    client.act(number, "acknowledge", version=0)
    phone((38.5, 3.75, 1.0))
    alert = client.get(f"/api/v1/alerts/{number}").json()
    assert alert["wing"] == "A"
    assert next(iter(alert["location"]["wings"])) == "B"


def test_what_was_learned_outlives_the_hub_and_nothing_is_learned_twice(client, phone, app, clock, with_cells):
    cells = [(x + side, 2.5 * k + 1.25, 1.0) for x in (0, 35, 70) for k in range(8) for side in (-3.5, 3.5)]
    for n, cell in enumerate(cells[::2][:21]):
        phone(cell, start_s=(clock.now - clock.now.replace(hour=12, minute=0, second=0)).total_seconds(), emission=n)
        clock.advance(60)
    sweep(app.state.hub)
    priors = app.state.hub.current.premises.state
    assert learn(app.state.hub)
    assert not learn(app.state.hub)
    after = app.state.hub.current.premises.state
    assert after.memory.powers.sum() == pytest.approx(21)
    assert (after.terms != priors.terms).any()
    again = create_app(with_cells, clock=clock)
    restored = again.state.hub.current.premises.state
    again.state.hub.database.close()
    assert (restored.terms == after.terms).all()


def test_too_few_alerts_are_not_learned_from(phone, app, clock):
    phone((38.5, 3.75, 1.0))
    clock.advance(60)
    sweep(app.state.hub)
    assert not learn(app.state.hub)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_arrival_and_a_crash_give_the_same_places(
    data, with_cells, clock, batch, detection, heartbeat, make_client, tmp_path_factory, migrated
):
    places = [(38.5, 3.75, 1.0), (-3.5, 11.25, 1.0), (66.5, 16.25, 1.0)]
    heard = [
        batch(name, detection(0.0, emission=n, power_dbfs=round(level, 1), **arfcn(n)))
        for n, place in enumerate(places)
        for name, level in levels_of(place, -20.0).items()
        if level >= LIMIT_DBFS
    ]
    outcomes = []
    for order in (heard, data.draw(st.permutations(heard))):
        crash = data.draw(st.integers(0, len(order)))
        folder = tmp_path_factory.mktemp("hub")
        (folder / "hub.sqlite").write_bytes(migrated.read_bytes())
        own = with_cells.model_copy(update={"data_dir": folder})
        app = create_app(own, clock=clock)
        for index, each in enumerate(order):
            if index == crash:
                app.state.hub.database.close()
                app = create_app(own, clock=clock)
            assert make_client(app).post(each.sensor, dump_batch(each)).status_code == 200
        moment = clock.now
        clock.advance(5)
        for name in SENSORS:
            make_client(app).post(name, dump_batch(batch(name, heartbeat=heartbeat(1))))
        sweep(app.state.hub)
        clock.now = moment
        alerts = make_client(app).items("alerts")
        outcomes.append(sorted((a["channel"], a["wing"], str(a["location"])) for a in alerts))
        app.state.hub.database.close()
    assert outcomes[0] == outcomes[1]
    assert [wing for _, wing, _ in outcomes[0]] == ["B", "A", "C"]


def arfcn(n):
    lower_hz = 897.1e6 + 0.4e6 * n
    return {"channel": f"ARFCN {36 + 2 * n}", "freq_lower_hz": lower_hz, "freq_upper_hz": lower_hz + 0.2e6}
