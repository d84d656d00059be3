"""A receiver on its tour: stays are as long as the rhythm says whatever tuning takes, and the reference is visited."""

from dataclasses import replace
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.scan import Policy, Reference, Rhythm, Tour, arrived, heard_at, moved, set_out

CENTRES = (890e6, 895e6, 900e6)
STEP_S = 0.0273
REFERENCE = Reference(centre_hz=940e6, every_s=60.0, dwell_s=0.2)


def stays(tour, *, until_s, tune_s, heard=lambda _centre_hz, _now_s: False):
    """Which centre was listened to from when to when, block by block."""
    stop, now_s, at_hz, told = set_out(tour), 0.0, tour.centres_hz[0], []
    while now_s < until_s:
        if stop.moving:
            now_s += tune_s
            at_hz = stop.centre_hz
            stop = arrived(tour, stop, now_s)
            told.append([at_hz, now_s, now_s])
        now_s += STEP_S
        told[-1][2] = now_s
        stop = moved(tour, stop, now_s, heard=heard(at_hz, now_s))
    return told[:-1]


@settings(deadline=None, max_examples=60)
@given(
    tune_s=st.floats(0, 1.0),
    windows=st.integers(2, 3),
    dwell_s=st.floats(0.2, 2.0),
    policy=st.sampled_from([Policy.ROUND_ROBIN, Policy.PRIORITY]),
    reference=st.sampled_from([None, REFERENCE]),
)
def test_a_stay_is_as_long_as_the_rhythm_says_whatever_tuning_takes(tune_s, windows, dwell_s, policy, reference):
    rhythm = Rhythm(windows=windows, dwell_s=dwell_s, policy=policy)
    tour = Tour(rhythm=rhythm, centres_hz=CENTRES[:windows], reference=reference)
    for centre_hz, begins_s, ends_s in stays(tour, until_s=200.0, tune_s=tune_s):
        wanted_s = REFERENCE.dwell_s if centre_hz == REFERENCE.centre_hz else dwell_s
        assert wanted_s - 1e-9 <= ends_s - begins_s <= wanted_s + STEP_S + 1e-9


@pytest.mark.parametrize("windows", [1, 3])
def test_the_reference_is_visited_each_minute_and_no_window_is_left_out_for_it(windows):
    tour = Tour(rhythm=Rhythm(windows=windows), centres_hz=CENTRES[:windows], reference=REFERENCE)
    told = stays(tour, until_s=1000.0, tune_s=0.01)
    visits = [begins_s for centre_hz, begins_s, _ in told if centre_hz == REFERENCE.centre_hz]
    assert all(60.0 <= b - a <= 60.0 + 3.0 for a, b in pairwise(visits))
    assert len(visits) == pytest.approx(1000 / 61, abs=2)
    others = [centre_hz for centre_hz, *_ in told if centre_hz != REFERENCE.centre_hz]
    assert others == [CENTRES[n % windows] for n in range(len(others))]


@pytest.mark.parametrize("windows", [1, 2])
def test_it_stays_while_something_is_heard_and_no_longer_than_the_bound(windows):
    rhythm = Rhythm(windows=windows, dwell_s=1.0, linger_s=10.0)
    tour = Tour(rhythm=rhythm, centres_hz=CENTRES[:windows], reference=REFERENCE)
    told = stays(tour, until_s=300.0, tune_s=0.01, heard=lambda centre_hz, _now_s: centre_hz == CENTRES[0])
    lengths = [ends_s - begins_s for centre_hz, begins_s, ends_s in told if centre_hz == CENTRES[0]]
    # A receiver of one window is away for the reference alone; its stay is one of a minute.
    longest_s = 11.0 if windows == 2 else 11.0 + 60.0
    assert all(10.9 <= length <= longest_s + 3 * STEP_S for length in lengths)
    assert any(centre_hz == REFERENCE.centre_hz for centre_hz, *_ in told)


def test_what_becomes_known_late_counts_for_the_window_that_it_was_heard_in():
    tour = Tour(rhythm=Rhythm(windows=3, policy=Policy.PRIORITY), centres_hz=CENTRES)
    stop = heard_at(tour, set_out(tour), CENTRES[2], 7.0)
    assert stop.state.heard_s == (-inf, -inf, 7.0)
    assert heard_at(tour, stop, 1e9, 9.0) == stop


def test_a_tour_of_one_window_without_a_reference_never_moves():
    tour = Tour(rhythm=Rhythm(windows=1), centres_hz=CENTRES[:1])
    assert tour.still
    assert not replace(tour, reference=REFERENCE).still
    assert len(stays(tour, until_s=100.0, tune_s=0.01)) == 0
    with pytest.raises(ValueError, match=r"rhythm\.windows=1 for 3 windows"):
        replace(tour, centres_hz=CENTRES)
