from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text

from api.alerts import Summary, alert_of
from api.hub import ingest, sweep
from api.models import Base
from api.repository import Repository
from detector.fusion import Report, episodes, gathered
from detector.pairs import learned_offsets
from detector.timing import FRAME_US
from detector.types import Activity, Label, Technology
from detector.wire import dump_batch

EVER_US = 2**62
SENSORS = ("A1", "A2", "B1", "B2", "C1", "P1")


def emptied(hub):
    with hub.database.writing() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))


def reports_of(repository):
    """All reports of each alert."""
    found = {}
    for technology in Technology:
        reports, owners = repository.reports_between(technology, 0, EVER_US, limit=10_000)
        for report in reports:
            found.setdefault(owners[report.key], []).append(report)
    return found


def standing(hub):
    """What the alerts say, whatever their numbers; and what their reports alone would make of it."""
    with hub.database.reading() as connection:
        repository = Repository(connection)
        alerts = repository.alerts(limit=500)
        reports = reports_of(repository)
    for alert in alerts:
        summary = Summary(gathered(reports[alert.id]), len(reports[alert.id]))
        anew = alert_of(summary, number=alert.id, known=alert, now_us=alert.updated_us, gap_us=1)
        assert replace(anew, active=alert.active) == alert
    told = {
        (alert.wing, alert.opened_us, alert.updated_us, alert.sensors, alert.detections, alert.why, alert.active)
        for alert in alerts
    }
    return told, {frozenset(report.key for report in owned) for owned in reports.values()}, alerts, reports


def slot_parts(slot, clock_s, start_s, end_s):
    """What a search tells of a phone that spoke in one slot from one second of its boot to another."""
    places_s = (
        round(at_s * 1e6 / FRAME_US) * FRAME_US / 1e6 + slot * FRAME_US / 8e6 + clock_s for at_s in (start_s, end_s)
    )
    return dict(zip(("slot_1_first_s", "slot_1_last_s"), places_s, strict=True))


@st.composite
def air(draw, make):
    """Detections as (sensor, detection): a few phones, each heard by some sensors, in one or two parts.

    Some tell the slot in which they spoke, by clocks of which each has an offset of its own.
    """
    heard = []
    clocks_s = {sensor: draw(st.floats(-0.025, 0.025)) for sensor in SENSORS}
    for phone in range(draw(st.integers(1, 4))):
        start_s, arfcn = draw(st.floats(0, 100)), draw(st.integers(36, 37))
        channel = {
            "channel": f"ARFCN {arfcn}",
            "freq_lower_hz": 890e6 + 0.2e6 * arfcn - 0.1e6,
            "freq_upper_hz": 890e6 + 0.2e6 * arfcn + 0.1e6,
        }
        slot = draw(st.none() | st.integers(0, 7))
        for sensor in draw(st.lists(st.sampled_from(SENSORS), min_size=1, max_size=4, unique=True)):
            at_s, power = start_s + draw(st.floats(0, 0.05)), draw(st.sampled_from([-60.0, -50.0, -40.0, -30.0]))
            for part in range(1, draw(st.integers(1, 2)) + 1):
                told = {"emission": phone, "part": part, "power_dbfs": power + part}
                parts = {} if slot is None else slot_parts(slot, clocks_s[sensor], start_s, start_s + 10.0 * part)
                heard += [(sensor, make(at_s, at_s + 10.0 * part, **told, **channel, parts=parts))]
    return heard


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_alerts(data, app, batch, detection, clock):
    hub = app.state.hub
    batches = [batch(sensor, one) for sensor, one in data.draw(air(detection))]
    orders = [batches, data.draw(st.permutations(batches + batches[:2]))]
    outcomes = []
    for order in orders:
        emptied(hub)
        for each in order:
            ingest(hub, each.sensor, dump_batch(each))
        outcomes.append(standing(hub))
    assert outcomes[0][:2] == outcomes[1][:2]
    every = [report for owned in outcomes[0][3].values() for report in owned]
    offsets = learned_offsets(every)
    expected = episodes(every, tolerance_us=hub.rules.tolerance_us, gap_us=hub.rules.gap_us, offsets=offsets)
    assert outcomes[0][1] == {frozenset(report.key for report in episode.reports) for episode in expected}
    assert {alert.wing for alert in outcomes[0][2]} == {episode.wing for episode in expected}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_batches_of_any_size_give_the_same_alerts(data, app, batch, detection):
    hub = app.state.hub
    heard = data.draw(air(detection))
    outcomes = []
    for size in (1, data.draw(st.integers(2, 8))):
        emptied(hub)
        for sensor in SENSORS:
            told = [one for by, one in heard if by == sensor]
            for begin in range(0, len(told), size):
                ingest(hub, sensor, dump_batch(batch(sensor, *told[begin : begin + size])))
        outcomes.append(standing(hub))
    assert outcomes[0][:2] == outcomes[1][:2]


@st.composite
def evidence(draw):
    """Reports of a few alerts, with as many draws in power as can be, and the alert of each."""
    keys = st.tuples(st.sampled_from(SENSORS), st.sampled_from(["a", "b", "é"]), st.integers(0, 40))
    return {
        Report(
            sensor=sensor,
            boot=boot,
            emission=emission,
            wing=None if sensor == "P1" else sensor[0],
            technology=Technology.GSM,
            kinds=draw(st.sampled_from([(), (Label.GSM_NB,), (Label.GSM_AB, Label.GSM_NB), (Label.UNKNOWN,)])),
            activity=draw(st.sampled_from(Activity)),
            channel=draw(st.sampled_from([None, "ARFCN 36"])),
            freq_lower_hz=897.1e6,
            freq_upper_hz=897.3e6,
            start_us=draw(st.integers(0, 50)),
            end_us=draw(st.integers(50, 100)),
            bursts=draw(st.integers(1, 100)),
            snr_db=draw(st.floats(-20, 60)),
            power_dbfs=draw(st.sampled_from([-40.0, -30.0]) | st.floats(-90, 0)),
            score=draw(st.floats(0, 1)),
            part=draw(st.integers(1, 3)),
            detections=draw(st.integers(1, 5)),
        ): draw(st.integers(1, 3))
        for sensor, boot, emission in draw(st.lists(keys, unique=True, min_size=1, max_size=30))
    }


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(owners=evidence())
def test_what_the_database_adds_up_makes_the_same_alert_as_all_reports(owners, app):
    hub = app.state.hub
    emptied(hub)
    told = {"known": None, "now_us": 100, "gap_us": 30}
    with hub.database.writing() as connection:
        repository = Repository(connection)
        repository.save_reports(owners, [])
        every = Summary(gathered(owners), len(owners))
        numbers = {n: repository.add_alert(alert_of(every, number=0, **told)).id for n in {*owners.values()}}
        repository.assign({report.key: numbers[n] for report, n in owners.items()})
        summaries = repository.summaries_of(numbers.values())
    for n, number in numbers.items():
        own = [report for report, owner in owners.items() if owner == n]
        expected = alert_of(Summary(gathered(own), len(own)), number=number, **told)
        assert alert_of(summaries[number], number=number, **told) == expected


def test_a_phone_that_six_sensors_hear_is_one_alert_in_the_wing_where_it_is_loudest(client, send, detection):
    for sensor, power in {"A1": -62, "P1": -70, "C1": -58, "B2": -41, "A2": -55, "B1": -31}.items():
        send(sensor, detection(power_dbfs=float(power)))
    (alert,) = client.items("alerts")
    assert alert["wing"] == "B"
    assert alert["sensors"] == ["B1", "B2", "A2", "C1", "A1", "P1"]
    assert alert["why"] == "GSM call on ARFCN 36, 81 bursts at 18 dB, loudest at B1 (10 dB over B2)"


def test_an_alert_opens_at_once_and_moves_when_a_louder_report_comes(client, send, detection):
    send("A2", detection(power_dbfs=-55.0))
    (before,) = client.items("alerts")
    send("B1", detection(power_dbfs=-31.0))
    (after,) = client.items("alerts")
    assert (before["wing"], after["wing"]) == ("A", "B")
    assert before["id"] == after["id"]


def test_a_wing_does_not_change_to_and_fro(client, send, detection):
    for part in range(1, 5):
        send("B1", detection(0.0, 10.0 * part, part=part, power_dbfs=-40.0 - part % 2))
        send("A1", detection(0.0, 10.0 * part, part=part, power_dbfs=-40.5 - part % 2))
        assert client.items("alerts")[0]["wing"] == "B"


def test_an_acknowledged_alert_grows_but_does_not_move(client, send, detection, app):
    send("A2", detection(power_dbfs=-55.0))
    with app.state.hub.database.writing() as connection:
        connection.execute(text("UPDATE alerts SET state = 'acknowledged'"))
    send("B1", detection(power_dbfs=-31.0))
    send("A2", detection(10.0, emission=2, power_dbfs=-55.0))
    (alert,) = client.items("alerts")
    assert (alert["wing"], alert["state"], alert["detections"]) == ("A", "acknowledged", 3)


def test_a_closed_alert_takes_nothing_more(client, send, detection, app):
    send("A2", detection())
    with app.state.hub.database.writing() as connection:
        connection.execute(text("UPDATE alerts SET state = 'closed', active = 0"))
    send("A2", detection(10.0, emission=2))
    fresh, old = client.items("alerts")
    assert (old["state"], old["detections"], old["active"]) == ("closed", 1, False)
    assert (fresh["state"], fresh["detections"], fresh["active"]) == ("open", 1, True)


@pytest.mark.parametrize(("pause_s", "count"), [(29.0, 1), (31.0, 2)])
def test_a_pause_of_an_episode_parts_alerts(client, send, detection, pause_s, count):
    send("A1", detection())
    send("A1", detection(2.0 + pause_s, emission=2))
    assert len(client.items("alerts")) == count


def test_a_late_report_merges_what_it_bridges(client, send, detection):
    send("A1", detection(0.0, 2.0))
    send("A1", detection(50.0, 52.0, emission=2))
    later, first = client.items("alerts")
    send("A1", detection(25.0, 27.0, emission=3))
    (alert,) = client.items("alerts")
    assert (alert["id"], alert["detections"]) == (first["id"], 3)
    gone = client.get(f"/api/v1/alerts/{later['id']}").json()
    assert (gone["state"], gone["merged_into"], gone["active"]) == ("closed", first["id"], False)


def test_an_alert_takes_no_emission_once_it_is_full(client, send, detection, clock):
    clock.advance(7310)
    one_phone = {"kinds": (Label.GSM_NB,)}
    send("A1", detection(0.0, 7300.0, last=False, **one_phone))
    send("A1", detection(7190.0, emission=2, **one_phone))
    send("A1", detection(7210.0, emission=3, **one_phone))
    send("A1", detection(0.0, 7310.0, part=2, **one_phone))
    second, first = client.items("alerts")
    assert (first["detections"], second["detections"]) == (3, 1)


def test_an_alert_ends_when_its_phone_falls_silent_but_stays_open(client, send, detection, app, clock):
    send("A1", detection(0.0, 2.0))
    for seconds, active in ((31.0, True), (1.5, False)):
        clock.advance(seconds)
        sweep(app.state.hub)
        (alert,) = client.items("alerts")
        assert (alert["active"], alert["state"]) == (active, "open")
    assert alert["ended_utc"] == alert["updated_utc"] == "2026-03-01T12:00:02.000000Z"


def test_what_a_queue_held_back_opens_an_alert_that_is_over(client, send, detection, clock):
    clock.advance(3600)
    send("A1", detection(0.0, 2.0))
    (alert,) = client.items("alerts")
    assert not alert["active"]


def test_a_long_chain_of_evidence_stays_one_alert(client, send, detection):
    """Longer than the surroundings of new evidence that are looked at."""
    for n in range(40):
        send("A1", detection(20.0 * n, emission=n))
    (alert,) = client.items("alerts")
    assert alert["detections"] == 40
