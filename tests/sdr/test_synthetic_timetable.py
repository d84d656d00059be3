"""What a demonstration promises of its timetable, over many seeds."""

from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.site import Cell, SensorPlace, Site, Wing, parse_site
from sdr.synthetic.acts import ACTS, Act
from sdr.synthetic.population import populate
from sdr.synthetic.timetable import episodes, truth

SITE = parse_site(files("sdr.synthetic").joinpath("demo-site.toml").read_bytes())
EPOCH = datetime(2026, 3, 1, tzinfo=UTC)
SEEDS = st.integers(0, 2**31)


def timetable(seed, count=120):
    return list(islice(episodes(populate(SITE, seed=seed), seed=seed), count))


def test_the_demo_site_has_three_wings_of_two_sensors():
    assert Counter(sensor.wing for sensor in SITE.sensors) == {"A": 2, "B": 2, "C": 2}
    assert Counter(cell.wing for cell in SITE.cells) == {"A": 20, "B": 20, "C": 20}


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_the_first_phone_speaks_at_once_and_none_is_quiet_for_ten_seconds(seed):
    plan = timetable(seed)
    assert 0 < plan[0].start_s < 2
    sounding_s = plan[0].stop_s
    for episode in plan[1:]:
        assert episode.start_s - sounding_s < 10
        sounding_s = max(sounding_s, episode.stop_s)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_at_most_three_speak_at_once_and_none_in_the_others_place(seed):
    plan = timetable(seed)
    for index, episode in enumerate(plan):
        beside = [other for other in plan[:index] if other.stop_s > episode.start_s]
        assert len(beside) <= 2
        assert not any(other.phone is episode.phone or other.phone.clashes(episode.phone) for other in beside)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_wings_take_turns_and_one_of_them_is_quiet(seed):
    plan = timetable(seed)
    assert {episode.phone.cell.wing for episode in plan if episode.start_s < 120} == {"A", "B", "C"}
    for index, episode in enumerate(plan):
        beside = [other for other in plan[:index] if other.stop_s > episode.start_s]
        assert len({other.phone.cell.wing for other in [*beside, episode]}) <= 2


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_seed_is_a_timetable(seed):
    one, same, other = (truth(SITE, seed=s, epoch=EPOCH, duration_s=200) for s in (seed, seed, seed + 1))
    assert one == same
    assert one != other
    assert all(a.start <= b.start for a, b in pairwise(one))


def test_every_act_comes_and_keeps_to_its_script():
    plan = timetable(3, count=600)
    assert {episode.act for episode in plan} == set(Act)
    for episode in plan:
        script = ACTS[episode.act]
        assert script.technology == episode.phone.technology
        assert script.shortest_s <= episode.stop_s - episode.start_s <= script.longest_s


def test_phones_lie_within_their_cells():
    for phone in populate(SITE, seed=5):
        middle, size = phone.cell.centre_m, phone.cell.size_m
        assert all(abs(p - m) < s / 2 for p, m, s in zip(phone.place_m, middle, size, strict=True))


def small_site(*, cells):
    return Site(
        name="small",
        country="fr",
        time_zone="Europe/Paris",
        wings=(Wing(name="A", title="A"),),
        cells=tuple(
            Cell(name=f"A-{n}", wing="A", landing="A", centre_m=(3.0 * n, 0.0, 1.0)) for n in range(1, cells + 1)
        ),
        sensors=(SensorPlace(name="A1", place_m=(0.0, 0.0, 2.6), wing="A"),),
    )


def test_one_phone_is_enough_and_none_is_refused():
    plan = list(islice(episodes(populate(small_site(cells=1), seed=1), seed=1), 20))
    assert all(a.stop_s < b.start_s for a, b in pairwise(plan))
    with pytest.raises(ValueError, match="wing 'A' has no cells"):
        populate(small_site(cells=0), seed=1)
