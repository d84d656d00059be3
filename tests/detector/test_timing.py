"""Frame timing: phones of one carrier told apart by their slots, between sensors whose clocks differ."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detector.fusion import episodes, transmissions
from detector.pairs import learned_offsets
from detector.timing import FRAME_US, NEAR_US, Slot, apart, misfit_us, offset_between
from detector.types import Label
from tests.detector.test_fusion import RULES, SECOND, TELLING, report

SENSORS = ("A1", "A2", "B1", "B2", "C1")
SLOT_US = FRAME_US / 8


def heard_by(sensor, *, phone, slot, clock_us, start_s=0.0, end_s=4.0, jitter_us=0.0, **fields):
    """A report of a phone that speaks in one slot all the time, by a sensor whose clock is ahead."""
    first_us, last_us = (
        round(round(at_s * SECOND / FRAME_US) * FRAME_US + slot * SLOT_US + clock_us + jitter_us)
        for at_s in (start_s, end_s)
    )
    slots = (Slot(first_us, last_us),)
    return report(
        sensor,
        emission=phone,
        start_s=start_s + clock_us / SECOND,
        end_s=end_s + clock_us / SECOND,
        slots=slots,
        **fields,
    )


@st.composite
def crowds(draw):
    """Phones in slots of their own on one carrier at one time; each is heard by some sensors, with what they truly are."""
    slots = draw(st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True))
    clocks = {sensor: draw(st.integers(-25_000, 25_000)) for sensor in SENSORS}
    reports, truth = [], {}
    for phone, slot in enumerate(slots):
        for sensor in draw(st.lists(st.sampled_from(SENSORS), min_size=1, unique=True)):
            made = heard_by(
                sensor,
                phone=phone,
                slot=slot,
                clock_us=clocks[sensor],
                jitter_us=draw(st.integers(-40, 40)),
                power_dbfs=draw(st.sampled_from([-60.0, -50.0, -40.0])),
            )
            reports.append(made)
            truth[made.key] = phone
    return reports, truth, clocks


def knowing(offsets):
    return replace(TELLING, offsets=offsets)


def true_offsets(clocks):
    pairs = combinations(sorted((sensor, "b") for sensor in clocks), 2)
    return {(a, b): float(clocks[b[0]] - clocks[a[0]]) for a, b in pairs}


def parts_of(found):
    return {frozenset(r.key for r in one.reports) for one in found}


@given(crowds())
def test_with_the_clocks_known_each_phone_is_one_transmission(crowd):
    reports, truth, clocks = crowd
    found = transmissions(reports, knowing(true_offsets(clocks)))
    phones = {frozenset(key for key, phone in truth.items() if phone == one) for one in set(truth.values())}
    assert parts_of(found) == phones


@given(crowds(), st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_what_is_learned_nor_what_comes_of_it(crowd, random):
    reports, _, _ = crowd
    shuffled = random.sample(reports, len(reports))
    offsets = learned_offsets(reports)
    assert learned_offsets(shuffled) == offsets
    assert episodes(shuffled, **RULES, offsets=offsets) == episodes(reports, **RULES, offsets=offsets)


@given(crowds())
def test_no_sensor_hears_one_phone_as_two_transmissions_nor_two_as_one(crowd):
    """Whatever is known of other clocks: a sensor's own needs no offset."""
    reports, _, _ = crowd
    for one in transmissions(reports, knowing(learned_offsets(reports))):
        sensors = [r.sensor for r in one.reports]
        assert len(sensors) == len(set(sensors))


@given(st.lists(st.integers(0, 7), min_size=2, max_size=4, unique=True), st.integers(-25_000, 25_000))
def test_two_sensors_that_hear_several_phones_learn_their_offset(slots, clock_us):
    steps = {(a - b) % 8 for a in slots for b in slots if a != b}
    assume(all(sum((s + step) % 8 in slots for s in slots) < len(slots) for step in steps))
    reports = [heard_by("A1", phone=k, slot=s, clock_us=0) for k, s in enumerate(slots)]
    reports += [heard_by("B1", phone=k, slot=s, clock_us=clock_us) for k, s in enumerate(slots)]
    offset_us = offset_between(("A1", "b"), ("B1", "b"), learned_offsets(reports))
    assert offset_us is not None
    assert abs(misfit_us(offset_us, clock_us)) < NEAR_US / 4


def test_one_phone_that_both_heard_says_nothing_of_their_clocks():
    pair = [heard_by("A1", phone=1, slot=2, clock_us=0), heard_by("B1", phone=1, slot=2, clock_us=7000)]
    assert learned_offsets(pair) == {}


def test_phones_that_come_one_after_another_teach_the_offset_that_parts_two_at_once():
    """Each sensor hears its own phone alone; only what both heard before tells them apart."""
    before = [
        heard_by(s, phone=k, slot=k, clock_us=c, start_s=20.0 * k, end_s=20.0 * k + 3)
        for k in (1, 2, 3)
        for s, c in (("A1", 0), ("B1", 9_300))
    ]
    now = [
        heard_by("A1", phone=8, slot=3, clock_us=0, start_s=100, end_s=104),
        heard_by("B1", phone=9, slot=5, clock_us=9_300, start_s=100, end_s=104),
    ]
    assert len(transmissions(now, TELLING)) == 1
    assert len(transmissions(now, knowing(learned_offsets(before + now)))) == 2
    one = [now[0], heard_by("B1", phone=9, slot=3, clock_us=9_300, start_s=100, end_s=104)]
    assert len(transmissions(one, knowing(learned_offsets(before + one)))) == 1


def test_a_clock_that_was_set_is_not_compared_until_it_is_known_again():
    heard = [
        heard_by(s, phone=k, slot=2, clock_us=c if k < 3 else d, start_s=20.0 * k, end_s=20.0 * k + 3)
        for k in range(6)
        for s, c, d in (("A1", 0, 0), ("B1", 9_300, 11_000))
    ]
    assert learned_offsets(heard) == {}


def test_two_phones_of_one_wing_at_once_are_two_episodes_and_stay_so_over_a_pause():
    def both(start_s, first):
        return [
            heard_by("A1", phone=first + k, slot=slot, clock_us=0, start_s=start_s, end_s=start_s + 4)
            for k, slot in enumerate((2, 5))
        ]

    found = episodes(both(0, 1) + both(12, 3), **RULES)
    assert parts_of(found) == {
        frozenset({("A1", "b", 1), ("A1", "b", 3)}),
        frozenset({("A1", "b", 2), ("A1", "b", 4)}),
    }


def test_a_phone_that_goes_from_its_signalling_slot_to_that_of_its_call_is_one():
    signalling = heard_by("A1", phone=1, slot=1, clock_us=0, end_s=1.5)
    call = heard_by("A1", phone=2, slot=4, clock_us=0, start_s=1.6, end_s=9)
    assert len(episodes([signalling, call], **RULES)) == 1


def test_what_has_no_slots_joins_what_it_shares_most_time_with():
    phones = [
        heard_by("A1", phone=1, slot=1, clock_us=0, end_s=4.0),
        heard_by("A1", phone=2, slot=4, clock_us=0, start_s=3.0, end_s=9.0),
    ]
    weak = report("B1", emission=3, start_s=3.2, end_s=8.8, power_dbfs=-70.0)
    found = parts_of(transmissions([*phones, weak], TELLING))
    assert frozenset({("A1", "b", 2), ("B1", "b", 3)}) in found


@pytest.mark.parametrize(("misfit", "two"), [(0.2, False), (0.3, True), (4.0, True), (7.8, False)])
def test_slots_count_by_the_quarter_and_the_frame_wraps(misfit, two):
    a, b = Slot(0, 1_000_000), Slot(0, 1_000_000 + round(misfit * SLOT_US))
    assert apart([a], [b], ahead_us=0.0) is two


def test_what_is_weak_never_makes_a_phone_of_its_own():
    """Bursts that nobody sent may stand in any slot at a sensor that hardly hears the phone."""
    phone = heard_by("A1", phone=1, slot=1, clock_us=0)
    stray = heard_by("A1", phone=2, slot=4, clock_us=0, snr_db=2.0)
    assert len(transmissions([phone, stray], TELLING)) == 1


@pytest.mark.parametrize(("later_s", "count"), [(0.3, 1), (0.5, 2)])
def test_phones_that_asked_for_the_network_at_different_times_are_two(later_s, count):
    kinds = (Label.GSM_AB, Label.GSM_NB)
    both = [report("A1", kinds=kinds), report("B1", kinds=kinds, start_s=later_s, end_s=3.0)]
    assert len(transmissions(both, TELLING)) == count
