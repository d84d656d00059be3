"""The air of the proofs is what it says it is, and what is sent loudly in it is found."""

from dataclasses import replace

import numpy as np
import pytest

from detector.types import Label, Technology
from tests.prove import gsm_pd, lte_pd
from tests.prove.air import RATE_HZ, add, converted, heard, noise
from tests.prove.finding import Phone, burst_share
from tests.prove.proof import Share
from tests.prove.quiet_air import quiet_air

CENTRE_HZ = 897e6


@pytest.mark.parametrize("make", [gsm_pd.access, lambda rng: lte_pd.voice(rng)[1]])
@pytest.mark.parametrize("snr_db", [-6.0, 3.0])
def test_a_transmission_is_as_strong_as_it_is_asked_to_be(rng, make, snr_db):
    one = make(rng)
    air = np.zeros(round(0.5 * RATE_HZ), np.complex64)
    add(air, [one], centre_hz=CENTRE_HZ, noise_power=4.0, snr_db=snr_db)
    first, last = round(one.start_s * RATE_HZ), round((one.start_s + one.duration_s) * RATE_HZ)
    in_band = 4.0 * (one.upper_hz - one.lower_hz) / RATE_HZ
    measured = np.mean(np.abs(air[first:last]) ** 2) / in_band
    # The power of a subframe scatters with its data.
    assert 10 * np.log10(measured) == pytest.approx(snr_db, abs=0.5)
    assert np.sum(np.abs(air) ** 2) == pytest.approx(np.sum(np.abs(air[first:last]) ** 2), rel=0.05)


@pytest.mark.parametrize("rms", [1.0, 3.0])
def test_the_converter_adds_its_own_noise_and_no_more(rng, rms):
    parts = converted(noise(0.5, rms=rms, rng=rng)) * 127.5
    power = np.mean(np.abs(parts - parts.mean()) ** 2)
    # Real and imaginary parts of half a million samples: the variance scatters by 0.2 %.
    assert power == pytest.approx(rms**2 + 2 / 12, rel=0.01)
    assert parts.mean() == pytest.approx(-0.13 * (1 + 1j), abs=0.02)


def test_quiet_air_never_ends_up_silent_or_clipped_throughout(rng):
    for _ in range(4):
        air = quiet_air(0.5, rng=rng)
        assert np.isfinite(air).all()
        assert 0.05 < np.median(np.abs(air)) < 100


def test_a_loud_phone_is_found_and_nothing_beside_it(rng):
    sent = gsm_pd.call(rng)[:80]
    found = heard(sent, seconds=0.8, snr_db=12.0, centre_hz=CENTRE_HZ, rng=rng)
    phone = Phone.of(sent, centre_hz=CENTRE_HZ)
    assert phone.found(found)
    assert phone.others(found) == 0
    assert replace(phone, technology=Technology.LTE).others(found) == 1
    assert not replace(phone, start_s=5.0, stop_s=6.0).found(found)
    assert burst_share(sent, found, labels={Label.GSM_NB}, centre_hz=CENTRE_HZ) == Share(80, 80)
    assert burst_share(sent, found, labels={Label.GSM_AB}, centre_hz=CENTRE_HZ) == Share(0, 80)
    late = [replace(one, start_s=one.start_s + 100e-6) for one in sent]
    assert burst_share(late, found, labels={Label.GSM_NB}, centre_hz=CENTRE_HZ) == Share(0, 80)
    assert burst_share(sent, found, labels={Label.GSM_NB}, centre_hz=CENTRE_HZ + 400e3) == Share(0, 80)


def test_a_loud_call_over_lte_is_found(rng):
    sent = lte_pd.voice(rng)
    found = heard(sent, seconds=1.7, snr_db=12.0, centre_hz=CENTRE_HZ, rng=rng)
    phone = Phone.of(sent, centre_hz=CENTRE_HZ)
    assert phone.found(found)
    assert phone.others(found) == 0
    control = [one for one in sent if one.label is Label.LTE_PUCCH]
    assert burst_share(control, found, labels=lte_pd.CONTROL, centre_hz=CENTRE_HZ).hits > 0.9 * len(control)
