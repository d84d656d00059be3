from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.alerts import Outcome
from api.searching import FINDS, Sighting, ranked


def sighting(alert, cells, hour=12, day=1, **fields):
    return Sighting(alert=alert, cells=cells, score=1.0, heard=datetime(2026, 3, day, hour, tzinfo=UTC), **fields)


def by_cell(*sightings):
    return {row.cell: row for row in ranked(sightings)}


def test_cells_are_ranked_by_the_probability_that_any_alert_came_from_them():
    rows = ranked([sighting(1, {"a": 0.5, "b": 0.2}), sighting(2, {"a": 0.5, "c": 0.9})])
    assert [row.cell for row in rows] == ["c", "a", "b"]
    a = next(row for row in rows if row.cell == "a")
    assert (a.probability, a.expected, a.alerts) == (0.75, 1.0, (1, 2))


def test_a_phone_that_was_found_takes_away_what_was_heard_before_and_nothing_after():
    found = sighting(2, {"a": 0.6, "b": 0.4}, day=2, outcome=Outcome.FOUND, found_in="b")
    rows = by_cell(sighting(1, {"a": 0.5, "b": 0.5}), found, sighting(3, {"b": 0.3}, day=3))
    assert (rows["b"].probability, rows["b"].found, rows["b"].alerts) == (0.3, 1, (3,))
    assert rows["a"].probability == 0.5
    assert "a" not in by_cell(sighting(1, {"a": 0.9}), sighting(2, {"a": 0.9}, day=2, outcome=Outcome.FOUND))


def test_a_search_in_vain_weakens_the_evidence_and_a_harmless_alert_is_none():
    vain = by_cell(sighting(1, {"a": 0.8, "b": 0.2}, outcome=Outcome.NOT_FOUND))
    assert vain["a"].probability == pytest.approx(0.8 * (1 - FINDS))
    assert (vain["a"].not_found, vain["b"].not_found) == (1, 0)
    for outcome in (Outcome.STAFF, Outcome.OUTSIDE):
        assert ranked([sighting(1, {"a": 0.8}, outcome=outcome)]) == ()
    assert by_cell(sighting(1, {"a": 0.8}, outcome=Outcome.OTHER))["a"].probability == 0.8


def test_the_best_hours_are_those_in_which_most_was_heard():
    rows = by_cell(*[sighting(n, {"a": 0.5}, hour=hour) for n, hour in enumerate([22, 22, 23, 3, 4, 22])])
    assert [(hour.hour, hour.share) for hour in rows["a"].hours] == [(22, 0.5), (3, 0.167), (4, 0.167)]


cells = st.dictionaries(st.sampled_from("abcd"), st.floats(0, 0.25), min_size=1)
made = st.lists(
    st.builds(
        sighting,
        st.integers(1, 10**6),
        cells,
        st.integers(0, 23),
        st.integers(1, 28),
        outcome=st.none() | st.sampled_from(Outcome),
    ),
    max_size=30,
    unique_by=lambda each: each.alert,
)


@given(sightings=made, data=st.data())
def test_probabilities_are_such_and_no_order_of_reading_matters(sightings, data):
    rows = ranked(sightings)
    assert rows == ranked(data.draw(st.permutations(sightings)))
    assert all(0 <= row.probability <= 1 for row in rows)
    assert [row.probability for row in rows] == sorted((row.probability for row in rows), reverse=True)


@given(sightings=made, chance=st.floats(0.01, 1))
def test_one_more_alert_from_a_cell_never_makes_it_less_likely(sightings, chance):
    before = {row.cell: row.probability for row in ranked(sightings)}
    after = {row.cell: row.probability for row in ranked([*sightings, sighting(0, {"a": chance}, day=28, hour=23)])}
    assert after["a"] >= before.get("a", 0.0)
