from collections import deque
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.fusion import Report, Telling, episodes, later, near, same_channel, transmissions
from detector.types import Activity, Label, Technology

SECOND = 1_000_000
RULES = {"tolerance_us": 400_000, "gap_us": 30 * SECOND}
TELLING = Telling(tolerance_us=RULES["tolerance_us"], clear_snr_db=6.0)
WINGS = {"A1": "A", "A2": "A", "B1": "B", "B2": "B", "C1": "C", "C2": "C", "P1": None}


def report(sensor="A1", *, start_s=0.0, end_s=2.0, arfcn=36, **fields):
    told = {
        "boot": "b",
        "emission": 1,
        "wing": WINGS[sensor],
        "technology": Technology.GSM,
        "kinds": (Label.GSM_NB,),
        "activity": Activity.CALL,
        "channel": f"ARFCN {arfcn}",
        "freq_lower_hz": 890e6 + 0.2e6 * arfcn - 0.1e6,
        "freq_upper_hz": 890e6 + 0.2e6 * arfcn + 0.1e6,
        "start_us": round(start_s * SECOND),
        "end_us": round(end_s * SECOND),
        "bursts": 100,
        "snr_db": 12.0,
        "power_dbfs": -40.0,
        "score": 0.99,
        "part": 1,
    }
    return Report(sensor=sensor, **told | fields)


@st.composite
def heard(draw):
    """Up to twelve reports, close enough in time and channel for many of them to hang together."""
    count = draw(st.integers(0, 12))
    reports = []
    for emission in range(count):
        start_s = draw(st.floats(0, 120))
        reports.append(
            report(
                draw(st.sampled_from(sorted(WINGS))),
                emission=emission,
                start_s=start_s,
                end_s=start_s + draw(st.floats(0, 20)),
                arfcn=draw(st.integers(36, 38)),
                power_dbfs=draw(st.sampled_from([-60.0, -50.0, -40.0])),
            )
        )
    return reports


def reachable(items, linked):
    """Connected components by brute force: the reference for the sweep."""
    left, groups = set(range(len(items))), []
    while left:
        group, queue = set(), deque([left.pop()])
        while queue:
            at = queue.popleft()
            group.add(at)
            found = {other for other in left if linked(items[at], items[other])}
            left -= found
            queue.extend(found)
        groups.append({items[index].key for index in group})
    return groups


def pause_us(a, b):
    return max(a.start_us, b.start_us) - min(a.end_us, b.end_us)


def parted(found):
    return {frozenset(r.key for r in episode.reports) for episode in found}


@given(heard(), st.randoms(use_true_random=False))
def test_no_order_of_arrival_changes_the_episodes(reports, random):
    shuffled = random.sample(reports, len(reports))
    assert episodes(shuffled, **RULES) == episodes(reports, **RULES)


@given(heard())
def test_every_report_is_in_exactly_one_episode(reports):
    found = [r.key for episode in episodes(reports, **RULES) for r in episode.reports]
    assert sorted(found) == sorted(r.key for r in reports)


@given(heard())
def test_transmissions_are_what_hangs_together_in_time_and_channel(reports):
    def linked(a, b):
        return same_channel(a.band, b.band) and pause_us(a, b) <= RULES["tolerance_us"]

    expected = {frozenset(group) for group in reachable(reports, linked)}
    assert parted(transmissions(reports, TELLING)) == expected


@given(heard())
def test_no_two_episodes_of_one_wing_come_within_the_gap_on_one_channel(reports):
    for a, b in combinations(episodes(reports, **RULES), 2):
        parts = [transmissions(e.reports, TELLING) for e in (a, b)]
        for x, y in product(*parts):
            together = a.wing == b.wing and same_channel(x.loudest.band, y.loudest.band)
            assert not (together and pause_us(x, y) <= RULES["gap_us"])


@given(heard())
def test_what_is_near_holds_every_episode_of_the_seeds_whole(reports):
    for seed in reports:
        touched = near(reports, [seed.key], gap_us=RULES["gap_us"])
        whole = next(e for e in episodes(reports, **RULES) if seed in e.reports)
        assert whole in episodes(touched, **RULES)


def test_a_phone_that_six_sensors_in_three_wings_hear_is_one_episode_where_it_is_loudest():
    powers = {"A1": -62.0, "A2": -55.0, "B1": -31.0, "B2": -40.0, "C1": -58.0, "C2": -70.0}
    skewed = [report(s, start_s=0.05 * i, power_dbfs=p) for i, (s, p) in enumerate(powers.items())]
    (episode,) = episodes(skewed, **RULES)
    assert episode.wing == "B"
    assert [r.sensor for r in episode.sensors] == ["B1", "B2", "A2", "C1", "A1", "C2"]


def test_phones_on_neighbouring_carriers_are_two():
    assert len(episodes([report(arfcn=36), report("B1", arfcn=37)], **RULES)) == 2


def test_a_frequency_error_of_a_receiver_does_not_part_a_phone():
    off = report("B1", channel=None, freq_lower_hz=897.13e6, freq_upper_hz=897.33e6)
    assert len(episodes([report(), off], **RULES)) == 1


def test_technologies_do_not_mix():
    other = report("B1", technology=Technology.LTE)
    assert len(episodes([report(), other], **RULES)) == 2


@pytest.mark.parametrize(("pause_s", "count"), [(29.9, 1), (30.1, 2)])
def test_a_pause_longer_than_the_gap_ends_an_episode(pause_s, count):
    again = report(emission=2, start_s=2 + pause_s, end_s=4 + pause_s)
    assert len(episodes([report(), again], **RULES)) == count


def test_phones_that_follow_one_another_in_two_wings_are_two():
    other = report("B1", start_s=5, end_s=7)
    assert sorted(e.wing for e in episodes([report(), other], **RULES)) == ["A", "B"]


def test_a_louder_report_moves_the_phone_to_its_wing():
    weak, loud = report("A1", power_dbfs=-60.0), report("B1", power_dbfs=-30.0)
    assert episodes([weak], **RULES)[0].wing == "A"
    assert [e.wing for e in episodes([weak, loud], **RULES)] == ["B"]


def test_what_the_perimeter_hears_loudest_is_in_no_wing():
    (episode,) = episodes([report("A1", power_dbfs=-60.0), report("P1", power_dbfs=-30.0)], **RULES)
    assert episode.wing is None


def test_an_episode_tells_the_most_telling_activity_of_its_loudest_sensor():
    reports = [
        report("A1", activity=Activity.ACCESS, power_dbfs=-30.0, end_s=0.1),
        report("A1", emission=2, activity=Activity.SIGNALLING, power_dbfs=-35.0, start_s=0.5),
        report("B1", activity=Activity.CALL, power_dbfs=-50.0),
    ]
    (episode,) = episodes(reports, **RULES)
    assert episode.activity is Activity.SIGNALLING
    assert episode.bursts == 200


@given(st.permutations(range(1, 6)))
def test_parts_of_an_emission_make_the_same_report_in_any_order(order):
    parts = {n: report(part=n, end_s=float(n), power_dbfs=-30.0 - n, bursts=10 * n) for n in range(1, 6)}
    whole = parts[order[0]]
    for n in order[1:]:
        whole = later(whole, parts[n])
    assert (whole.part, whole.bursts, whole.end_us, whole.detections) == (5, 50, 5 * SECOND, 5)
    assert whole.power_dbfs == -31.0
