from dataclasses import replace

import numpy as np
import pytest

from api.coverage import HOUR_US, coverage_of, intercepted
from api.uplinks import plan_of
from api.watching import BEGINNING, Tuned
from detector.scan import EVENTS

BAND = next(band for band in plan_of("FR") if band.name == "P-GSM 900")
LTE = next(band for band in plan_of("FR") if band.name == "LTE 20")
HOUR = 5 * HOUR_US


def watch(*tunings, up_s=3600.0, healthy_s=3600.0):
    """A sensor that listened on tunings in MHz, for so many seconds in so many pieces."""
    tuned = tuple(
        Tuned(centre_hz=centre * 1e6, bandwidth_hz=width * 1e6, heard_us=HOUR, seconds=seconds, pieces=pieces)
        for centre, width, seconds, pieces in tunings
    )
    return replace(BEGINNING, hour_us=HOUR, up_s=up_s, healthy_s=healthy_s, tunings=tuned)


def covered(band=BAND, **watches):
    return coverage_of(band, watches, wing="A", hour_us=HOUR)


def test_a_sensor_that_stays_on_the_whole_band_meets_everything():
    told = covered(A1=watch((902, 30, 3600, 1800)))
    assert told.listened_share == 1.0
    assert told.chances == {"access burst": 1.0, "registration": 1.0, "text": 1.0, "call": 1.0}


def test_half_an_hour_meets_half_whatever_the_event():
    told = covered(A1=watch((902, 30, 1800, 900), up_s=1800.0, healthy_s=900.0))
    assert set(told.chances.values()) == {0.5}
    assert (told.listened_share, told.healthy, told.sensors) == (0.5, 0.25, 1)


def test_a_narrow_receiver_hears_its_share_of_the_band():
    told = covered(A1=watch((900, 2.51, 3600, 1800)))
    assert told.listened_share == pytest.approx(0.1)
    assert told.chances["call"] == pytest.approx(0.1)


def test_a_lone_burst_is_met_as_often_as_its_tuning_is_listened_to():
    scan = [(890 + 2.4 * n, 2.4, 240, 240) for n in range(11)]
    told = covered(A1=watch(*scan))
    assert told.chances["access burst"] == pytest.approx(240 / 3600, abs=0.01)
    assert told.chances["call"] > 0.9


def test_the_best_sensor_of_each_piece_counts_and_one_that_was_silent_adds_nothing():
    low, high = watch((895, 10.2, 3600, 1800)), watch((907.5, 15, 1800, 1800))
    told = covered(A1=low, A2=high, A3=BEGINNING)
    assert told.listened_share == pytest.approx((10.2 + 0.5 * 14.9) / 25.1, abs=0.01)
    assert (told.sensors, told.healthy) == (3, 2.0)


def test_a_band_beside_is_not_heard():
    told = covered(LTE, A1=watch((902, 30, 3600, 1800)))
    assert told.listened_share == 0.0
    assert set(told.chances.values()) == {0.0}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_to_listen_for_longer_meets_no_less(name):
    chances = [intercepted(EVENTS[name], share=share, stay_s=1.0) for share in (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 1.0)]
    assert chances == sorted(chances)
    assert (chances[0], chances[-1]) == (0.0, 1.0)


def test_chances_agree_with_scans_that_are_played(rng):
    event = EVENTS["registration"]
    share, stay_s = 0.25, 1.0
    starts = [event.starts(*rng.uniform(size=2)) for _ in range(4000)]
    met = 0
    for times in starts:
        at = times + rng.uniform(0, stay_s / share)
        stay, within = np.divmod(at, stay_s / share)
        heard = (within >= 0) & (within + event.burst_s <= stay_s)
        met += max(np.bincount(stay[heard].astype(int)), default=0) >= event.needed
    expected = intercepted(event, share=share, stay_s=stay_s)
    assert met / 4000 == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 4000) ** 0.5 + 0.01)
