"""What is no phone, or no second one: images, products, overload, other radios, carriers, base stations."""

import numpy as np
import pytest

from detector.gsm.standard import FRAME_S, NORMAL_BITS, SLOT_S, SYMBOL_S, TRAINING, TRAINING_START
from detector.types import Activity
from tests.detector.gsm_air import RATE_HZ, access_bits, eight_bits, gmsk, noise, normal_bits, put_burst, put_call
from tests.detector.gsm_heard import call_frames, frames_of, heard, last_detections, share_found, signalling

FRAMES = 216


def emissions(out):
    return {(d.freq_lower_hz + 100e3, d.emission) for d in out.detections}


@pytest.mark.parametrize("image_db", [-20, -30, -40])
@pytest.mark.parametrize("snr_db", [25, 35, 45])
def test_an_image_is_no_second_phone(profile, plan, rng, image_db, snr_db):
    air = noise(1.0, rng)
    put_call(air, call_frames(FRAMES), slot=3, tsc=3, carriers_hz=(400e3,), snr_db=snr_db, rng=rng)
    air += 10 ** (image_db / 20) * np.exp(0.7j) * np.conj(air)
    out = heard(eight_bits(air), profile, plan)
    assert {carrier for carrier, _ in emissions(out)} == {400e3}
    assert {burst.freq_lower_hz for burst in out.bursts} == {300e3}


@pytest.mark.parametrize("tsc", range(8))
def test_no_sequence_has_an_image_that_is_a_phone(profile, plan, rng, tsc):
    """The image of one sequence is much like another one: what explains it better is asked."""
    air = noise(0.7, rng)
    put_call(air, frames_of(signalling, 150), slot=3, tsc=tsc, carriers_hz=(-600e3,), snr_db=30, rng=rng)
    air += 0.11 * np.conj(air)
    assert len(emissions(heard(eight_bits(air), profile, plan))) == 1


def test_an_image_of_an_access_burst_is_none(profile, plan, rng):
    air = noise(0.6, rng)
    for at in (0.1, 0.3, 0.45):
        put_burst(air, access_bits(rng), at * RATE_HZ, carrier_hz=-400e3, snr_db=33, rng=rng)
    air += 0.07 * np.conj(air)
    out = heard(eight_bits(air), profile, plan)
    assert {carrier for carrier, _ in emissions(out)} == {-400e3}
    assert len(out.bursts) == 3


def test_a_real_phone_where_the_image_would_be_is_found(profile, plan, rng):
    """Another slot at the mirrored offset, thirty decibels weaker."""
    air = noise(1.0, rng)
    put_call(air, call_frames(FRAMES), slot=3, tsc=3, carriers_hz=(400e3,), snr_db=33, rng=rng)
    put_call(air, call_frames(FRAMES), slot=6, tsc=3, carriers_hz=(-400e3,), snr_db=3, rng=rng)
    air += 0.05 * np.conj(air)
    assert {carrier for carrier, _ in emissions(heard(eight_bits(air), profile, plan))} == {400e3, -400e3}


@pytest.mark.parametrize("strength", [1.0, 3.0, 10.0])
def test_third_order_products_of_two_phones_are_no_phones(profile, plan, rng, strength):
    """Both in the same slot: their products lie one spacing beside either."""
    air = noise(1.0, rng)
    for carrier, tsc in ((-200e3, 2), (200e3, 2)):
        put_call(air, call_frames(FRAMES), slot=3, tsc=tsc, carriers_hz=(carrier,), snr_db=30, rng=rng)
    air += strength * np.abs(air) ** 2 * air
    assert {carrier for carrier, _ in emissions(heard(eight_bits(air), profile, plan))} == {-200e3, 200e3}


@pytest.mark.parametrize("strength", [1.0, 3.0, 10.0])
def test_the_product_of_a_phone_and_a_carrier_is_no_phone(profile, plan, rng, strength):
    """Twice the carrier less the burst is the burst's image about the carrier."""
    air = noise(1.0, rng)
    put_call(air, call_frames(FRAMES), slot=3, tsc=3, carriers_hz=(-400e3,), snr_db=34, rng=rng)
    air += 0.2 * np.exp(2j * np.pi * 0.2e6 / RATE_HZ * np.arange(air.size))
    air += strength * np.abs(air) ** 2 * air
    assert {carrier for carrier, _ in emissions(heard(eight_bits(air), profile, plan))} == {-400e3}


@pytest.mark.parametrize("snr_db", [50, 60])
@pytest.mark.parametrize(
    ("rule", "activity"),
    [(lambda f: f % 26 != 25, Activity.CALL), (signalling, Activity.SIGNALLING)],
    ids=["call", "signalling"],
)
def test_a_phone_that_saturates_the_receiver_is_one_and_told_so(profile, plan, rng, rule, activity, snr_db):
    """The converter's third and fifth multiples carry the same sequence at the same time (-600 and 1000 kHz)."""
    air = noise(1.0, rng)
    put_call(air, frames_of(rule, FRAMES), slot=3, tsc=3, carriers_hz=(200e3,), snr_db=snr_db, rng=rng)
    [last] = last_detections(heard(eight_bits(air), profile, plan))
    assert last.clipped
    assert last.freq_lower_hz == 100e3
    assert last.activity == activity


def test_a_weak_phone_is_heard_between_the_bursts_of_one_that_saturates_the_receiver(profile, plan, rng):
    air = noise(1.0, rng)
    put_call(air, call_frames(FRAMES), slot=2, tsc=3, carriers_hz=(200e3,), snr_db=50, rng=rng)
    begins = put_call(air, call_frames(FRAMES), slot=5, tsc=6, carriers_hz=(-600e3,), snr_db=5, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert {carrier for carrier, _ in emissions(out)} == {200e3, -600e3}
    weak = [burst for burst in out.bursts if burst.freq_lower_hz == -700e3]
    assert share_found(weak, begins, 4) > 0.95
    assert not any(burst.clipped for burst in weak)


@pytest.mark.parametrize("beside", [(200e3, 4), (200e3, 6), (-200e3, 4), (400e3, 3), (0.0, 5)])
def test_phones_thirty_decibels_apart_on_neighbouring_carriers_and_slots_are_both_found(profile, plan, rng, beside):
    """In the same slot of the next carrier they are not: there GMSK's own spectrum stands some 10 dB above the weaker."""
    carrier, slot = beside
    air = noise(1.0, rng)
    put_call(air, call_frames(FRAMES), slot=3, tsc=3, carriers_hz=(0.0,), snr_db=32, rng=rng)
    begins = put_call(air, call_frames(FRAMES), slot=slot, tsc=3, carriers_hz=(carrier,), snr_db=2, rng=rng)
    out = heard(eight_bits(air), profile, plan)
    assert len(emissions(out)) == 2
    assert {found for found, _ in emissions(out)} == {0.0, carrier}
    weak = [burst for burst in out.bursts if burst.snr_db < 15]
    assert share_found(weak, begins, 5) > 0.9


def hop(air, rng, *, bits_of, dwell_s, every_s, snr_db):
    """Bursts of some bits that hop over all carriers."""
    for start in np.arange(0.001, air.size / RATE_HZ - 0.002, every_s):
        carrier = 200e3 * rng.integers(-5, 6)
        bits = bits_of(round(dwell_s / SYMBOL_S))
        put_burst(air, bits, start * RATE_HZ, carrier_hz=carrier, snr_db=snr_db, rng=rng)


@pytest.mark.parametrize("snr_db", [3, 15, 30])
@pytest.mark.parametrize(
    ("dwell_s", "every_s"),
    [(366e-6, 625e-6), (4e-3, 8e-3), (NORMAL_BITS * SYMBOL_S, FRAME_S), (NORMAL_BITS * SYMBOL_S, SLOT_S)],
    ids=["short slots", "long dwells", "a burst a frame", "a burst a slot"],
)
def test_a_hopper_that_is_not_gsm_is_no_phone(profile, plan, rng, dwell_s, every_s, snr_db):
    """Its bits are modulated as GSM's are, even its slots may be GSM's, but no training sequence is in them.

    One burst of the thousands may resemble an access burst; a lone one is no detection.
    """
    air = noise(1.0, rng)

    def random_bits(count):
        return rng.integers(0, 2, count).astype(np.int8)

    hop(air, rng, bits_of=random_bits, dwell_s=dwell_s, every_s=every_s, snr_db=snr_db)
    out = heard(eight_bits(air), profile, plan)
    assert not out.detections
    assert len(out.bursts) <= 1


@pytest.mark.parametrize("snr_db", [6, 25])
def test_a_device_that_repeats_one_word_in_a_slot_is_no_phone(profile, plan, rng, snr_db):
    """Always the same 26 bits in the middle of a burst, at GSM's own rate, that are no training sequence."""
    word = np.array([0, 1] * 13, np.int8)
    air = noise(1.0, rng)
    for frame in range(FRAMES):
        bits = rng.integers(0, 2, NORMAL_BITS).astype(np.int8)
        bits[TRAINING_START : TRAINING_START + TRAINING.shape[1]] = word
        put_burst(air, bits, (0.002 + frame * FRAME_S) * RATE_HZ, carrier_hz=200e3, snr_db=snr_db, rng=rng)
    assert not heard(eight_bits(air), profile, plan).detections


@pytest.mark.parametrize("level_db", [0, 20, 40])
@pytest.mark.parametrize("keyed", [False, True], ids=["steady", "keyed"])
def test_a_carrier_is_no_phone(profile, plan, rng, level_db, keyed):
    """Of a level over the noise in 200 kHz, with a voice's swing; keyed, it comes and goes with GSM's own frames."""
    air = noise(1.0, rng)
    time_s = np.arange(air.size) / RATE_HZ
    cycles = 2e5 * time_s + 2.5 * np.sin(2 * np.pi * 900 * time_s)
    amplitude = np.sqrt(0.02**2 * 200e3 / RATE_HZ * 10 ** (level_db / 10))
    on = (time_s % FRAME_S < SLOT_S) if keyed else 1.0
    air += amplitude * on * np.exp(2j * np.pi * cycles)
    out = heard(eight_bits(air), profile, plan)
    assert not out.detections
    assert not out.bursts


def beacon(seconds, rng, *, tsc):
    """A base station's own carrier: all slots at one power, frequency correction every ten or eleven frames (TS 45.002, 7)."""
    bits = []
    for frame in range(int(seconds / FRAME_S) + 1):
        for slot in range(8):
            first = slot == 0 and frame % 51 in {0, 10, 20, 30, 40}
            bits += [np.zeros(NORMAL_BITS, np.int8) if first else normal_bits(tsc, rng), np.ones(8 + (slot % 4 == 3))]
    times_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return gmsk(np.concatenate(bits).astype(np.int8), times_s)


@pytest.mark.parametrize("snr_db", [-3, 5, 15, 30])
def test_a_base_station_is_no_phone_at_any_level(profile, plan, rng, snr_db):
    air = noise(1.0, rng)
    amplitude = np.sqrt(0.02**2 * 200e3 / RATE_HZ * 10 ** (snr_db / 10))
    turn = np.exp(2j * np.pi * 200e3 / RATE_HZ * np.arange(air.size))
    air += amplitude * beacon(1.0, rng, tsc=4) * turn
    assert not heard(eight_bits(air), profile, plan).detections
