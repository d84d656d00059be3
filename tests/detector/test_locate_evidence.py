"""What one episode says of each place: against closed forms, and what it must not depend on."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from detector.locate import Episodes, Sensor, Spot, begin, ground_of, posterior, posteriors
from detector.locate.evidence import Field, any_power, chance_of_silence, weigh
from detector.locate.expectation import silent_level

N_SENSORS = 5
SPREAD_DB = 6.0
FIELD = Field(
    mean_db=np.random.default_rng(1).normal(-60, 12, (8, N_SENSORS)),
    spread_db=np.full((8, N_SENSORS), SPREAD_DB),
    limits_db=np.full(N_SENSORS, -105.0),
)
ALIKE = np.full(8, 1 / 8)


def small_site(*, permitted=False):
    """Two wings of three cells, a sensor each and one on the perimeter."""
    spots = [
        Spot(name=f"{wing}-1-0{k + 1}", wing=wing, centre_m=(x, 3.0 * k, 1.0), permitted=permitted and k == 2)
        for wing, x in (("A", 0.0), ("B", 30.0))
        for k in range(3)
    ]
    sensors = [("A1", 3.0, 1.0), ("B1", 33.0, 5.0), ("P1", -20.0, 4.0)]
    return ground_of(
        tuple(spots),
        tuple(Sensor(name=n, place_m=(x, y, 2.6), limit_db=-105.0, perimeter=n == "P1") for n, x, y in sensors),
    )


GROUND = small_site()


def heard(*levels):
    return Episodes(levels_db=np.array([levels], float), poi=np.ones((1, len(levels))))


def test_with_every_sensor_heard_only_differences_of_levels_count_as_theory_says(rng):
    levels = FIELD.mean_db[3] + 20 + rng.normal(0, SPREAD_DB, (40, N_SENSORS))
    (weighed,) = weigh(Episodes(levels_db=levels, poi=np.ones(levels.shape)), FIELD, ALIKE, None)
    apart = levels[:, None] - FIELD.mean_db
    apart -= apart.mean(axis=2, keepdims=True)
    expected = np.exp(-(apart**2).sum(axis=2) / 2 / SPREAD_DB**2)
    np.testing.assert_allclose(weighed.places, expected / expected.sum(axis=1, keepdims=True), atol=2e-4)


@pytest.mark.parametrize("poi", [1.0, 0.4])
def test_silences_are_weighed_as_integrating_over_the_power_says(poi):
    levels = np.array([[-80.0, np.nan, -95.0, np.nan, np.nan]])
    chances = np.array([[1.0, poi, 1.0, poi, 0.0]])
    (weighed,) = weigh(Episodes(levels_db=levels, poi=chances), FIELD, ALIKE, None)

    def likelihood(power, place):
        mean = power + FIELD.mean_db[place]
        silent = 1 - poi * norm.sf(FIELD.limits_db[[1, 3]], mean[[1, 3]], SPREAD_DB)
        return norm.pdf(levels[0, [0, 2]], mean[[0, 2]], SPREAD_DB).prod() * silent.prod()

    peaks = np.nanmean(levels - FIELD.mean_db, axis=1)
    expected = np.array([quad(likelihood, p - 60, p + 60, (k,), points=[p])[0] for k, p in enumerate(peaks)])
    np.testing.assert_allclose(weighed.places[0], expected / expected.sum(), atol=2e-3)


@pytest.mark.parametrize("poi", [1.0, 0.35])
def test_moments_of_a_level_that_was_not_heard(poi):
    power = np.array([-45.0])
    mean, variance = silent_level(FIELD, power, poi)
    chance, _ = chance_of_silence(FIELD, power, poi)
    for place, sensor in [(0, 0), (3, 2), (7, 4)]:
        centre, limit = FIELD.mean_db[place, sensor], -105.0 - power[0]

        def density(level, centre=centre, limit=limit):
            return norm.pdf(level, centre, SPREAD_DB) * (1 - poi * (level > limit))

        moments = [
            quad(lambda x, k=k: density(x) * x**k, centre - 60, centre + 60, points=[limit], limit=200)[0]
            for k in range(3)
        ]
        assert chance[0, place, sensor] == pytest.approx(moments[0], rel=1e-4)
        assert mean[0, place, sensor] == pytest.approx(moments[1] / moments[0], rel=1e-4)
        expected = moments[2] / moments[0] - (moments[1] / moments[0]) ** 2
        assert variance[0, place, sensor] == pytest.approx(expected, rel=1e-2)


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(-40, 40), levels=st.lists(st.floats(-100, -40), min_size=3, max_size=3))
def test_a_louder_phone_is_in_the_same_place(shift, levels):
    quiet, loud = (posterior(GROUND, begin(GROUND), np.array(levels) + x, np.ones(3)) for x in (0.0, shift))
    assert loud.outside == pytest.approx(quiet.outside, abs=1e-3)
    for name, chance in quiet.cells.items():
        assert loud.cells[name] == pytest.approx(chance, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(level=st.floats(-100, -40), poi=st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_probabilities_sum_to_one_and_cells_come_likeliest_first(level, poi):
    found = posterior(GROUND, begin(GROUND), np.array([level, np.nan, np.nan]), np.array(poi))
    assert sum(found.cells.values()) + found.permitted + found.outside == pytest.approx(1, abs=1e-5)
    assert list(found.cells.values()) == sorted(found.cells.values(), reverse=True)
    assert sum(found.wings(GROUND).values()) == pytest.approx(sum(found.cells.values()))


def test_a_silence_counts_by_its_probability_of_intercept_and_not_at_all_where_nobody_listened():
    def chance_of_b(poi):
        found = posterior(GROUND, begin(GROUND), np.array([-70.0, np.nan, -75.0]), np.array([1.0, poi, 1.0]))
        return found.wings(GROUND)["B"]

    chances = [chance_of_b(poi) for poi in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert all(a > b for a, b in pairwise(chances))
    without = Field(mean_db=FIELD.mean_db[:, :3], spread_db=FIELD.spread_db[:, :3], limits_db=FIELD.limits_db[:3])
    deaf = Episodes(levels_db=np.array([[-80.0, np.nan, -90.0]]), poi=np.array([[1.0, 0.0, 1.0]]))
    other = replace(without, limits_db=np.array([-105.0, -200.0, -105.0]), mean_db=without.mean_db * (1, 3, 1))
    (a,), (b,) = (list(weigh(deaf, f, ALIKE, any_power(deaf, without))) for f in (without, other))
    np.testing.assert_allclose(a.places, b.places, atol=1e-6)


def test_permitted_zones_are_told_apart_from_cells():
    ground = small_site(permitted=True)
    (found,) = posteriors(ground, begin(ground), heard(-60.0, -90.0, -80.0))
    assert set(found.cells) == {"A-1-01", "A-1-02", "B-1-01", "B-1-02"}
    assert 0 < found.permitted < 1


@pytest.mark.parametrize(
    ("levels", "poi", "message"),
    [
        ([[-60.0, -70.0]], [[1.0]], "expected two equal axes"),
        ([[-60.0]], [[1.5]], "outside 0 to 1"),
        ([[-60.0], [np.nan]], [[1.0], [1.0]], "episode 1 was heard by no sensor"),
    ],
)
def test_episodes_that_cannot_be_are_refused(levels, poi, message):
    with pytest.raises(ValueError, match=message):
        Episodes(levels_db=np.array(levels), poi=np.array(poi))


@pytest.mark.parametrize(
    ("spots", "sensors", "message"),
    [
        ((), GROUND.sensors, "no spot"),
        (GROUND.spots, (), "no sensor"),
        (GROUND.spots * 2, GROUND.sensors, "stands twice"),
    ],
)
def test_sites_that_cannot_be_are_refused(spots, sensors, message):
    with pytest.raises(ValueError, match=message):
        ground_of(spots, sensors)


def test_no_episode_no_answer():
    nothing = Episodes(levels_db=np.zeros((0, 3)), poi=np.zeros((0, 3)))
    assert posteriors(GROUND, begin(GROUND), nothing) == ()
