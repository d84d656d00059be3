"""The judgement of gaps against made traces: recorded jitter, drifting crystals, and what must not be one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.gaps import Arrival, StreamWatch, judge
from tests.sdr.gap_trace import (
    LIMITS,
    RATE_HZ,
    TRANSFER_SAMPLES,
    gaps_of,
    judge_all,
    make_trace,
    recorded_jitter_s,
    removed_transfer_is_found,
)

TRACES = 200
HOUR = int(3600 * RATE_HZ / TRANSFER_SAMPLES)
PROMPT = np.zeros(100)


def test_a_transfer_of_256_kib_that_was_removed_is_a_gap_at_its_place_in_every_recorded_trace():
    assert [seed for seed in range(TRACES) if not removed_transfer_is_found(seed)] == []


@pytest.mark.parametrize("ppm", [-150, 150])
def test_an_hour_of_a_crystal_that_is_off_holds_no_gap(ppm, rng):
    recorded = recorded_jitter_s()
    jitter_s = recorded[(int(rng.integers(recorded.size)) + np.arange(HOUR)) % recorded.size]
    trace = make_trace(jitter_s, ppm=ppm)
    assert gaps_of(trace) == []
    assert abs((trace.times_s[-1] - trace.times_s[0]) / ((HOUR - 1) * TRANSFER_SAMPLES / RATE_HZ) - 1) > 1.4e-4


def test_recorded_jitter_alone_is_no_gap():
    assert gaps_of(make_trace(recorded_jitter_s())) == []


@given(st.integers(5, 60), st.integers(1, 4))
def test_what_was_lost_is_found_where_it_was_lost_and_as_much(at, count):
    trace = make_trace(PROMPT, lost=range(at, at + count))
    assert gaps_of(trace) == [(at + count, pytest.approx(count * TRANSFER_SAMPLES, abs=2))]


@given(st.floats(0.0, 0.4), st.integers(10, 60))
def test_a_callback_that_is_late_and_caught_up_with_is_no_gap(late_s, at):
    jitter_s = PROMPT.copy()
    jitter_s[at] = late_s
    assert gaps_of(make_trace(jitter_s)) == []


@given(st.floats(0.0, 0.0019), st.floats(0.0021, 0.3), st.integers(1, 10_000))
def test_the_limit_is_that_of_the_profile(below_s, above_s, at):
    for missing_s, gaps in ((below_s, 0), (above_s, 1)):
        watch = StreamWatch(sample_rate_hz=RATE_HZ, limits=LIMITS)
        told = []
        for n in range(100):
            time_s = at + (n + 1) * 0.05 + (missing_s if n >= 30 else 0.0)
            watch, given_now = judge(watch, Arrival(count=round((n + 1) * 0.05 * RATE_HZ), time_s=time_s, lasts_s=0.05))
            told += given_now
        assert sum(one.missing > 0 for one in told) == gaps


def test_two_losses_within_the_time_of_confirmation_are_two_gaps():
    found = gaps_of(make_trace(PROMPT, lost=[40, 44]))
    assert [place for place, _ in found] == [41, 45]
    assert [missing for _, missing in found] == pytest.approx([TRANSFER_SAMPLES] * 2, abs=2)


def test_behind_a_reader_that_was_late_the_loss_lies_behind_what_the_driver_kept():
    kept, lost = 15, 4
    resumed_s = 1000.0 + (30 + kept + lost) * TRANSFER_SAMPLES / RATE_HZ
    trace = make_trace(PROMPT, lost=range(30 + kept, 30 + kept + lost))
    times_s = np.where((trace.sent >= 30) & (trace.sent < 30 + kept), resumed_s, trace.times_s)
    told = judge_all(
        [Arrival(count=a.count, time_s=t, lasts_s=a.lasts_s) for a, t in zip(trace.arrivals, times_s, strict=True)]
    )
    assert [(int(trace.sent[n]), one.missing) for n, one in enumerate(told) if one.missing] == [
        (30 + kept + lost, pytest.approx(lost * TRANSFER_SAMPLES, abs=2))
    ]


@given(st.lists(st.floats(0.0, 0.2), min_size=20, max_size=60), st.lists(st.integers(2, 50), max_size=5))
def test_every_transfer_is_given_once_in_its_order_whatever_happens(jitter_s, lost):
    trace = make_trace(np.array(jitter_s), lost=lost)
    watch = StreamWatch(sample_rate_hz=RATE_HZ, limits=LIMITS)
    told = []
    for arrival in trace.arrivals:
        watch, now = judge(watch, arrival)
        told += now
        assert all(held.time_s >= arrival.time_s - LIMITS.confirm_s for held in watch.held)
    assert [*(one.arrival for one in told), *watch.held] == trace.arrivals
    assert all(one.missing >= 0 for one in told)


def test_a_transfer_is_held_back_only_while_it_may_stand_behind_a_gap():
    watch = StreamWatch(sample_rate_hz=RATE_HZ, limits=LIMITS)
    for late_s, given_now in ((0.0, 1), (0.0, 1), (0.01, 0), (0.005, 0), (0.001, 3)):
        count = (len(watch.recent) + len(watch.held) + 1) * TRANSFER_SAMPLES
        watch, told = judge(
            watch, Arrival(count=count, time_s=1000 + count / RATE_HZ + late_s, lasts_s=TRANSFER_SAMPLES / RATE_HZ)
        )
        assert len(told) == given_now
