"""Kinds of activity, and which bursts are one phone's, through the whole pipeline."""

import pytest

from detector.types import Activity, Label
from tests.detector.gsm_air import RATE_HZ, access_bits, eight_bits, noise, put_burst, put_call
from tests.detector.gsm_heard import (
    call_frames,
    frames_of,
    half_rate,
    heard,
    last_detections,
    packet_frames,
    share_found,
    signalling,
    silence,
    speech,
)

SECONDS = 2.0
FRAMES = 430


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("slots", [(3,), (3, 4), (2, 3, 4, 5)], ids=["one slot", "two slots", "four slots"])
def test_packet_data_is_one_emission_whatever_its_slots(profile, plan, rng, slots, share):
    air = noise(SECONDS, rng)
    frames = packet_frames(FRAMES, share, rng)
    begins = [
        begin
        for slot in slots
        for begin in put_call(air, frames, slot=slot, tsc=3, carriers_hz=(200e3,), snr_db=6, rng=rng)
    ]
    out = heard(eight_bits(air), profile, plan)
    [last] = last_detections(out)
    assert last.activity == Activity.DATA
    assert last.kinds == (Label.GSM_NB,)
    assert last.parts["slots"] == len(slots)
    assert share_found(out.bursts, begins, 3) > 0.97
    assert len(out.bursts) <= 1.02 * len(begins)


@pytest.mark.parametrize("rule", [speech, half_rate, silence], ids=["speech", "half rate", "silence"])
def test_two_calls_in_the_same_frames_are_two(profile, plan, rng, rule):
    """Equally strong, on one carrier, in slots of which both leave out the same frames."""
    air = noise(SECONDS, rng)
    for slot in (2, 4):
        put_call(air, frames_of(rule, FRAMES), slot=slot, tsc=3, carriers_hz=(200e3,), snr_db=6, rng=rng)
    assert len(last_detections(heard(eight_bits(air), profile, plan))) == 2


@pytest.mark.parametrize(
    ("rule", "activity"),
    [
        (speech, Activity.CALL),
        (half_rate, Activity.CALL),
        (silence, Activity.CALL_DTX),
        (lambda f: silence(f) or (speech(f) and f // 104 % 2 == 0), Activity.CALL_DTX),
        (signalling, Activity.SIGNALLING),
    ],
    ids=["speech", "half rate", "silence", "speech and silence", "signalling"],
)
@pytest.mark.parametrize("snr_db", [0, 8])
def test_each_kind_is_one_emission_and_told_as_what_it_is(profile, plan, rng, rule, activity, snr_db):
    air = noise(SECONDS, rng)
    begins = put_call(air, frames_of(rule, FRAMES), slot=2, tsc=3, carriers_hz=(200e3,), snr_db=snr_db, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    [last] = last_detections(out)
    assert last.activity == activity
    assert last.bursts == len(out.bursts)
    assert share_found(out.bursts, begins, 4) > 0.95


def test_a_silent_call_s_holes_are_not_painted(profile, plan, rng):
    """Every burst that is told lies where one was sent: of 104 frames, twelve."""
    air = noise(SECONDS, rng)
    begins = put_call(air, frames_of(silence, FRAMES), slot=5, tsc=6, carriers_hz=(-400e3,), snr_db=6, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert all(min(abs(burst.start - begin) for begin in begins) < 4 for burst in out.bursts)
    assert not any(burst.inferred for burst in out.bursts)
    assert len(out.bursts) == len(begins)


@pytest.mark.parametrize("rule", [speech, silence], ids=["speech", "silence"])
def test_a_hopping_call_is_one_emission(profile, plan, rng, rule):
    air = noise(SECONDS, rng)
    carriers = (-600e3, -200e3, 400e3, 800e3)
    frames = frames_of(rule, FRAMES)
    order = rng.integers(0, len(carriers), FRAMES)
    begins = [
        begin
        for at, carrier in enumerate(carriers)
        for begin in put_call(
            air, [f for f in frames if order[f] == at], slot=2, tsc=1, carriers_hz=(carrier,), snr_db=8, rng=rng
        )
    ]
    out = heard(eight_bits(air), profile, plan)
    [last] = last_detections(out)
    assert last.activity == (Activity.CALL if rule is speech else Activity.CALL_DTX)
    assert last.parts["carriers"] == len(carriers)
    assert share_found(out.bursts, begins, 4) > 0.95
    heard_on = {burst.freq_lower_hz + 100e3 for burst in out.bursts}
    assert heard_on == set(carriers)


def test_a_registration_is_signalling_with_its_access(profile, plan, rng):
    air = noise(SECONDS, rng)
    put_burst(air, access_bits(rng), 0.02 * RATE_HZ, carrier_hz=0.0, snr_db=9, rng=rng)
    put_call(air, frames_of(signalling, FRAMES - 30, 30), slot=1, tsc=2, carriers_hz=(0.0,), snr_db=9, rng=rng)
    [last] = last_detections(heard(eight_bits(air), profile, plan))
    assert last.activity == Activity.SIGNALLING
    assert last.kinds == (Label.GSM_AB, Label.GSM_NB)


def test_attempts_that_nobody_answers_are_one_access(profile, plan, rng):
    air = noise(SECONDS, rng)
    for at in (0.1, 0.35, 0.61, 1.2):
        put_burst(air, access_bits(rng), at * RATE_HZ, carrier_hz=600e3, snr_db=9, rng=rng)
    [last] = last_detections(heard(eight_bits(air), profile, plan))
    assert last.activity == Activity.ACCESS
    assert last.kinds == (Label.GSM_AB,)
    assert last.bursts == 4


@pytest.mark.parametrize("tsc", range(8))
@pytest.mark.parametrize("snr_db", [0, 20])
def test_a_call_is_told_within_half_a_second_whatever_its_sequence(profile, plan, rng, tsc, snr_db):
    """The sequences resemble each other, some by more than half (5 and 6, seven symbols apart): they are no rivals."""
    air = noise(0.5, rng)
    put_call(air, call_frames(108), slot=3, tsc=tsc, carriers_hz=(400e3,), snr_db=snr_db, rng=rng)
    first = heard(eight_bits(air), profile, plan).detections[0]
    assert first.part == 1
    assert first.activity == Activity.CALL
    assert first.parts["sequence"] == tsc
