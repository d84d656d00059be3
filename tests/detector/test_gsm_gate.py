"""The energy gate in white noise and on bursts, against the gamma distribution."""

import numpy as np
import pytest
from scipy.stats import binomtest, gamma

from detector import spectra
from detector.gsm.channels import carriers_hz, make_channels
from detector.gsm.gate import CELLS, frame_energy, make_gate, read
from detector.gsm.lanes import Lane, clean, energy_log10_p, folded_lanes, folds, single_lanes, single_places
from detector.gsm.past import empty_past, explained, grown
from detector.gsm.standard import FRAME_S, NORMAL_BITS, SYMBOL_S
from detector.search import Context
from detector.types import Segment, Tuning
from tests.detector.gsm_air import CENTRE_HZ, RATE_HZ, noise, normal_bits, put_burst

LEVEL = 0.02


def context_of(profile, *, rate_hz=RATE_HZ, centre_hz=CENTRE_HZ):
    n_bins = spectra.transform_size(rate_hz)
    half = rate_hz / 2
    tuning = Tuning(sample_rate_hz=rate_hz, centre_hz=centre_hz)
    return Context(tuning=tuning, first=0, ranges=((-half, half),), n_bins=n_bins, lead=0, profile=profile)


def channels_of(context):
    return make_channels(context, frequency_error_hz=1e3, splatter=1e-4, image=1e-3)


def cells_of(context, air):
    """Cells of one long segment whose floor is known exactly."""
    samples = air.astype(np.complex64)
    power = spectra.power_map(samples, context.n_bins)
    rate = context.tuning.sample_rate_hz
    segment = Segment(
        tuning=context.tuning,
        start=0,
        stop=samples.size,
        iq=samples,
        iq_start=0,
        power=power,
        step=context.n_bins,
        floor=np.full(context.n_bins, LEVEL**2 / context.n_bins, np.float32),
        own_start=0,
        own_stop=samples.size,
        first=True,
    )
    channels = channels_of(context)
    gate, energy, frames = read(make_gate(first=0, rate_hz=rate), segment, channels)
    return (*frame_energy(gate, energy, frames, channels), channels)


@pytest.mark.parametrize("rate_hz", [500e3, 13e6 / 12, 2.4e6])
def test_noise_has_unit_deviation(profile, rng, rate_hz):
    """The deviation is computed from the window's own correlation of bins, not measured."""
    context = context_of(profile, rate_hz=rate_hz)
    for cells in cells_of(context, noise(1.2e6 / rate_hz, rng, rate_hz=rate_hz))[:2]:
        assert cells.mean() == pytest.approx(0.0, abs=0.1)
        assert cells.std() == pytest.approx(1.0, abs=0.1)


def detection_probability(snr_db, threshold, channels, channel, steps):
    """Pd of the energy of one burst: the sum of weighted bins as a gamma variable of the same mean and variance."""
    shape = steps / channels.variance[channel]
    rise = 10 ** (snr_db / 10) * channels.gain[channel]
    level = 1 + threshold * np.sqrt(channels.variance[channel] / steps)
    return gamma.sf(level / (1 + rise) * shape, shape)


@pytest.mark.parametrize("snr_db", [-4.0, -2.0, 0.0])
def test_single_burst_is_found_as_theory_says(profile, rng, snr_db):
    """Bursts at the beginning of a cell; within a decibel of the closed form, which leaves out steps that a burst fills in part."""
    context = context_of(profile)
    air = noise(0.6, rng)
    frames = np.arange(1, 120)
    for frame in frames:
        start = (frame * FRAME_S + 10 * FRAME_S / CELLS) * RATE_HZ
        put_burst(air, normal_bits(1, rng), start, carrier_hz=200e3, snr_db=snr_db, rng=rng)
    normal, _, channels = cells_of(context, air)
    channel = int(np.flatnonzero(channels.carriers_hz == 200e3)[0])
    hits = int((normal[frames, 10, channel] > 4).sum())
    interval = binomtest(hits, frames.size).proportion_ci(0.999)
    steps = NORMAL_BITS * SYMBOL_S * RATE_HZ / context.n_bins
    assert interval.high > detection_probability(snr_db - 1, 4, channels, channel, steps)
    assert interval.low < detection_probability(snr_db + 1, 4, channels, channel, steps)


def test_carriers_lie_on_the_absolute_raster():
    tuning = Tuning(sample_rate_hz=2.4e6, centre_hz=897.05e6)
    offsets = carriers_hz(tuning, ((-1.2e6, 1.2e6),))
    assert np.allclose((offsets + 897.05e6) % 200e3, 0)
    assert np.abs(offsets).max() <= 1.12e6


def test_carriers_stay_inside_the_band_plan():
    tuning = Tuning(sample_rate_hz=2.4e6, centre_hz=897e6)
    assert np.array_equal(carriers_hz(tuning, ((100e3, 500e3),)), [200e3, 400e3])


def test_carriers_are_everywhere_where_the_centre_is_not_known():
    offsets = carriers_hz(Tuning(sample_rate_hz=1e6), ((-500e3, 500e3),))
    assert np.diff(offsets).max() <= 34e3


def test_leakage_is_no_burst(profile, rng):
    """A burst 35 dB over the noise stays alone among all carriers after cleaning."""
    context = context_of(profile)
    air = noise(0.03, rng)
    put_burst(air, normal_bits(1, rng), 20000, carrier_hz=0.0, snr_db=35, rng=rng)
    normal, _, channels = cells_of(context, air)
    cleaned = clean(normal, channels, profile.gsm)
    loud = np.flatnonzero((cleaned > 6).any(axis=(0, 1)))
    assert np.array_equal(channels.carriers_hz[loud], [0.0])


def test_an_impulse_is_no_burst(profile, rng):
    context = context_of(profile)
    air = noise(0.03, rng)
    air[40000] += 5.0
    normal, _, channels = cells_of(context, air)
    assert normal.max() > 20
    assert clean(normal, channels, profile.gsm).max() < 6


def test_energy_of_a_megahertz_is_no_burst_and_hides_none_beside_it(profile, rng):
    """A millisecond of band-limited noise, as an LTE upload sends it, and a GSM burst of the same time 800 kHz away."""
    context = context_of(profile)
    air = noise(0.03, rng)
    begin, length = 20000, 2400
    spectrum = np.fft.fft(noise(length / RATE_HZ, rng))
    spectrum[np.abs(np.fft.fftfreq(length, 1 / RATE_HZ)) > 450e3] = 0
    turn = np.exp(-2j * np.pi * 400e3 / RATE_HZ * np.arange(length))
    air[begin : begin + length] += 8 * np.fft.ifft(spectrum) * turn
    put_burst(air, normal_bits(1, rng), begin + 300, carrier_hz=800e3, snr_db=12, rng=rng)
    normal, _, channels = cells_of(context, air)
    assert (normal > 20).any(axis=(0, 1)).sum() >= 5
    loud = np.flatnonzero((clean(normal, channels, profile.gsm) > 6).any(axis=(0, 1)))
    assert np.array_equal(channels.carriers_hz[loud], [800e3])


def test_folds_count_every_frame_once(rng):
    past = rng.standard_normal((416, CELLS, 3)).astype(np.float32)
    for cycle in (1, 51, 104):
        folded, counts = folds(past, cycle, 1)
        assert counts.sum() == 416
        assert np.allclose(folded.sum(axis=0), past.sum(axis=0), atol=1e-2)


@pytest.mark.parametrize("frames", [range(416), range(7, 416, 51)])
def test_a_column_is_found_in_its_frames(frames, rng):
    past = np.clip(rng.standard_normal((416, CELLS, 4)), -6, 6).astype(np.float32)
    own = [f for f in range(416) if f % 51 in range(7, 11)] if len(frames) < 100 else list(frames)
    past[own, 23, 2] += 2.5 if len(frames) < 100 else 1.0
    lanes = list(folded_lanes(past, np.zeros(4, np.float32), 1000, threshold=6, least=0, per_pattern=1, most_frames=48))
    assert {(lane.channel, lane.cell) for lane in lanes} == {(2, 23)}
    assert all(set(lane.frames - 1000) <= set(lane.pattern - 1000) for lane in lanes)
    if len(own) < 100:
        assert any(set(lane.pattern - 1000) == set(own) for lane in lanes)


def test_folded_energy_says_no_more_than_noise_allows_in_all_its_places(rng):
    """Of many folds of noise, the share whose best lane says a tenth or less is a tenth, or less since places overlap."""
    said = []
    for _ in range(200):
        past = rng.standard_normal((104, CELLS, 2)).astype(np.float32)
        lanes = folded_lanes(past, np.zeros(2, np.float32), 0, threshold=3, least=0, per_pattern=1, most_frames=48)
        said.append(min(energy_log10_p(lane, 2) for lane in lanes))
    interval = binomtest(sum(one <= -1 for one in said), len(said)).proportion_ci(0.999)
    assert interval.low < 0.1
    assert np.median(said) > -1


def test_the_energy_of_single_bursts_adds_nothing_to_their_proof():
    lane = Lane(channel=0, cell=0, pattern=np.arange(3), frames=np.arange(3), sigma=50.0)
    assert energy_log10_p(lane, 11) == 0


def test_single_lanes_and_places_come_strongest_first(rng):
    energy = rng.standard_normal((52, CELLS, 3)).astype(np.float32)
    energy[5:50, 11, 1] = 12
    energy[20, 30, 2] = 9
    lanes = list(single_lanes(energy, range(100, 152), 6))
    assert [(lane.channel, lane.cell) for lane in lanes] == [(1, 11), (2, 30)]
    assert lanes[0].frames.size == 45
    places = list(single_places(energy, 6, 100))
    assert places[-1].sigma == 9
    assert len(places) == 46


def test_what_is_explained_leaves_the_next_slot_alone():
    energy = np.zeros((30, CELLS, 2), np.float32)
    energy[10, 8:18, 1] = [3, 5, 9, 9, 9, 9, 9, 9, 9, 9]
    energy[10, 20, 1] = 9
    past = grown(empty_past(2), energy, energy, keep=416, clip_sigma=6.0)
    explained(
        past.unexplained,
        past.first,
        past,
        channel=1,
        place=12.0,
        frames=np.array([10]),
        n_bits=NORMAL_BITS,
        spill_margin=2.0,
    )
    left = past.unexplained[10, :, 1]
    assert (left[10:15] < 1).all()
    assert left[17] > 5
    assert left[20] > 5
