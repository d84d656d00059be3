from dataclasses import replace

import pytest

from api.alerts import MAX_EMISSIONS, AlertState, Summary, Withheld, alert_of, ended, merged, settle, taken_over, why
from detector.fusion import Episode, Report
from detector.types import Activity, Label, Technology

SECOND = 1_000_000
GAP_US = 30 * SECOND
EVER = (-(2**62), 2**62)


def report(sensor="B1", emission=1, start_s=0, **fields):
    told = {
        "boot": "b",
        "wing": None if sensor[0] == "P" else sensor[0],
        "technology": Technology.GSM,
        "kinds": (Label.GSM_NB,),
        "activity": Activity.CALL,
        "channel": "ARFCN 36",
        "freq_lower_hz": 897.1e6,
        "freq_upper_hz": 897.3e6,
        "start_us": start_s * SECOND,
        "end_us": (start_s + 2) * SECOND,
        "bursts": 81,
        "snr_db": 18.2,
        "power_dbfs": -31.0,
        "score": 0.9,
        "part": 1,
    }
    return Report(sensor=sensor, emission=emission, **told | fields)


def episode(*reports):
    return Episode(reports=tuple(sorted(reports, key=lambda r: r.key)))


def alert(number=1, *reports, known=None, now_s=2, **changes):
    heard = reports or (report(),)
    summary = Summary(episode(*heard), len(heard))
    made = alert_of(summary, number=number, known=known, now_us=now_s * SECOND, gap_us=GAP_US)
    return replace(made, **changes)


def settled(found, owners, alerts, *, window_us=EVER, limit_us=7200 * SECOND):
    done = settle(found, owners=owners, alerts={a.id: a for a in alerts}, window_us=window_us, limit_us=limit_us)
    return {number: {key[2] for key in keys} for number, keys in done.groups}, dict(done.merged)


@pytest.mark.parametrize(
    ("reports", "sentence"),
    [
        ([report()], "GSM call on ARFCN 36, 81 bursts at 18 dB, heard by B1 alone"),
        (
            [report(), report("A2", power_dbfs=-55.0)],
            "GSM call on ARFCN 36, 81 bursts at 18 dB, loudest at B1 (24 dB over A2)",
        ),
        (
            [report("P1", bursts=1, activity=Activity.ACCESS)],
            "GSM access attempts on ARFCN 36, 1 burst at 18 dB, heard by perimeter sensor P1 alone",
        ),
        (
            [report(technology=Technology.LTE, channel=None, activity=Activity.DATA)],
            "LTE data on 897.200 MHz, 81 bursts at 18 dB, heard by B1 alone",
        ),
    ],
)
def test_the_evidence_is_told_in_one_sentence(reports, sentence):
    assert why(episode(*reports)) == sentence


@pytest.mark.parametrize(
    ("now_s", "active"), [(2, True), (32, True), (33, False), (-29, True), (-3598, True), (-3599, False)]
)
def test_an_alert_is_active_within_the_pause_of_its_last_sign(now_s, active):
    assert alert(now_s=now_s).active is active
    assert ended(alert(now_s=2), now_us=now_s * SECOND, gap_us=GAP_US).active is active


def test_what_people_did_stays_when_evidence_comes():
    louder = report("C1", power_dbfs=-10.0)
    opened = alert(known=alert(), now_s=2)
    held = alert(1, report(), louder, known=alert(state=AlertState.ACKNOWLEDGED))
    moved = alert(1, report(), louder, known=alert())
    assert (opened.state, opened.wing) == (AlertState.OPEN, "B")
    assert (held.state, held.wing, held.sensors) == (AlertState.ACKNOWLEDGED, "B", ("C1", "B1"))
    assert (moved.state, moved.wing) == (AlertState.OPEN, "C")


def test_a_merged_alert_is_closed_and_tells_where_its_evidence_went():
    gone = merged(alert(2), into=1)
    assert (gone.state, gone.active, gone.merged_into) == (AlertState.CLOSED, False, 1)


def test_new_evidence_opens_an_alert():
    assert settled([episode(report())], {}, []) == ({None: {1}}, {})


def test_evidence_of_one_episode_goes_to_its_first_alert():
    a, b, new = report(), report(emission=2, start_s=20), report(emission=3, start_s=10)
    owners = {a.key: 1, b.key: 2}
    assert settled([episode(a, b, new)], owners, [alert(1, a), alert(2, b)]) == ({1: {1, 2, 3}}, {2: 1})


def test_an_alert_whose_evidence_parts_goes_with_the_first_episode():
    a, b = report(), report(emission=2, start_s=20)
    assert settled([episode(a), episode(b)], {a.key: 1, b.key: 1}, [alert(1, a, b)]) == ({1: {1}, None: {2}}, {})


def test_an_acknowledged_alert_takes_over_from_an_older_open_one():
    a, b = report(), report(emission=2, start_s=20)
    alerts = [alert(1, a), alert(2, b, state=AlertState.ACKNOWLEDGED)]
    assert settled([episode(a, b)], {a.key: 1, b.key: 2}, alerts) == ({2: {1}}, {1: 2})


def test_acknowledged_alerts_do_not_merge():
    a, b, new = report(), report(emission=2, start_s=20), report(emission=3, start_s=30)
    alerts = [alert(n, r, state=AlertState.ACKNOWLEDGED) for n, r in ((1, a), (2, b))]
    assert settled([episode(a, b, new)], {a.key: 1, b.key: 2}, alerts) == ({1: {3}}, {})


def test_a_closed_alert_keeps_its_evidence_and_takes_no_more():
    a, new = report(), report(emission=2, start_s=20)
    assert settled([episode(a, new)], {a.key: 1}, [alert(1, a, state=AlertState.CLOSED)]) == ({None: {2}}, {})


def test_evidence_outside_the_window_stays_where_it_is():
    a, b = report(), report(emission=2, start_s=20)
    owners, alerts = {a.key: 1, b.key: 2}, [alert(1, a), alert(2, b)]
    assert settled([episode(a, b)], owners, alerts, window_us=(10 * SECOND, 30 * SECOND)) == ({2: {2}}, {})


def test_a_full_alert_takes_no_more_and_its_successor_does():
    a, b, new = report(), report(emission=2, start_s=110), report(emission=3, start_s=120)
    limit = {"limit_us": 100 * SECOND}
    assert settled([episode(a, new)], {a.key: 1}, [alert(1, a)], **limit) == ({1: {1}, None: {3}}, {})
    owners, alerts = {a.key: 1, b.key: 2}, [alert(1, a), alert(2, b)]
    assert settled([episode(a, b, new)], owners, alerts, **limit) == ({1: {1}, 2: {2, 3}}, {})


def test_an_alert_with_too_much_evidence_takes_no_more():
    a, b, new = report(), report(emission=2, start_s=10), report(emission=3, start_s=20)
    owners, alerts = {a.key: 1, b.key: 2}, [alert(1, a, emissions=MAX_EMISSIONS), alert(2, b)]
    assert settled([episode(a, b, new)], owners, alerts) == ({1: {1}, 2: {2, 3}}, {})


def test_who_was_told_of_a_merged_alert_was_told_of_the_one_that_took_it():
    gone = alert(2, announced_us=5, announcements=2, waiting_us=3)
    heir = taken_over(alert(1, withheld=Withheld.STANDING), gone)
    assert (heir.announced_us, heir.announcements, heir.waiting_us, heir.withheld) == (5, 2, 3, None)
    told = alert(1, announced_us=1, announcements=1)
    assert taken_over(told, gone) == told
    assert taken_over(alert(1), alert(2)) == alert(1)
