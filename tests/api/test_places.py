from dataclasses import replace

import numpy as np
import pytest

from api.places import Evidence, Heard, ListeningRules, evidence_of, located, told_wing
from api.premises import dump_state, premises_of, restored
from api.states import SensorStatus
from detector.locate import Episodes, learn
from detector.site import Cell, SensorPlace, Site, Wing
from detector.wire import Heartbeat

SECOND = 1_000_000
RULES = ListeningRules(stale_after_us=10 * SECOND, settle_us=3 * SECOND, silence_poi=0.9, hearing_snr_db=0.0)
SITE = Site(
    name="x",
    country="FR",
    time_zone="UTC",
    wings=(Wing(name="A", title="A"), Wing(name="B", title="B")),
    cells=tuple(
        Cell(name=f"{wing}{n}", wing=wing, landing=f"{wing}-1", centre_m=(x + 3.5, 2.5 * n, 1.0))
        for wing, x in (("A", 0.0), ("B", 30.0))
        for n in range(6)
    ),
    sensors=tuple(
        SensorPlace(name=f"{wing}-s{y:.0f}", place_m=(x, y, 2.6), wing=wing)
        for wing, x in (("A", 0.0), ("B", 30.0))
        for y in (2.0, 12.0)
    ),
)
HEARD = Heard(start_us=100 * SECOND, freq_lower_hz=897.1e6, freq_upper_hz=897.3e6, levels_db={"A-s2": -40.0})


def status(name, *, flowed_s=104, offset_us=0, **beat):
    told = {
        "samples": 1,
        "sample_rate_hz": 2.0e6,
        "centre_hz": 897e6,
        "noise_floor_dbfs": -40.0,
        "gaps": 0,
        "clipped_share": 0.0,
        "queue": 0,
        "profile": "",
    }
    return SensorStatus(
        name=name,
        boot="b",
        sequence=1,
        seen_us=flowed_s * SECOND,
        flowed_us=flowed_s * SECOND,
        sent_us=flowed_s * SECOND,
        received_us=flowed_s * SECOND,
        offset_us=offset_us,
        heartbeat=Heartbeat(**told | beat),
    )


def evidence(statuses, heard=HEARD, before=None, now_s=105):
    return evidence_of(heard, before, {s.name: s for s in statuses}, rules=RULES, now_us=now_s * SECOND)


def test_a_silence_counts_with_the_level_from_which_the_sensor_would_have_heard():
    assert evidence([status("A-s12")]) == Evidence(levels_db={"A-s2": -40.0}, limits_db={"A-s12": -50.0})


@pytest.mark.parametrize(
    "deaf",
    [
        status("A-s12", flowed_s=102),
        status("A-s12", flowed_s=94),
        status("A-s12", offset_us=SECOND),
        status("A-s12", queue=1),
        status("A-s12", centre_hz=None),
        status("A-s12", noise_floor_dbfs=None),
        status("A-s12", centre_hz=899e6),
        status("A-s12", centre_hz=898.2e6),
        status("A-s2"),
    ],
)
def test_a_silence_says_nothing_unless_the_sensor_listened_to_that_channel_since(deaf):
    assert not evidence([deaf]).limits_db


def test_a_silence_that_counted_goes_on_counting_until_the_sensor_hears():
    before = evidence([status("A-s12")])
    assert evidence([], before=before, now_s=999) == before
    louder = replace(HEARD, levels_db={"A-s2": -40.0, "A-s12": -45.0})
    assert not evidence([], heard=louder, before=before).limits_db


def test_cells_take_three_sensors_and_a_level():
    premises = premises_of(SITE)
    few = Evidence(levels_db={"A-s2": -40.0}, limits_db={"B-s2": -55.0})
    strange = Evidence(levels_db={"Z": -40.0}, limits_db={"B-s2": -55.0, "B-s12": -55.0, "A-s12": -55.0})
    for found in located([few, strange], premises.ground, premises.state, permitted=[frozenset()] * 2, rules=RULES):
        assert not found.is_told
        assert "a cell takes 3 sensors" in found.why
    (nowhere,) = located([few], None, None, permitted=[frozenset()] * 1, rules=RULES)
    assert nowhere.why == "The site has no cells."


def test_levels_and_silences_rank_cells_and_the_probabilities_are_one():
    premises = premises_of(SITE)
    told = Evidence(levels_db={"A-s2": -30.0, "A-s12": -48.0}, limits_db={"B-s2": -60.0, "B-s12": -60.0})
    (found,) = located([told], premises.ground, premises.state, permitted=[frozenset()] * 1, rules=RULES)
    assert next(iter(found.wings)) == "A"
    assert next(iter(found.cells)) in ("A0", "A1", "A2")
    assert list(found.cells.values()) == sorted(found.cells.values(), reverse=True)
    assert sum(found.wings.values()) + found.permitted + found.outside == pytest.approx(1, abs=1e-3)
    assert found.why == "From 2 levels and 2 silences."


def test_only_differences_of_levels_matter():
    premises = premises_of(SITE)
    first = Evidence(levels_db={"A-s2": -30.0, "A-s12": -48.0, "B-s2": -61.0}, limits_db={})
    second = Evidence(levels_db={name: level + 13 for name, level in first.levels_db.items()}, limits_db={})
    one, other = located([first, second], premises.ground, premises.state, permitted=[frozenset()] * 2, rules=RULES)
    assert one.cells == pytest.approx(other.cells, abs=2e-3)


def test_the_wing_is_the_likeliest_the_loudest_sensors_or_none_outside():
    premises = premises_of(SITE)
    told = Evidence(levels_db={"A-s2": -30.0, "A-s12": -48.0}, limits_db={"B-s2": -60.0})
    (found,) = located([told], premises.ground, premises.state, permitted=[frozenset()] * 1, rules=RULES)
    assert told_wing(None, "B") == "B"
    assert told_wing(found, "B") == "A"
    assert told_wing(replace(found, outside=0.99), "B") is None


@pytest.fixture
def learned():
    premises = premises_of(SITE)
    rng = np.random.default_rng(5)
    levels = rng.uniform(-60, -30, (40, 4))
    state = learn(premises.ground, premises.state, Episodes(levels_db=levels, poi=np.ones(levels.shape)))
    return premises.ground, state


def test_what_was_learned_is_given_back(learned):
    ground, state = learned
    again = restored(ground, dump_state(ground, state))
    for name in ("terms", "covariance", "spread_db", "places"):
        np.testing.assert_array_equal(getattr(again, name), getattr(state, name))
    for name in ("weight", "first", "second", "places", "powers"):
        np.testing.assert_array_equal(getattr(again.memory, name), getattr(state.memory, name))
    assert again.power.origin_db == state.power.origin_db
    np.testing.assert_array_equal(again.power.counts, state.power.counts)


def test_what_was_learned_elsewhere_or_cannot_be_read_is_not_used(learned):
    ground, state = learned
    data = dump_state(ground, state)
    moved = replace(SITE, sensors=(*SITE.sensors[:-1], replace(SITE.sensors[-1], place_m=(30.0, 9.0, 2.6))))
    for site, bytes_ in ((moved, data), (SITE, b""), (SITE, b"garbage"), (SITE, data[: len(data) // 2])):
        premises = premises_of(site, bytes_)
        np.testing.assert_array_equal(premises.state.terms, premises.state.law.mean)
        assert premises.state.power is None


def test_a_site_without_cells_locates_nothing():
    assert premises_of(replace(SITE, cells=())).state is None
