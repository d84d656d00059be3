from dataclasses import replace
from datetime import date

import pytest

from api.alarms import Alarm, AlarmKind, Subject
from api.hearing import Ear, band_standing, heard_share
from api.levels import Level, LevelKind, Side
from api.settings import Settings
from api.states import SensorState, WingState
from api.uplinks import bands_of, plan_of, unknown_bands
from api.watch_rules import rules_of
from api.watching import BEGINNING, Tuned
from detector.site import parse_site

NOW = 10_000_000_000
RULES = rules_of(Settings(site="site.toml"))
BAND = next(band for band in plan_of("FR") if band.name == "P-GSM 900")
UMTS = next(band for band in plan_of("FR") if band.name == "UMTS I")
TUNED = Tuned(centre_hz=902e6, bandwidth_hz=30e6, heard_us=NOW, seconds=2.0, pieces=1)
FLOOR = Level(
    kind=LevelKind.FLOOR,
    frequency_hz=902e6,
    width_hz=30e6,
    gain_db=None,
    jammed=False,
    usual_db=-61.0,
    spread_db=0.3,
    beats=100,
    latest_db=-61.0,
    seen_us=NOW,
    side=Side.WITHIN,
    since_us=0,
    side_beats=100,
)
WATCH = replace(BEGINNING, tunings=(TUNED,), levels=(FLOOR,))
WELL = Ear(name="A1", state=SensorState.FRESH, watch=WATCH)


def alarm(kind, *bands):
    return Alarm(
        id=1,
        kind=kind,
        subject=Subject.SENSOR,
        name="A1",
        wing="A",
        bands=bands,
        word="",
        facts={},
        raised_us=0,
    )


def standing(*ears, band=BAND, phones=0, least_share=0.01):
    told = band_standing(band, ears, phones=phones, least_share=least_share, rules=RULES, now_us=NOW)
    return told.state, told.why


@pytest.mark.parametrize(
    ("ear", "state", "why"),
    [
        (WELL, WingState.QUIET, "no phone is heard"),
        (replace(WELL, state=SensorState.STALE), WingState.STALE, "nobody listens"),
        (replace(WELL, state=SensorState.CLOCK), WingState.STALE, "nobody listens"),
        (replace(WELL, state=SensorState.NEVER), WingState.BLIND, "no sensor was ever heard"),
        (replace(WELL, alarms=(alarm(AlarmKind.JAMMED),)), WingState.BLIND, "A1 is jammed"),
        (replace(WELL, alarms=(alarm(AlarmKind.ANTENNA),)), WingState.BLIND, "A1 lost its antenna"),
        (replace(WELL, alarms=(alarm(AlarmKind.LOST),)), WingState.DEGRADED, "A1 lost detections"),
        (replace(WELL, watch=replace(WATCH, tunings=())), WingState.BLIND, "no sensor is tuned to it"),
        (
            replace(WELL, watch=replace(WATCH, tunings=(replace(TUNED, heard_us=NOW - 301_000_000),))),
            WingState.BLIND,
            "no sensor is tuned to it",
        ),
        (
            replace(WELL, watch=replace(WATCH, levels=())),
            WingState.DEGRADED,
            "the noise floor at A1 is still being learned",
        ),
    ],
)
def test_a_band_is_quiet_only_where_all_that_must_hold_does(ear, state, why):
    assert standing(ear) == (state, why)


def test_one_sensor_that_is_well_keeps_a_band_from_being_blind_and_the_other_from_being_quiet():
    deaf = replace(WELL, name="A2", alarms=(alarm(AlarmKind.SATURATED),))
    assert standing(WELL, deaf) == (WingState.DEGRADED, "A2 is saturated")
    assert standing(WELL, replace(WELL, name="A2", state=SensorState.STALE)) == (
        WingState.DEGRADED,
        "nothing from A2",
    )


def test_less_than_is_planned_is_degraded():
    half = replace(WELL, watch=replace(WATCH, tunings=(replace(TUNED, bandwidth_hz=12.0e6),)))
    assert standing(half, least_share=0.5) == (
        WingState.DEGRADED,
        "48% of it is listened to where 50% is planned",
    )


def test_a_phone_is_told_over_everything_else():
    assert standing(replace(WELL, state=SensorState.STALE), phones=2) == (WingState.ALERT, "2 phones are heard")


def test_a_band_whose_signals_are_not_searched_for_is_blind():
    assert standing(WELL, band=UMTS) == (WingState.BLIND, "its signals are not searched for")
    assert standing() == (WingState.BLIND, "no sensor is to hear it")


def test_overlapping_spans_count_once():
    assert heard_share(BAND, [(880e6, 900e6), (895e6, 902.45e6)]) == pytest.approx(0.5)
    assert heard_share(BAND, []) == 0.0


SITE = (
    'name = "x"\ncountry = "FR"\ntime_zone = "UTC"\n[[wing]]\nname = "A"\ntitle = "A"\n{}'
    '[[sensor]]\nname = "A1"\nwing = "A"\nplace_m = [0, 0, 0]\n'
)


def test_a_wing_hears_the_bands_that_it_names_or_else_those_that_its_sensors_listen_to():
    named = parse_site(SITE.format('bands = ["LTE 20", "UMTS I"]\n').encode())
    plain = parse_site(SITE.format("").encode())

    def names(site, watches):
        return [band.name for band in bands_of(site, "A", watches, day=date(2026, 3, 1), rules=RULES)]

    assert names(named, {"A1": WATCH}) == ["UMTS I", "LTE 20"]
    assert names(plain, {"A1": WATCH}) == ["E-GSM 900, lower part", "P-GSM 900", "LTE 8"]
    assert names(plain, {}) == []


def test_a_country_without_a_plan_knows_no_band():
    site = parse_site(SITE.format('bands = ["LTE 20"]\n').replace('"FR"', '"XX"').encode())
    assert unknown_bands(site) == [
        "site: wing 'A': band 'LTE 20' is not in the plan; known are none: there is no band plan of XX"
    ]
