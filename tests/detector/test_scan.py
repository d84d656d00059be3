"""The scan plan: nothing reachable is left out, rhythms keep their bounds, and chances are those of a simulated scan."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from detector.bands import Band
from detector.scan import EVENTS, Policy, Reach, Rhythm, advance, begin, cover, intercept_probability, make_plan
from detector.scan.plan import Reason
from detector.scan.rhythm import listens_from
from detector.types import Technology

GRID = 0.005
"""A chance is a mean over a grid of 512 phases, each edge of which may be off by half a step, in at most five places."""

SEARCHED = frozenset({Technology.GSM, Technology.LTE})
DONGLE = Reach(name="dongle", low_hz=24e6, high_hz=1766e6, sample_rate_hz=2.4e6)
WIDE = Reach(name="wide", low_hz=1e6, high_hz=6000e6, sample_rate_hz=20e6)

MEGAHERTZ = st.integers(1, 400)
SPANS = st.lists(
    st.tuples(MEGAHERTZ, st.integers(1, 60)).map(lambda at: (at[0], at[0] + at[1])), min_size=1, max_size=5
)
REACHES = st.lists(
    st.tuples(MEGAHERTZ, st.integers(30, 300), st.sampled_from([1.0, 2.4, 20.0])).map(
        lambda raw: Reach(name="any", low_hz=raw[0], high_hz=raw[0] + raw[1], sample_rate_hz=raw[2])
    ),
    min_size=1,
    max_size=4,
)
RHYTHMS = st.builds(
    Rhythm,
    windows=st.integers(1, 12),
    policy=st.sampled_from(list(Policy)),
    dwell_s=st.floats(0.1, 3.0),
    settle_s=st.floats(0.0, 0.3),
    linger_s=st.sampled_from([0.0, 2.0, 10.0]),
    hold_s=st.floats(0.1, 1.0),
    recent_s=st.sampled_from([1.0, 60.0, 600.0]),
    favour=st.integers(1, 5),
)


def band(low_mhz, high_mhz, technology=Technology.GSM):
    return Band(
        name=f"{technology} {low_mhz}",
        technology=technology,
        low_hz=low_mhz * 1e6,
        high_hz=high_mhz * 1e6,
        numbering="ARFCN",
        origin_hz=low_mhz * 1e6,
        origin_number=0,
        spacing_hz=200e3,
    )


@settings(deadline=None)
@given(spans=SPANS, receivers=REACHES, share=st.floats(0, 1))
def test_whatever_a_receiver_reaches_is_in_a_window_of_one(spans, receivers, share):
    shared = cover(spans, receivers)
    for low, high in spans:
        at = low + share * (high - low)
        reached = any(one.low_hz < at < one.high_hz for one in receivers)
        if reached:
            assert any(window.low_hz <= at <= window.high_hz for window in shared.windows)
        elif not any(at in (one.low_hz, one.high_hz) for one in receivers):
            assert any(edges[0] <= at <= edges[1] for edges in shared.unreached)
    for window in shared.windows:
        reach = receivers[window.receiver]
        assert reach.low_hz - 1e-6 <= window.low_hz
        assert window.high_hz <= reach.high_hz + reach.sample_rate_hz * 1e-9
        assert window.high_hz - window.low_hz == pytest.approx(reach.sample_rate_hz)


@settings(deadline=None)
@given(spans=SPANS, receivers=st.integers(1, 4))
def test_like_receivers_share_like_loads(spans, receivers):
    whole = Reach(name="whole", low_hz=0.5, high_hz=1000.0, sample_rate_hz=2.4)
    shared = cover(spans, [whole] * receivers)
    loads = [len(shared.of_receiver(number)) for number in range(receivers)]
    assert max(loads) - min(loads) <= 1
    assert not shared.unreached


def test_gsm_900_takes_fifteen_tunings_of_a_dongle():
    assert len(cover([(880e6, 915e6)], [DONGLE]).windows) == 15


@settings(deadline=None)
@given(rhythm=RHYTHMS, seed=st.integers(0, 2**32))
def test_stays_and_revisits_keep_their_bounds_whatever_is_heard(rhythm, seed):
    rng = np.random.default_rng(seed)
    state, now_s = begin(rhythm), 0.0
    left_s = dict.fromkeys(range(rhythm.windows), 0.0)
    busy = rng.random(rhythm.windows) < 0.5
    for _ in range(400):
        now_s = min(now_s + rng.exponential(0.3), max(state.until_s, now_s + 1e-3))
        before = state
        state = advance(rhythm, state, now_s, heard=bool(busy[state.window]) and now_s >= listens_from(rhythm, state))
        if state is not before and state.since_s == now_s:
            stay_s = now_s - before.since_s - rhythm.settle_s
            assert rhythm.dwell_s - 1e-9 <= stay_s <= rhythm.dwell_s + rhythm.linger_s + 0.002
            left_s[before.window] = now_s
        assert all(now_s - left <= rhythm.longest_revisit_s + 0.1 for left in left_s.values()) or rhythm.still


@settings(deadline=None)
@given(rhythm=RHYTHMS)
def test_a_scan_in_quiet_air_visits_every_window_in_turn(rhythm):
    state, visits = begin(rhythm), []
    for _ in range(3 * rhythm.windows):
        visits.append(state.window)
        state = advance(rhythm, state, state.until_s)
    order = [0] * len(visits) if rhythm.still else [turn % rhythm.windows for turn in range(len(visits))]
    assert visits == order


def test_a_window_in_which_something_was_heard_is_visited_as_much_more_often_as_the_policy_says():
    rhythm = Rhythm(windows=12, policy=Policy.PRIORITY, linger_s=0.0, favour=4)
    state, visits = begin(rhythm), []
    for _ in range(600):
        visits.append(state.window)
        state = advance(rhythm, state, state.until_s, heard=state.window == 3)
    counts = np.bincount(visits)
    assert counts[3] == pytest.approx(4 * np.median(counts), rel=0.05)


def bursts_met(rhythm, event, *, rng):
    """Most bursts of an event that one stay of the scan hears, stepped through burst by burst."""
    begin_s = rhythm.revisit_s * (1 + rng.random()) if not rhythm.still else 1.0
    window = int(rng.integers(rhythm.windows)) if not rhythm.still else 0
    state, count, best = begin(rhythm), 0, 0
    for start_s in begin_s + event.starts(rng.random(), rng.random()):
        stop_s = start_s + event.burst_s
        while not rhythm.still and state.until_s < stop_s:
            state, count = advance(rhythm, state, state.until_s), 0
        if state.window == window and listens_from(rhythm, state) <= start_s:
            state, count = advance(rhythm, state, stop_s, heard=True), count + 1
            best = max(best, count)
            if best >= event.needed:
                break
    return best


@pytest.mark.parametrize("case", range(24))
def test_a_chance_is_that_of_a_simulated_scan(case):
    rng = np.random.default_rng(case)
    event = list(EVENTS.values())[case % len(EVENTS)]
    rhythm = Rhythm(
        windows=int(rng.integers(1, 16)),
        policy=Policy(rng.choice(list(Policy))),
        dwell_s=float(rng.choice([0.3, 1.0, 2.0])),
        settle_s=rng.uniform(0, 0.2),
        linger_s=float(rng.choice([0.0, 3.0, 10.0])),
        hold_s=rng.uniform(0.2, 0.8),
    )
    trials = 300
    hits = sum(bursts_met(rhythm, event, rng=rng) >= event.needed for _ in range(trials))
    ci = binomtest(hits, trials).proportion_ci(0.9995)
    chance = intercept_probability(rhythm, event)
    assert chance <= ci.high + GRID
    # A window that was heard once is favoured from then on: by priority the chance is the least that it can be.
    assert chance >= ci.low - GRID or rhythm.policy is Policy.PRIORITY


@settings(deadline=None)
@given(windows=st.integers(2, 40), dwell_s=st.floats(0.05, 5.0), settle_s=st.floats(0.0, 0.5))
def test_a_lone_burst_is_met_as_often_as_its_window_is_listened_to(windows, dwell_s, settle_s):
    rhythm = Rhythm(windows=windows, dwell_s=dwell_s, settle_s=settle_s)
    event = EVENTS["access burst"]
    share = (dwell_s - event.burst_s) / (windows * (dwell_s + settle_s))
    assert intercept_probability(rhythm, event) == pytest.approx(share, abs=1 / 512)


@settings(deadline=None)
@given(rhythm=RHYTHMS, name=st.sampled_from(sorted(EVENTS)))
def test_more_windows_never_help_and_lingering_never_harms_a_first_meeting(rhythm, name):
    event = EVENTS[name]
    chance = intercept_probability(rhythm, event)
    assert 0 <= chance <= 1
    still = intercept_probability(replace(rhythm, windows=1), event)
    assert still == 1.0
    if name == "access burst":
        assert chance == intercept_probability(replace(rhythm, linger_s=0.0), event)


def test_events_send_as_phones_do():
    """The counts and shares of time that were seen on real phone stacks."""
    ends = [(pause, length) for pause in (0.0, 0.99) for length in (0.0, 0.5, 0.99)]
    for pause, length in ends:
        registration = EVENTS["registration"].starts(pause, length)
        assert 70 <= registration.size <= 135
        assert 0.090 <= registration[1] <= 0.315
        call = EVENTS["call"].starts(pause, length)
        last_s = call[call > call[-1] - 24.0]
        assert last_s.size / 24.0 == pytest.approx(208.3, rel=0.01)
        answered = EVENTS["LTE registration"].starts(pause, length)
        assert answered.size * 1e-3 / 0.25 == pytest.approx(0.08, abs=0.02)
        voice = EVENTS["LTE call"].starts(pause, length)
        assert voice.size * 1e-3 / voice[-1] == pytest.approx(0.16, abs=0.03)
        for event in EVENTS.values():
            starts = event.starts(pause, length)
            assert starts[0] == 0.0
            assert (np.diff(starts) >= event.burst_s - 1e-9).all()
            assert starts.size >= event.needed


def test_a_plan_names_what_it_never_hears():
    bands = [band(880, 915), band(1710, 1785), band(2500, 2570, Technology.LTE), band(880, 915, Technology.UMTS)]
    plan = make_plan(bands, [DONGLE], rhythm=Rhythm(windows=1), searched=SEARCHED)
    gsm, dcs, lte, umts = plan.outlooks
    assert (gsm.heard_share, gsm.reason) == (pytest.approx(1.0), None)
    assert (dcs.heard_share, dcs.reason) == (pytest.approx(56 / 75), Reason.UNREACHED)
    assert (lte.heard_share, lte.chances, lte.reason) == (0.0, {}, Reason.UNREACHED)
    assert (umts.heard_share, umts.reason) == (0.0, Reason.UNSEARCHED)
    assert plan.cover.unreached == ((1766e6, 1785e6), (2500e6, 2570e6))
    assert set(gsm.chances) == {event.name for event in EVENTS.values() if event.technology is Technology.GSM}


def test_a_receiver_that_stays_hears_one_tuning_and_says_that_the_rest_is_not_visited():
    stay = Rhythm(windows=1, policy=Policy.FIXED)
    (outlook,) = make_plan([band(880, 915)], [DONGLE], rhythm=stay, searched=SEARCHED).outlooks
    assert outlook.heard_share == pytest.approx(2.4 / 35)
    assert outlook.reason is Reason.UNVISITED
    assert outlook.chances["call"] == pytest.approx(2.4 / 35)


@settings(deadline=None)
@given(count=st.integers(1, 4), policy=st.sampled_from(list(Policy)))
def test_another_receiver_never_lowers_a_chance(count, policy):
    bands = [band(880, 915), band(832, 862, Technology.LTE)]
    rhythm = Rhythm(windows=1, policy=policy)
    few = make_plan(bands, [DONGLE] * count, rhythm=rhythm, searched=SEARCHED)
    more = make_plan(bands, [DONGLE] * (count + 1), rhythm=rhythm, searched=SEARCHED)
    for before, after in zip(few.outlooks, more.outlooks, strict=True):
        assert all(after.chances.get(name, 0) >= chance - GRID for name, chance in before.chances.items())


def test_a_wide_receiver_and_a_dongle_share_the_work():
    plan = make_plan(
        [band(880, 915), band(2500, 2570, Technology.LTE)], [DONGLE, WIDE], rhythm=Rhythm(windows=1), searched=SEARCHED
    )
    assert all(outlook.heard_share == pytest.approx(1.0) for outlook in plan.outlooks)
    assert not plan.cover.unreached


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"windows": 0}, "windows=0"),
        ({"dwell_s": 0.0}, "dwell_s"),
        ({"settle_s": -1.0}, "settle_s"),
        ({"favour": 0}, "favour=0"),
    ],
)
def test_impossible_rhythms_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        Rhythm(**{"windows": 3} | change)


def test_a_window_that_is_never_visited_has_no_longest_revisit():
    assert Rhythm(windows=3, policy=Policy.FIXED).longest_revisit_s == inf
