"""What is told of each burst: time, length, carrier, sequence, SNR, power, through the whole pipeline."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from detector import spectra
from detector.gsm.standard import ACCESS_BITS, NORMAL_BITS, SYMBOL_S
from detector.types import Label
from tests.detector.gsm_air import (
    RATE_HZ,
    access_bits,
    delay_bound_symbols,
    eight_bits,
    noise,
    put_burst,
    put_call,
)
from tests.detector.gsm_heard import call_frames, heard, last_detections, share_found

LEVEL = 0.02
FRAMES = 216


def power_dbfs(snr_db):
    """True power of a burst of such an SNR in 200 kHz, as ``put_burst`` makes it."""
    return snr_db + 10 * np.log10(LEVEL**2 * 200e3 / RATE_HZ)


@pytest.mark.parametrize("slots", [(3,), (1, 2, 4, 5, 7)], ids=["one slot", "five slots"])
@pytest.mark.parametrize("snr_db", [2, 12, 30])
def test_snr_and_power_are_those_that_were_sent_however_busy_the_carrier(profile, plan, rng, snr_db, slots):
    """Bursts in many slots raise the learned floor by up to their own strength; their SNR is over the noise all the same."""
    air = noise(1.0, rng)
    for slot in slots:
        put_call(air, call_frames(FRAMES), slot=slot, tsc=5, carriers_hz=(400e3,), snr_db=snr_db, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    error_db = 0.7 if len(slots) == 1 else 1.3
    assert np.median([burst.snr_db for burst in out.bursts]) == pytest.approx(snr_db, abs=error_db)
    assert np.median([burst.power_dbfs for burst in out.bursts]) == pytest.approx(power_dbfs(snr_db), abs=error_db)
    assert last_detections(out)[0].power_dbfs == pytest.approx(power_dbfs(snr_db), abs=error_db)


@pytest.mark.parametrize("line_db", [5, 15, 23])
def test_power_on_the_carrier_of_the_receiver_s_own_line_is_that_of_the_burst(profile, plan, rng, line_db):
    """A DC line as strong as real receivers have (over the noise in one bin) raises that bin's floor, not the burst."""
    bin_noise = LEVEL**2 / spectra.transform_size(RATE_HZ)
    air = noise(1.0, rng) + np.sqrt(bin_noise * 10 ** (line_db / 10))
    put_call(air, call_frames(FRAMES), slot=3, tsc=5, carriers_hz=(0.0,), snr_db=10, rng=rng)
    last = last_detections(heard(eight_bits(air), profile, plan))[0]
    assert last.power_dbfs == pytest.approx(power_dbfs(10), abs=1)


@pytest.mark.parametrize("snr_db", [6, 20])
def test_an_access_burst_is_measured_as_it_was_sent(profile, plan, rng, snr_db):
    air = noise(1.2, rng)
    begins = (0.05 + 0.1 * np.arange(10) + rng.uniform(0, 0.01, 10)) * RATE_HZ
    for begin in begins:
        put_burst(air, access_bits(rng), begin, carrier_hz=-200e3, snr_db=snr_db, rng=rng)
    bursts = heard(eight_bits(air), profile, plan).bursts
    assert [burst.label for burst in bursts] == [Label.GSM_AB] * 10
    assert [burst.start for burst in bursts] == pytest.approx(begins, abs=3)
    assert {burst.count for burst in bursts} == {round(ACCESS_BITS * SYMBOL_S * RATE_HZ)}
    assert np.median([burst.snr_db for burst in bursts]) == pytest.approx(snr_db, abs=1)
    assert np.median([burst.power_dbfs for burst in bursts]) == pytest.approx(power_dbfs(snr_db), abs=1)


def test_a_weak_phone_beside_a_strong_one_in_time_is_measured_alone(profile, plan, rng):
    """Twenty-five decibels stronger in the slot before, on the same carrier."""
    air = noise(1.0, rng)
    put_call(air, call_frames(FRAMES), slot=3, tsc=5, carriers_hz=(400e3,), snr_db=28, rng=rng)
    put_call(air, call_frames(FRAMES), slot=4, tsc=5, carriers_hz=(400e3,), snr_db=3, rng=rng)
    told = sorted(d.snr_db for d in last_detections(heard(eight_bits(air), profile, plan)))
    assert told == pytest.approx([3, 28], abs=1)


def test_each_burst_tells_its_carrier_sequence_and_length(profile, plan, rng):
    air = noise(1.0, rng)
    sent = {(-600e3, 1): 2, (-200e3, 4): 7, (800e3, 6): 0}
    for (carrier, slot), tsc in sent.items():
        put_call(air, call_frames(FRAMES), slot=slot, tsc=tsc, carriers_hz=(carrier,), snr_db=9, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert {burst.count for burst in out.bursts} == {round(NORMAL_BITS * SYMBOL_S * RATE_HZ)}
    assert {(burst.freq_lower_hz + 100e3, burst.detail["tsc"]) for burst in out.bursts} == {
        (carrier, tsc) for (carrier, _), tsc in sent.items()
    }
    assert {str(d.channel) for d in last_detections(out)} == {"ARFCN 32", "ARFCN 34", "ARFCN 39"}


def test_starts_at_ten_decibels_are_within_a_tenth_of_a_symbol(profile, plan, rng):
    """Against the bound on the delay of the training sequence: a start is a whole sample, which adds a twelfth of one squared.

    Each burst lies at a place of its own within a sample, since a frame is no whole number of them.
    """
    air = noise(2.0, rng)
    begins = np.array(
        put_call(air, call_frames(430), slot=3, tsc=2, carriers_hz=(-400e3,), snr_db=10, rng=rng, start_s=0.00113)
    )
    bursts = heard(eight_bits(air), profile, plan).bursts
    starts = np.array([burst.start for burst in bursts])
    error = (starts - begins[np.abs(starts[:, None] - begins).argmin(axis=1)]) * (1 / (SYMBOL_S * RATE_HZ))
    bound = delay_bound_symbols(10) ** 2 + (1 / (SYMBOL_S * RATE_HZ)) ** 2 / 12
    low, high = chi2.interval(0.999, error.size) / np.array(error.size)
    assert len(bursts) == len(begins)
    assert np.sqrt(np.mean(error**2)) < 0.1
    assert np.mean(error**2) > bound * low
    assert np.mean(error**2) < 1.6**2 * bound * high


@pytest.mark.parametrize("centre_hz", [897e6, 1747.4e6])
@pytest.mark.parametrize("error_ppm", [-20.0, 20.0])
def test_an_uncalibrated_receiver_misses_no_more_than_a_calibrated_one(profile, plan, rng, centre_hz, error_ppm):
    """Twenty parts per million are 35 kHz at 1.7 GHz: a sixth of a carrier; at 3 dB, recall falls by at most 0.05."""
    offset = error_ppm * 1e-6 * centre_hz
    air = noise(1.0, rng)
    begins = put_call(air, call_frames(FRAMES), slot=6, tsc=4, carriers_hz=(200e3 + offset,), snr_db=3, rng=rng)
    out = heard(eight_bits(air), profile, plan, centre_hz=centre_hz)
    assert {d.freq_lower_hz for d in out.detections} == {100e3}
    assert len({d.emission for d in out.detections}) == 1
    assert share_found(out.bursts, begins, 4) >= 0.95
    assert len(out.bursts) <= 1.02 * len(begins)


@pytest.mark.parametrize("error_ppm", [-1.0, 0.4, 1.0])
def test_a_calibrated_receiver_looks_for_one_part_per_million_alone(profile, plan, rng, error_ppm):
    calibrated = replace(profile, gsm=replace(profile.gsm, frequency_error_ppm=1.0))
    air = noise(1.0, rng)
    carrier = 200e3 + error_ppm * 897
    begins = put_call(air, call_frames(FRAMES), slot=6, tsc=4, carriers_hz=(carrier,), snr_db=3, rng=rng)
    out = heard(eight_bits(air), calibrated, plan)
    assert len({d.emission for d in out.detections}) == 1
    assert share_found(out.bursts, begins, 4) >= 0.97
