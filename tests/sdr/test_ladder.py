from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.ladder import GROUND, ROUND, RUNGS, SETTLED_S, Step, climb, streaming

ALL = [Step.REOPEN, Step.KILL, Step.RESET, Step.POWER, Step.ALARM]


def climbed(count, ladder=GROUND, now_s=0.0):
    rungs = []
    for _ in range(count):
        ladder, rung = climb(ladder, now_s=now_s)
        rungs.append(rung)
    return ladder, rungs


def test_each_failure_takes_the_next_rung_and_the_last_one_raises_the_alarm():
    ladder, rungs = climbed(4)
    assert not ladder.alarmed
    ladder, last = climb(ladder, now_s=0.0)
    assert [rung.step for rung in (*rungs, last)] == ALL
    assert ladder.alarmed


def test_behind_the_alarm_the_receiver_is_tried_for_ever_and_the_whole_ladder_now_and_then():
    ladder, rungs = climbed(2 * ROUND)
    steps = [rung.step for rung in rungs]
    assert steps == (ALL[:-1] + [Step.ALARM] * (ROUND - 4)) * 2
    assert ladder.alarmed


def test_samples_end_the_alarm_at_once_but_a_failure_soon_after_goes_on_upwards():
    ladder, _ = climbed(5)
    ladder = streaming(ladder, now_s=100.0)
    assert not ladder.alarmed
    _, rung = climb(streaming(ladder, now_s=101.0), now_s=100.0 + SETTLED_S / 2)
    assert rung.step is Step.ALARM
    for now_s in (100.0 + SETTLED_S, 100.1 + SETTLED_S):
        ladder = streaming(ladder, now_s=now_s)
    _, rung = climb(ladder, now_s=200.0)
    assert rung.step is Step.REOPEN


@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_is_bounded_in_time(rung):
    assert 0 < rung.bound_s <= 8
    assert 0 < rung.open_s <= 10
    assert 0 <= rung.pause_s <= 2


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 30)), max_size=60))
def test_the_alarm_stands_from_the_top_rung_until_samples_come(happenings):
    ladder, now_s, due = GROUND, 0.0, False
    for fails, later_s in happenings:
        now_s += later_s
        if fails:
            ladder, rung = climb(ladder, now_s=now_s)
            due = due or rung.step is Step.ALARM
        else:
            ladder, due = streaming(ladder, now_s=now_s), False
        assert ladder.alarmed == due


def test_the_ladder_grows_harder():
    assert all(ALL.index(one.step) < ALL.index(other.step) for one, other in pairwise(RUNGS))
