import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.levels import Bounds, Level, LevelKind, Side, known_as, learned, merged_into

BOUNDS = Bounds(rise_db=6, fall_db=10, spreads=5, learn_beats=15, memory_beats=1800, gap_us=1000)


def value(value_db, at_us=0, **fields):
    told = {
        "kind": LevelKind.FLOOR,
        "frequency_hz": 897e6,
        "width_hz": 2.4e6,
        "gain_db": 40.0,
        "jammed": False,
        "usual_db": value_db,
        "spread_db": 0.0,
        "beats": 1,
        "latest_db": value_db,
        "seen_us": at_us,
        "side": Side.WITHIN,
        "since_us": at_us,
        "side_beats": 1,
    }
    return Level(**told | fields)


def after(values):
    level = None
    for at_us, each in enumerate(values):
        level = learned(value(each, at_us), level, bounds=BOUNDS)
    return level


def test_a_level_is_the_mean_of_what_was_usual(rng):
    level = after(rng.normal(-61, 0.5, size=1000))
    # The standard error of a mean of a thousand, four times; the spread is the mean deviation of a normal law.
    assert level.usual_db == pytest.approx(-61, abs=4 * 0.5 / 1000**0.5)
    assert level.spread_db == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.15)


@given(jump_db=st.floats(-60, 60))
def test_a_value_lies_above_or_below_only_beyond_the_bounds(jump_db):
    level = after([-61.0] * 30)
    side = learned(value(-61.0 + jump_db, 99), level, bounds=BOUNDS).side
    assert side is (Side.ABOVE if jump_db > 6 else Side.BELOW if jump_db < -10 else Side.WITHIN)


def test_what_is_out_of_bounds_is_never_learned_however_long_it_lasts():
    level = after([-61.0] * 30 + [-45.0] * 5000)
    assert (level.usual_db, level.side, level.since_us, level.side_beats) == (-61.0, Side.ABOVE, 30, 5000)


def test_what_was_out_of_bounds_long_ago_is_not_so_since_then():
    level = after([-61.0] * 30 + [-45.0] * 5)
    again = learned(value(-45.0, 34 + 1001), level, bounds=BOUNDS)
    assert (again.side, again.since_us, again.side_beats) == (Side.ABOVE, 34 + 1001, 1)


def test_a_slow_drift_is_followed():
    level = after(-61 + 5 * np.sin(2 * np.pi * np.arange(43_200) / 43_200))
    assert level.side is Side.WITHIN
    assert level.side_beats == 43_200


@pytest.mark.parametrize("change", [{"gain_db": 30.0}, {"jammed": True}, {"frequency_hz": 900e6}])
def test_another_gain_another_tuning_and_a_jammer_of_ones_own_are_learned_apart(change):
    level = after([-61.0] * 30)
    assert known_as(value(-40.0, **change), [level]) is None
    assert known_as(value(-40.0), [level]) == level


def test_as_many_levels_are_kept_as_there_is_room_for_and_the_oldest_gives_way():
    levels = ()
    for n in range(100):
        levels = merged_into(levels, value(-61.0, n, frequency_hz=800e6 + n * 1e6))
    assert len(levels) == 64
    assert {level.seen_us for level in levels} == set(range(36, 100))
