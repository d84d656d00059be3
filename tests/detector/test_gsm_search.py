"""The whole search through the pipeline, on made-up air."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.gsm import search as gsm_search
from detector.gsm.standard import FRAME_S, SLOT_S
from detector.types import Activity, EventKind, Label
from tests.detector.gsm_air import (
    RATE_HZ,
    access_bits,
    eight_bits,
    gmsk,
    noise,
    normal_bits,
    put_burst,
    put_call,
)
from tests.detector.gsm_heard import call_frames, heard, share_found


def test_a_call_is_one_detection_with_all_its_bursts(profile, plan, rng):
    air = noise(1.0, rng)
    begins = put_call(air, call_frames(216), slot=3, tsc=5, carriers_hz=(400e3,), snr_db=8, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert {d.emission for d in out.detections} == {out.detections[0].emission}
    last = out.detections[-1]
    assert last.last
    assert last.kinds == (Label.GSM_NB,)
    assert last.activity == Activity.CALL
    assert last.freq_lower_hz == 300e3
    assert last.snr_db == pytest.approx(8, abs=1)
    assert str(last.channel) == "ARFCN 37"
    assert share_found(out.bursts, begins, 3) >= 0.99
    assert all(burst.detail["tsc"] == 5 for burst in out.bursts)
    assert len(out.bursts) <= len(begins) + 1


@pytest.mark.parametrize("tsc", range(8))
def test_a_call_at_six_below_the_noise_is_found_by_any_training_sequence(profile, plan, tsc):
    rng = np.random.default_rng(tsc)
    air = noise(1.2, rng)
    put_call(air, call_frames(250), slot=3, tsc=tsc, carriers_hz=(400e3,), snr_db=-6, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert {str(d.channel) for d in out.detections} == {"ARFCN 37"}
    assert {burst.detail["tsc"] for burst in out.bursts} == {tsc}


def test_what_begins_like_an_access_burst_and_fills_its_guard_period_is_none(profile, plan, rng):
    """An access burst leaves 68 symbols empty (TS 45.002, 5.2.7); a slot of LTE goes on for half a millisecond."""
    air, start = noise(0.6, rng), 500000.4
    put_burst(air, access_bits(rng), start, carrier_hz=-200e3, snr_db=20, rng=rng)
    after = start + 88 * 2.4e6 * 6 / 1625e3
    put_burst(air, normal_bits(0, rng), after, carrier_hz=-200e3, snr_db=20, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert Label.GSM_AB not in {burst.label for burst in out.bursts}


def test_signalling_at_eight_below_the_noise_is_found_by_its_cycle(profile, plan):
    """Four frames of 51, 28 bursts in 1.5 s: energy that comes again tells where, the training sequence what."""
    found = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        air = noise(1.5, rng)
        frames = [frame for frame in range(330) if frame % 51 in range(12, 16)]
        put_call(air, frames, slot=seed, tsc=seed, carriers_hz=(400e3,), snr_db=-8, rng=rng)
        out = heard(eight_bits(air), profile, plan)
        found += {str(d.channel) for d in out.detections} == {"ARFCN 37"}
    assert found >= 6


def test_a_call_in_bursts_below_the_noise_is_found(profile, plan, rng):
    air = noise(1.5, rng)
    put_call(air, call_frames(324), slot=1, tsc=0, carriers_hz=(-600e3,), snr_db=-7, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert out.detections
    assert all(d.freq_lower_hz == -700e3 for d in out.detections)


def test_a_hopping_call_is_one_emission_over_its_carriers(profile, plan, rng):
    air = noise(1.5, rng)
    carriers = (-400e3, 200e3, 600e3, 800e3)
    put_call(air, call_frames(320), slot=2, tsc=5, carriers_hz=carriers, snr_db=8, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert len({d.emission for d in out.detections}) == 1
    last = out.detections[-1]
    assert (last.freq_lower_hz, last.freq_upper_hz) == (-500e3, 900e3)
    assert last.activity == Activity.CALL


@pytest.mark.parametrize("sequence", range(3), ids=["ordinary", "EGPRS 8-PSK", "EGPRS GMSK"])
def test_an_access_burst_alone_is_an_access(profile, plan, rng, sequence):
    air = noise(0.6, rng)
    put_burst(air, access_bits(rng, sequence), 500000.4, carrier_hz=-200e3, snr_db=10, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert [burst.label for burst in out.bursts] == [Label.GSM_AB]
    assert out.bursts[0].start == pytest.approx(500000.4, abs=2)
    assert out.bursts[0].detail["sequence"] == sequence
    assert out.detections[-1].activity == Activity.ACCESS


def test_signalling_after_access_is_one_phone(profile, plan, rng):
    air = noise(1.6, rng)
    put_burst(air, access_bits(rng), 0.02 * RATE_HZ, carrier_hz=0.0, snr_db=9, rng=rng)
    frames = [f for f in range(30, 340) if f % 51 in range(4)]
    put_call(air, frames, slot=0, tsc=2, carriers_hz=(0.0,), snr_db=9, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert len({d.emission for d in out.detections}) == 1
    assert out.detections[-1].kinds == (Label.GSM_AB, Label.GSM_NB)
    assert out.detections[-1].activity == Activity.SIGNALLING


def test_two_phones_in_the_same_frames_are_two(profile, plan, rng):
    """Twenty decibels apart, on neighbouring carriers and slots."""
    air = noise(1.0, rng)
    put_call(air, call_frames(216), slot=2, tsc=1, carriers_hz=(0.0,), snr_db=25, rng=rng)
    put_call(air, call_frames(216), slot=4, tsc=1, carriers_hz=(200e3,), snr_db=5, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert {d.freq_lower_hz for d in out.detections} == {-100e3, 100e3}
    assert len({d.emission for d in out.detections}) == 2


def test_access_bursts_are_heard_on_a_carrier_of_which_every_slot_is_in_use(profile, plan, rng):
    """Slots five decibels apart from each other: crowded, but with pauses and levels that no base station has."""
    air = noise(0.5, rng)
    accesses = []
    for slot in range(8):
        used = [frame for frame in range(100) if rng.random() < 0.5]
        answered = [frame for frame in used if slot == 3 and frame % 5 == 0]
        calls = [frame for frame in used if frame not in answered]
        put_call(air, calls, slot=slot, tsc=2, carriers_hz=(200e3,), snr_db=35 - 5 * slot, rng=rng)
        for frame in answered:
            accesses.append((0.0011 + frame * FRAME_S + slot * SLOT_S) * RATE_HZ)
            put_burst(air, access_bits(rng), accesses[-1], carrier_hz=200e3, snr_db=20, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert share_found([b for b in out.bursts if b.label == Label.GSM_AB], accesses, 3) == 1


@pytest.mark.parametrize("error_hz", [-17.5e3, 17.5e3])
def test_an_uncalibrated_receiver_hears_a_call(profile, plan, rng, error_hz):
    air = noise(0.8, rng)
    begins = put_call(air, call_frames(170), slot=6, tsc=7, carriers_hz=(200e3 + error_hz,), snr_db=6, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert len({d.emission for d in out.detections}) == 1
    assert out.detections[0].freq_lower_hz == 100e3
    assert share_found(out.bursts, begins, 4) > 0.97


def test_a_recording_without_a_centre_is_searched_everywhere(profile, plan, rng):
    air = noise(0.6, rng)
    put_call(air, call_frames(130), slot=6, tsc=7, carriers_hz=(77e3,), snr_db=10, rng=rng)
    out = heard(eight_bits(air), profile, plan, centre_hz=None)
    assert len({d.emission for d in out.detections}) == 1
    assert out.detections[0].freq_lower_hz == pytest.approx(-23e3, abs=20e3)


def test_air_without_phones_is_silent(profile, plan, rng):
    air = noise(2.0, rng) + 0.006
    air += 0.01 * np.exp(2j * np.pi * 0.137 * np.arange(air.size))
    air[rng.integers(0, air.size, 40)] += 0.5
    out = heard(eight_bits(air), profile, plan)
    assert not out.detections
    assert not out.bursts


def test_nothing_is_heard_outside_the_band_plan(profile, plan, rng):
    air = noise(0.5, rng)
    put_call(air, call_frames(100), slot=3, tsc=5, carriers_hz=(400e3,), snr_db=15, rng=rng)
    assert not heard(eight_bits(air), profile, plan, centre_hz=1.0e9).detections


def test_a_base_station_is_no_phone(profile, plan, rng):
    """A carrier without a pause that bears a training sequence in every slot; frames repeat, as idle ones do."""
    air = noise(1.0, rng)
    bits = np.concatenate([np.append(normal_bits(3, rng), np.ones(8 + (slot % 4 == 3), np.int8)) for slot in range(8)])
    times = np.arange(round(RATE_HZ * 60 / 13e3)) / RATE_HZ
    frame = gmsk(bits, times)
    carrier = np.tile(frame, air.size // frame.size + 1)[: air.size]
    air += (
        0.02 * np.sqrt(10**1.5 * 200e3 / RATE_HZ) * carrier * np.exp(2j * np.pi * 200e3 / RATE_HZ * np.arange(air.size))
    )
    assert not heard(eight_bits(air), profile, plan).detections


def test_a_phone_that_saturates_the_receiver_is_told_so(profile, plan, rng):
    air = noise(0.6, rng)
    put_call(air, call_frames(120), slot=3, tsc=5, carriers_hz=(0.0,), snr_db=50, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert out.detections[-1].clipped
    assert len({d.emission for d in out.detections}) == 1


def limited(out):
    return [event for event in out.events if event.kind is EventKind.LIMITED]


def test_what_the_bounded_search_leaves_out_is_told(profile, plan, rng):
    """Phones in more places than may be looked at: an event says so."""
    air = noise(0.8, rng)
    for carrier in (-800e3, -200e3, 400e3):
        for slot in (0, 2, 4, 6):
            put_call(air, call_frames(170), slot=slot, tsc=2, carriers_hz=(carrier,), snr_db=12, rng=rng)
    samples = eight_bits(air)
    tight = replace(profile, gsm=replace(profile.gsm, looks_a_segment=2, fewest_looks=1))
    events = limited(heard(samples, tight, plan))
    assert events
    assert "the GSM search left out" in events[0].detail
    assert all(event.stop - event.start <= 1.3 * RATE_HZ for event in events)


@pytest.mark.parametrize("phones", [0, 2])
def test_where_the_search_keeps_within_its_bounds_nothing_is_said(profile, plan, rng, phones):
    air = noise(1.5, rng)
    for slot in range(phones):
        put_call(air, call_frames(320), slot=3 * slot, tsc=2, carriers_hz=(400e3 * slot,), snr_db=8, rng=rng)
    assert not limited(heard(eight_bits(air), profile, plan))


@cache
def short_call():
    rng = np.random.default_rng(5)
    air = noise(0.55, rng)
    put_call(air, call_frames(110), slot=3, tsc=5, carriers_hz=(400e3, -200e3), snr_db=3, rng=rng)
    return eight_bits(air)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 1_319_999), max_size=12, unique=True))
def test_blocks_of_any_size_give_the_same_result(profile, plan, cuts):
    assert heard(short_call(), profile, plan, cuts=cuts) == heard(short_call(), profile, plan)


def test_places_that_prove_nothing_are_looked_at_less_and_less_until_something_is_found(
    profile, plan, rng, monkeypatch
):
    """Noise of single carriers' width that comes and goes, for two seconds; then a call begins, and is found all the same."""
    air = noise(4.0, rng)
    frequency = np.fft.fftfreq(air.size, 1 / RATE_HZ)
    for carrier_hz in (-1000e3, -600e3, -200e3, 200e3):
        spectrum = np.fft.fft(noise(4.0, rng))
        spectrum[np.abs(frequency - carrier_hz) > 100e3] = 0
        air += 4 * np.fft.ifft(spectrum) * np.repeat(rng.random(4000) < 0.4, round(RATE_HZ * 1e-3))
    put_call(air, call_frames(430), slot=2, tsc=3, carriers_hz=(600e3,), snr_db=6, rng=rng, start_s=2.0)
    looks = []

    class Watched(gsm_search.Round):
        def run(self):
            looks.append(0)
            return super().run()

        def look(self, lane, snrs):
            looks[-1] += 1
            super().look(lane, snrs)

    monkeypatch.setattr(gsm_search, "Round", Watched)
    out = heard(eight_bits(air), profile, plan)
    assert looks[0] >= profile.gsm.looks_a_segment
    assert sum(looks[2:8]) <= 6 * 2 * profile.gsm.fewest_looks
    assert {str(d.channel) for d in out.detections} == {"ARFCN 38"}
