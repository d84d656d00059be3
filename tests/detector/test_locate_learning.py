"""Learning on made-up prisons of several layouts and laws: rank, calibration, deafness, walk tests."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from detector.locate import Episodes, Walks, begin, deaf_sensors, learn, posteriors, with_walks
from detector.locate.evidence import weigh
from detector.locate.learning import field_of
from tests.detector.prisons import LAWS, LAYOUTS, make_prison

KINDS = [("long wing", "guided"), ("star", "damped"), ("two storeys", "leaky"), ("four blocks", "plain")]
EPISODES = 500
"""A deaf sensor must be known after so many."""


@pytest.fixture(scope="module")
def learned():
    """Prisons with a deaf sensor each, and what was learned of them."""
    found = []
    for layout, law in KINDS:
        prison = make_prison(layout, law, seed=11, episodes=EPISODES, deaf_db=8.0)
        found.append((prison, learn(prison.ground, begin(prison.ground), prison.episodes)))
    return found


def places_of(prison, state):
    """Posterior of the place, shape (n_episodes, n_places)."""
    chunks = weigh(prison.episodes, field_of(prison.ground, state), state.places, state.power)
    return np.vstack([chunk.places for chunk in chunks])


def cells_of(prison, state):
    """Posterior of the cell for the phones that are in one, and their cells."""
    inside = prison.where >= 0
    return places_of(prison, state)[inside, : len(prison.ground.spots)], prison.where[inside]


def share_right(ranked, where):
    return float((ranked == where[:, None]).any(axis=1).mean())


def test_the_wing_is_right_and_the_cells_rank_nearly_as_an_oracle_ranks_them(learned):
    for prison, state in learned:
        cells, where = cells_of(prison, state)
        ranked, oracle = np.argsort(-cells, axis=1), prison.oracle[prison.where >= 0]
        wings = np.array([spot.wing for spot in prison.ground.spots])
        assert (wings[ranked[:, 0]] == wings[where]).mean() >= 0.97
        for best in (1, 3):
            assert share_right(ranked[:, :best], where) >= 0.75 * share_right(oracle[:, :best], where)


def test_phones_outside_are_seldom_taken_for_inside_and_hardly_ever_the_other_way(learned):
    taken = np.concatenate([places_of(p, s)[p.where < 0, : len(p.ground.spots)].sum(axis=1) > 0.5 for p, s in learned])
    assert taken.mean() <= 0.03
    for prison, state in learned:
        cells, _ = cells_of(prison, state)
        assert (cells.sum(axis=1) < 0.5).mean() <= 0.01


def test_an_answer_does_not_depend_on_what_else_is_asked(learned):
    for prison, state in learned:
        together = posteriors(prison.ground, state, prison.episodes[:20])
        alone = [posteriors(prison.ground, state, prison.episodes[k : k + 1])[0] for k in range(20)]
        for a, b in zip(together, alone, strict=True):
            assert b.cells == pytest.approx(a.cells, abs=1e-3)
            assert b.outside == pytest.approx(a.outside, abs=1e-3)


def test_what_is_said_to_be_sure_is_right_as_often(learned):
    """Said and right differ by no more than chance allows; the cells are the independent units, since each has one shadowing."""
    excess = []
    for prison, state in learned:
        cells, where = cells_of(prison, state)
        miss = (cells.argmax(axis=1) == where) - cells.max(axis=1)
        excess += [miss[where == cell].sum() for cell in np.unique(where)]
    excess = np.array(excess)
    assert abs(excess.sum()) < 3.3 * np.sqrt((excess**2).sum())


def test_before_anything_was_heard_the_priors_claim_little_more_than_they_know():
    """These laws are not the priors' own, hence a margin."""
    excess = []
    for layout, law in product(LAYOUTS, LAWS):
        prison = make_prison(layout, law, seed=5, episodes=60)
        cells, where = cells_of(prison, begin(prison.ground))
        excess.append(cells.max(axis=1).mean() - (cells.argmax(axis=1) == where).mean())
    assert np.mean(excess) < 0.1


def test_a_deaf_sensor_is_named_and_no_other(learned):
    for prison, state in learned:
        assert [deaf.sensor for deaf in deaf_sensors(prison.ground, state)] == [prison.deaf]


def test_no_sensor_is_called_deaf_where_all_hear():
    prison = make_prison("four blocks", "damped", seed=3, episodes=EPISODES)
    assert deaf_sensors(prison.ground, begin(prison.ground)) == ()
    assert deaf_sensors(prison.ground, learn(prison.ground, begin(prison.ground), prison.episodes)) == ()


def test_the_scale_of_the_sensors_means_nothing():
    """All levels and limits moved alike, as by another gain everywhere, give the same answers."""
    prison = make_prison("two storeys", "plain", seed=4, episodes=300)
    ground = replace(
        prison.ground, sensors=tuple(replace(sensor, limit_db=sensor.limit_db + 64) for sensor in prison.ground.sensors)
    )
    moved = Episodes(levels_db=prison.episodes.levels_db + 64, poi=prison.episodes.poi)
    here = posteriors(prison.ground, learn(prison.ground, begin(prison.ground), prison.episodes), prison.episodes[:50])
    there = posteriors(ground, learn(ground, begin(ground), moved), moved[:50])
    for a, b in zip(here, there, strict=True):
        assert b.cells == pytest.approx(a.cells, abs=0.01)
        assert b.outside == pytest.approx(a.outside, abs=0.01)


def test_learning_is_the_same_each_time_and_nothing_comes_of_nothing():
    prison = make_prison("star", "plain", seed=2, episodes=150)
    first, second = (learn(prison.ground, begin(prison.ground), prison.episodes) for _ in range(2))
    np.testing.assert_array_equal(first.terms, second.terms)
    assert learn(prison.ground, first, prison.episodes[:0]) is first


def test_learning_goes_on_where_it_stopped(learned):
    prison, whole = learned[3]
    state = begin(prison.ground)
    errors = []
    for start in range(0, EPISODES, 125):
        state = learn(prison.ground, state, prison.episodes[start : start + 125])
        errors.append(law_error_db(prison, state))
    assert state.memory.powers.sum() == pytest.approx(len(prison.episodes), rel=1e-3)
    assert errors[-1] < law_error_db(prison, begin(prison.ground)) / 2
    assert errors[-1] < law_error_db(prison, whole) + 0.5


def law_error_db(prison, state):
    """Root mean square of the learned law's error, without what all sensors have in common at a cell."""
    error = field_of(prison.ground, state).mean_db[: len(prison.ground.spots)] - prison.law_db
    return float(np.sqrt(((error - error.mean(axis=1, keepdims=True)) ** 2).mean()))


def walk_everywhere(prison, rng, *, power_db=10.0):
    """One stop in each cell, heard without limit."""
    n_cells = len(prison.ground.spots)
    levels = power_db + prison.law_db + prison.shadow_db + rng.normal(0, 1.5, prison.law_db.shape)
    return Walks(stops=Episodes(levels_db=levels, poi=np.ones(levels.shape)), spots=np.arange(n_cells))


def test_a_walk_test_takes_the_place_of_the_law(rng):
    prison = make_prison("two storeys", "guided", seed=6, episodes=300)
    bare = begin(prison.ground)
    walked = with_walks(bare, walk_everywhere(prison, rng))
    for state, least, most in ((bare, 0.0, 0.5), (learn(prison.ground, walked, prison.episodes), 0.9, 1.0)):
        cells, where = cells_of(prison, state)
        assert least <= share_right(cells.argmax(axis=1)[:, None], where) <= most


def test_the_power_of_the_walked_phone_means_nothing(rng):
    prison = make_prison("two storeys", "guided", seed=6, episodes=20)
    seeds = rng.bit_generator.seed_seq
    fields = [
        field_of(
            prison.ground,
            with_walks(begin(prison.ground), walk_everywhere(prison, np.random.default_rng(seeds), power_db=power)),
        )
        for power in (10.0, 23.0)
    ]
    np.testing.assert_allclose(fields[0].mean_db, fields[1].mean_db, atol=1e-9)


def test_walks_are_not_remembered_twice():
    prison = make_prison("two storeys", "plain", seed=6, episodes=60)
    state = with_walks(begin(prison.ground), walk_everywhere(prison, np.random.default_rng(1)))
    learned = learn(prison.ground, state, prison.episodes)
    assert learned.memory.places.sum() == pytest.approx(len(prison.episodes), rel=1e-3)


def test_a_walk_names_a_cell_for_each_stop():
    stops = Episodes(levels_db=np.array([[-60.0]]), poi=np.array([[1.0]]))
    with pytest.raises(ValueError, match="1 stops in 2 cells"):
        Walks(stops=stops, spots=np.array([0, 1]))
