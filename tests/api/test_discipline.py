from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from api.actors import Actor, ActorKind
from api.alerts import Alert, AlertState, Outcome, Priority, Withheld
from api.discipline import Discipline, Ledger, judged
from api.places import Evidence, Location
from api.priority import PriorityRules, ordinal, prioritised, sureness
from api.reasons import reasons
from api.standing import Comparison, Standing, Window, acknowledged, busyness_of, compared, refreshed, sentence
from detector.types import Activity, Technology

SECOND = 1_000_000
RULES = Discipline(on_delay_us=0, realarm_us=1800 * SECOND, window_us=600 * SECOND, most=6)
PRIORITIES = PriorityRules(sure=0.5, repeats=3)


def alert(number=1, wing="B", *, at_s=0, **fields):
    told = {
        "state": AlertState.OPEN,
        "active": True,
        "technology": Technology.GSM,
        "kinds": (),
        "activity": Activity.CALL,
        "channel": "ARFCN 36",
        "freq_lower_hz": 897.1e6,
        "freq_upper_hz": 897.3e6,
        "snr_db": 18.0,
        "score": 0.99,
        "sensors": ("B1",),
        "emissions": 1,
        "detections": 2,
        "why": "GSM call on ARFCN 36",
        "priority": Priority.MEDIUM,
        "opened_us": at_s * SECOND,
        "updated_us": at_s * SECOND,
    }
    return Alert(id=number, wing=wing, **told | fields)


def decided(alerts, ledger=None, *, now_s=0, rules=RULES):
    changed, refused = judged(alerts, ledger or Ledger(), rules=rules, now_us=now_s * SECOND)
    return {a.id: a.withheld for a in changed}, refused


def test_an_alert_is_announced_at_once_and_waits_from_then_on():
    (told,), _ = judged([alert()], Ledger(), rules=RULES, now_us=7)
    assert (told.announced_us, told.announcements, told.waiting_us, told.withheld) == (7, 1, 7, None)


def test_what_people_hold_is_not_judged():
    for state in set(AlertState) - {AlertState.OPEN}:
        assert decided([alert(state=state)]) == ({}, {})


def test_a_busy_wing_has_room_for_so_many_and_no_more():
    outcome, refused = decided([alert(n) for n in range(10)])
    assert [number for number, reason in outcome.items() if reason is None] == list(range(6))
    assert [number for number, reason in outcome.items() if reason is Withheld.STANDING] == list(range(6, 10))
    assert refused == {"B": 4}


def test_there_is_room_again_once_the_window_has_passed():
    ledger = Ledger(announced={"B": [(0, Priority.MEDIUM)] * 6})
    assert decided([alert(at_s=599)], ledger, now_s=599)[0] == {1: Withheld.STANDING}
    assert decided([alert(at_s=600)], Ledger(announced={"B": [(0, Priority.MEDIUM)] * 6}), now_s=600)[0] == {1: None}


priorities = st.sampled_from(Priority)
wings = st.sampled_from(["A", "B", None])
streams = st.lists(st.tuples(st.integers(0, 300), wings, priorities), max_size=60)


@given(stream=streams)
def test_no_cap_delays_the_first_alert_of_a_wing_nor_what_is_more_urgent_than_all_before(stream):
    ledger, now_s = Ledger(), 0
    for number, (pause_s, wing, priority) in enumerate(stream):
        now_s += pause_s
        before = [p for at, p in ledger.announced.get(wing, []) if now_s * SECOND - at < RULES.window_us]
        outcome, _ = decided([alert(number, wing, at_s=now_s, priority=priority)], ledger, now_s=now_s)
        if all(p.rank < priority.rank for p in before):
            assert outcome == {number: None}


@given(stream=streams)
def test_no_wing_announces_more_of_a_priority_or_above_in_any_window_than_there_is_room_for(stream):
    ledger, now_s = Ledger(), 0
    for number, (pause_s, wing, priority) in enumerate(stream):
        now_s += pause_s
        decided([alert(number, wing, at_s=now_s, priority=priority)], ledger, now_s=now_s)
    for told in ledger.announced.values():
        for at_us, priority in told:
            window = [p for at, p in told if 0 <= at_us - at < RULES.window_us]
            assert sum(p is priority for p in window) <= RULES.most


@given(alerts=st.lists(st.tuples(wings, priorities), max_size=30), data=st.data())
def test_the_order_in_which_alerts_are_judged_does_not_matter(alerts, data):
    made = [alert(number, wing, priority=priority) for number, (wing, priority) in enumerate(alerts)]
    assert decided(made) == decided(data.draw(st.permutations(made)))


def test_what_a_standing_alarm_stands_for_is_left_to_it_until_it_becomes_more_urgent():
    ledger = Ledger(announced={"B": [(0, Priority.MEDIUM)] * 6}, standing={"B"})
    held = alert(withheld=Withheld.STANDING)
    assert decided([held], ledger) == ({}, {})
    assert decided([replace(held, priority=Priority.HIGH)], ledger)[0] == {1: None}


def test_an_alert_has_to_last_for_the_on_delay():
    rules = replace(RULES, on_delay_us=5 * SECOND)
    assert decided([alert()], now_s=4, rules=rules)[0] == {1: Withheld.ON_DELAY}
    assert decided([alert(withheld=Withheld.ON_DELAY)], now_s=4, rules=rules)[0] == {}
    assert decided([alert(withheld=Withheld.ON_DELAY)], now_s=5, rules=rules)[0] == {1: None}


def test_an_alert_that_nobody_takes_on_is_announced_again_while_its_phone_is_heard():
    told = alert(announced_us=0, announcements=1, waiting_us=0)
    assert decided([told], now_s=1799) == ({}, {})
    (again,), _ = judged([told], Ledger(), rules=RULES, now_us=1800 * SECOND)
    assert (again.announcements, again.waiting_us) == (2, 0)
    assert decided([replace(told, active=False)], now_s=1800) == ({}, {})


def test_what_is_shelved_is_not_announced():
    wing = Ledger(shelved_wings=frozenset({"B"}))
    sensor = Ledger(shelved_sensors=frozenset({"B1"}))
    assert decided([alert()], wing)[0] == decided([alert()], sensor)[0] == {1: Withheld.SHELVED}
    assert decided([alert(sensors=("B1", "B2"))], sensor)[0] == {1: None}
    assert decided([alert(2, "A")], wing)[0] == {2: None}


def place(outside=0.0, permitted=0.0, cell="B-1-01"):
    left = 1 - outside - permitted
    evidence = Evidence(levels_db={"B1": -40.0}, limits_db={})
    return Location(
        cells={cell: left},
        wings={"B": left},
        permitted=permitted,
        outside=outside,
        evidence=evidence,
        why="From 3 levels and 2 silences.",
    )


@pytest.mark.parametrize(
    ("fields", "earlier", "priority", "why"),
    [
        ({}, 0, "medium", "Medium: call, 99% sure that a phone is inside."),
        ({"activity": Activity.ACCESS}, 0, "low", "Low: access attempts, 99% sure that a phone is inside."),
        ({"location": place(outside=0.6)}, 5, "low", "Low: only 40% sure that a phone is inside."),
        ({"location": place(permitted=0.6)}, 5, "low", "Low: only 40% sure that a phone is inside."),
        ({"wing": None}, 0, "low", "Low: only 0% sure that a phone is inside."),
        (
            {"location": place()},
            1,
            "medium",
            "Medium: call, 99% sure that a phone is inside, second alert of late from B-1-01.",
        ),
        (
            {"location": place()},
            2,
            "high",
            "High: call, 99% sure that a phone is inside, third alert of late from B-1-01.",
        ),
        (
            {"location": place(), "activity": Activity.IDLE_CHECK},
            10,
            "medium",
            "Medium: idle connection, 99% sure that a phone is inside, 11th alert of late from B-1-01.",
        ),
    ],
)
def test_priority_comes_from_sureness_use_and_history(fields, earlier, priority, why):
    assert prioritised(alert(**fields), earlier=earlier, rules=PRIORITIES) == (priority, why)


def test_ordinals():
    assert [ordinal(n) for n in (1, 4, 11, 12, 13, 21, 22, 23, 111, 112, 101)] == [
        "first",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
        "23rd",
        "111th",
        "112th",
        "101st",
    ]


@given(score=st.floats(0, 1), outside=st.floats(0, 1), share=st.floats(0, 1))
def test_sureness_is_a_probability_and_falls_with_outside(score, outside, share):
    sure = sureness(alert(score=score, location=place(outside=outside, permitted=(1 - outside) * share)))
    assert 0 <= sure <= score
    assert sureness(alert(score=score, location=place(outside=1.0))) == 0


def test_why_it_fired_is_told_in_words_and_numbers():
    told = reasons(alert(location=place(outside=0.1), priority_why="Medium: call.", withheld=Withheld.STANDING))
    assert told == (
        "GSM call on ARFCN 36.",
        "Score 0.990 at best, from 2 detections of 1 emission.",
        "Probably in B-1-01 (90%); outside 10%. From 3 levels and 2 silences.",
        "Priority medium: call.",
        "Not announced by itself: its wing has a standing alarm.",
    )
    untold = replace(place(), cells={}, wings={}, why="Only 1 level and 0 silences: more are needed.")
    assert reasons(alert(location=untold, announcements=3))[-2:] == (
        "No cell can be told. Only 1 level and 0 silences: more are needed.",
        "Announced 3 times, since nobody took it on.",
    )


@pytest.mark.parametrize("usual", [0.2, 1.0, 3.5, 20.0])
def test_more_or_fewer_is_what_chance_does_less_than_once_in_a_hundred(usual):
    for count in range(60):
        more, fewer = poisson.sf(count - 1, usual) < 0.01, poisson.cdf(count, usual) < 0.01
        expected = Comparison.MORE if more else Comparison.FEWER if fewer else Comparison.USUAL
        assert compared(count, usual) is expected
    assert compared(5, None) is Comparison.UNKNOWN


def window(alerts, **fields):
    return Window(alerts=alerts, **{"before": 100, "before_windows": 200.0, "cells": {"B-1-01": 3.0}} | fields)


def test_a_standing_alarm_tells_rate_comparison_and_cells_and_ends_when_its_wing_is_calm():
    busy = busyness_of(window(30, cells={f"c{n:02d}": float(n) for n in range(20)}), least_windows=100)
    assert (busy.usual, busy.comparison) == (0.5, Comparison.MORE)
    assert list(busy.cells) == [f"c{n:02d}" for n in range(19, 9, -1)]
    alarm = Standing(
        id=1,
        wing="B",
        began_us=0,
        ended_us=None,
        told_us=0,
        acknowledged_us=None,
        acknowledged_by=None,
        escalated_us=None,
        busyness=busy,
    )
    assert sentence(alarm, minutes=10) == "30 alerts in 10 minutes, more than usual (0.5); likeliest c19, c18, c17."
    told = {"most": 6, "least_windows": 100, "now_us": 9}
    assert refreshed(alarm, window(4), **told).ended_us is None
    assert refreshed(alarm, window(3), **told).ended_us == 9
    assert busyness_of(window(4, before_windows=99.0), least_windows=100).usual is None
    dana = Actor(name="Dana", kind=ActorKind.PERSON, verified=False)
    taken = acknowledged(alarm, dana, now_us=5)
    assert acknowledged(taken, replace(dana, name="Eve"), now_us=6) == taken
    assert alarm.is_overdue(now_us=10, limit_us=10)
    assert not taken.is_overdue(now_us=10, limit_us=10)


def test_outcomes_have_plain_names():
    assert [*Outcome] == ["phone-found", "not-found", "staff-phone", "outside", "other"]
