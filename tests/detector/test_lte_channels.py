"""Energies on a lattice, boxes and reference sequences against their closed-form laws."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, gamma, kstest

from detector.lte.boxes import WIDTHS, boxes_of, gain, parity
from detector.lte.channel_gate import stirring
from detector.lte.gate import energy_map, folded, gamma_quantile, medians, sliding_sums
from detector.lte.lattice import Lattice, learn, slot_map, slot_power
from detector.lte.pieces import Stretch
from detector.lte.reference import EARLY_S, Offsets, Spots, control_tallies, shared_tallies, subcarriers, tail_evidence
from detector.lte.sounding import with_soundings
from detector.lte.standard import RESOURCE_BLOCK_HZ
from detector.lte.uplink import Scope, read
from detector.lte.votes import CELL_VALUES, NO_VOTES, Votes, block_votes, faded
from detector.noise import floor_of
from detector.spectra import power_map
from detector.types import Label
from sdr.defaults import default_profile
from sdr.synthetic.lte_waveform import LteCarrier, pucch_report, pusch
from sdr.synthetic.transmission import Span

RATE = 2.4e6
CARRIER = LteCarrier(earfcn=0, centre_hz=0.0, blocks=6, cell=0, root=1)
HERE = Offsets(times_s=np.zeros(1), frequencies_hz=np.zeros(1))
ALLOWED = (-1.18e6, 1.18e6)
LEVELS = default_profile().lte


def air(seconds, rng, rate=RATE):
    """White noise of unit power in one hertz."""
    n = round(rate * seconds)
    parts = rng.standard_normal((2, n), dtype=np.float32)
    return ((parts[0] + 1j * parts[1]) * np.float32(np.sqrt(rate / 2))).astype(np.complex64)


def add(samples, waveform, *, start_s, blocks, snr_db, offset_hz=0.0, rate=RATE):
    """A waveform of so many blocks at an SNR in its own bandwidth."""
    span = Span(first_s=-start_s, count=samples.size, sample_rate_hz=rate, offset_hz=offset_hz)
    level = np.float32(np.sqrt(10 ** (snr_db / 10) * blocks * RESOURCE_BLOCK_HZ))
    samples += level * waveform.render(span)


def speaking(rng, *, snr_db, offset_hz=0.0, slot_s=0.3e-3, rate=RATE, seconds=0.12):
    """A phone with a subframe of three blocks each 8 ms, and a report each 20 ms."""
    samples = air(seconds, rng, rate)
    for k in range(int((seconds - 2e-3) / 8e-3)):
        one = pusch(CARRIER, subframe=(8 * k) % 10, first_block=1, blocks=3, rng=rng)
        add(samples, one, start_s=slot_s + k * 8e-3, blocks=3, snr_db=snr_db, offset_hz=offset_hz, rate=rate)
    for k in range(int((seconds - 5e-3) / 20e-3)):
        half = pucch_report(CARRIER, slot=6, block=5, rng=rng)
        add(samples, half, start_s=slot_s + 3e-3 + k * 20e-3, blocks=1, snr_db=snr_db, offset_hz=offset_hz, rate=rate)
    return Stretch(iq=samples, start=5_000_000, sample_rate_hz=rate)


def scope():
    return Scope(allowed=ALLOWED, noise=RESOURCE_BLOCK_HZ, preambles=(), levels=LEVELS)


def test_cells_of_noise_follow_the_gamma_law(rng):
    stretch = Stretch(iq=air(0.3, rng), start=0, sample_rate_hz=RATE)
    lattice = Lattice(slot=333.3, lower_hz=12e3)
    cells = slot_map(slot_power(stretch, lattice.slot), lattice, allowed=ALLOWED, noise=RESOURCE_BLOCK_HZ).cells
    whole = cells / cells.mean()
    assert kstest(whole.ravel() * CELL_VALUES, gamma(CELL_VALUES).cdf).pvalue > 1e-3


@pytest.mark.parametrize("snr_db", [-4.0, -2.0, 1.0])
def test_the_grid_detects_as_often_as_theory_says(rng, snr_db):
    least, trials = 10.0, 4000
    level = 1 + 10 ** (snr_db / 10)
    threshold = np.linspace(1, 4, 100_001)[np.searchsorted(CELL_VALUES * gain(np.linspace(1, 4, 100_001)), least)]
    cells = np.ones((2 * trials, 1))
    cells[::2, 0] = level * rng.gamma(CELL_VALUES, 1 / CELL_VALUES, trials)
    boxes = [box for box in boxes_of(cells, LEVELS.boxes, first=0, likelihood=least) if box.label is Label.LTE_PUCCH]
    theory = gamma.sf(threshold / level, CELL_VALUES, scale=1 / CELL_VALUES)
    interval = binomtest(len(boxes), trials).proportion_ci(0.9999)
    assert interval.low - 0.01 < theory < interval.high + 0.01


def test_false_boxes_in_noise_are_as_rare_as_the_gamma_tail(rng):
    cells = rng.gamma(CELL_VALUES, 1 / CELL_VALUES, (40_000, 1))
    boxes = sum(1 for box in boxes_of(cells, LEVELS.boxes, first=0, likelihood=7.0) if box.slots == 1)
    level = np.linspace(1, 3, 100_001)
    theory = gamma.sf(level[np.searchsorted(CELL_VALUES * gain(level), 7.0)], CELL_VALUES, scale=1 / CELL_VALUES)
    assert binomtest(boxes, cells.size).proportion_ci(0.999).low < theory


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(w for w in WIDTHS if w <= 12)),
    st.integers(0, 12),
    st.integers(0, 9),
    st.integers(0, 2**32 - 1),
)
def test_one_clear_shared_channel_is_boxed_exactly(width, first, subframe, seed):
    if first + width > 13:
        return
    rng = np.random.default_rng(seed)
    cells = rng.gamma(CELL_VALUES, 1 / CELL_VALUES, (20, 13))
    cells[2 * subframe : 2 * subframe + 2, first : first + width] *= 1 + 10**0.8
    boxes = list(boxes_of(cells, LEVELS.boxes, first=0, likelihood=14.0))
    assert [(b.label, b.slot, b.slots, b.block, b.blocks) for b in boxes] == [
        (Label.LTE_PUSCH, 2 * subframe, 2, first, width)
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_halves_at_two_edges_are_control_channels(one, other, seed):
    if one == other:
        return
    rng = np.random.default_rng(seed)
    cells = rng.gamma(CELL_VALUES, 1 / CELL_VALUES, (8, 13))
    cells[4, one] *= 5
    cells[5, other] *= 5
    found = {(b.label, b.slot, b.block, b.blocks) for b in boxes_of(cells, LEVELS.boxes, first=0, likelihood=14.0)}
    assert found == {(Label.LTE_PUCCH, 4, one, 1), (Label.LTE_PUCCH, 5, other, 1)}


def test_a_band_wider_than_any_carrier_is_boxed(rng):
    cells = rng.gamma(CELL_VALUES, 1 / CELL_VALUES, (4, 300))
    cells[:2, 250:254] *= 6
    (box,) = boxes_of(cells, LEVELS.boxes, first=0, likelihood=16.0)
    assert (box.label, box.block, box.blocks) == (Label.LTE_PUSCH, 250, 4)


def test_the_parity_is_that_of_equal_halves(rng):
    cells = rng.gamma(CELL_VALUES, 1 / CELL_VALUES, (41, 6))
    for slot in range(1, 39, 4):
        cells[slot : slot + 2, 2:4] *= 4
    assert parity(cells) == 1
    assert parity(cells[1:]) == 0


@pytest.mark.parametrize("offset_hz", [0.0, -17_940.0, 171_000.0])
def test_a_lattice_is_learned_from_energy(rng, offset_hz):
    stretch = speaking(rng, snr_db=3, offset_hz=offset_hz)
    learnt = learn(stretch, NO_VOTES, allowed=ALLOWED, contrast=1.06, restless=0.5)
    assert learnt is not None
    lattice = learnt.lattice
    slot = 0.5e-3 * RATE
    late = (lattice.slot - stretch.start - 0.3e-3 * RATE + slot / 2) % slot - slot / 2
    high = (lattice.lower_hz - offset_hz + 90e3) % RESOURCE_BLOCK_HZ - 90e3
    assert abs(late) / RATE < 40e-6
    assert abs(high) < 8e3


@given(st.integers(95, 700), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_blocks_vote_as_each_phase_alone_would(width, slots, seed):
    energies = np.random.default_rng(seed).exponential(1.0, (slots, width)).astype(np.float32)
    energies[:, 40:80] *= 30
    votes = block_votes(energies)
    for phase in (0, 17, 89):
        edges = np.arange(phase, width + 1, CELL_VALUES)
        sums = np.array([energies[:, a:b].sum(axis=1) for a, b in pairwise(edges)]).T.reshape(slots, -1)
        if not sums.size:
            assert votes[phase] == 0
            continue
        ordered = np.sort(sums, axis=0)
        low, middle = ordered[int(0.05 * slots)] / (1 - 1.645 / np.sqrt(90)), ordered[slots // 2]
        common = np.quantile(np.minimum(low, middle), 0.2)
        busy = ((middle > 2 * low) | (middle > 4 * common)).any()
        deviations = np.abs(sums / (common if busy else middle) - 1) * np.sqrt(90) - 2
        assert votes[phase] == pytest.approx(np.square(deviations[deviations > 0]).sum(), rel=1e-3, abs=1e-3)


@given(st.floats(0, 1e12), st.floats(1e-9, 1e3))
def test_old_votes_never_outweigh_the_latest(old, fresh):
    assert faded(np.array([old, 0.0]), np.array([0.0, fresh])).max() <= fresh * (1 + 1e-9)


def test_bursts_in_slots_of_another_length_teach_no_lattice(rng):
    samples = air(0.24, rng)
    for k in range(52):
        at = round(k * 60 / 13e3 * RATE)
        for slot in (0, 3):
            place = slice(at + round(slot * 15 / 26e3 * RATE), at + round((slot * 15 / 26e3 + 546e-6) * RATE))
            tone = np.exp(2j * np.pi * (slot * 200e3 - 400e3) / RATE * np.arange(place.stop - place.start))
            phases = np.exp(1j * np.cumsum(rng.choice([-1, 1], tone.size) * np.pi / 2 * 270.8e3 / RATE))
            samples[place] += (3e3 * tone * phases).astype(np.complex64)
    stretch = Stretch(iq=samples, start=0, sample_rate_hz=RATE)
    assert learn(stretch, NO_VOTES, allowed=ALLOWED, contrast=1.06, restless=0.5) is None
    assert read(stretch, Votes(slots=np.ones(32), blocks=np.ones(90)), scope()) == (None, NO_VOTES)


@pytest.mark.parametrize("symbols", [2, 7, 40])
def test_evidence_is_no_larger_than_the_tail_that_it_bounds(symbols):
    for total in np.linspace(symbols * 1.05, symbols * 6, 20):
        assert tail_evidence(float(total), symbols) <= -gamma.logsf(total, symbols) + 1e-9
        assert tail_evidence(float(total), symbols) >= -gamma.logsf(total, symbols) - np.log(2 + symbols)


def spots(lower_hz, count=200):
    """So many places, a millisecond apart."""
    return Spots(starts_s=1e-3 * np.arange(count), lowers_hz=np.full(count, lower_hz), levels=np.full(count, 2.0))


@pytest.mark.parametrize("blocks", [1, 2, 4, 10])
def test_logs_of_noise_in_a_shared_channel_follow_the_gamma_law(rng, blocks):
    stretch = Stretch(iq=air(0.21, rng), start=0, sample_rate_hz=RATE)
    tallies = shared_tallies(stretch, spots(-900e3), blocks=blocks, offsets=HERE)
    share = np.mean(np.array([tally.logs[0, 0] for tally in tallies]) > gamma.isf(1e-2, 2))
    assert share < 1.5e-2


def test_logs_of_noise_in_a_control_channel_follow_the_gamma_law(rng):
    stretch = Stretch(iq=air(0.21, rng), start=0, sample_rate_hz=RATE)
    tallies = control_tallies(stretch, spots(300e3), offsets=HERE)
    share = np.mean(np.array([tally.logs[0, 0] for tally in tallies]) > gamma.isf(1e-2, 7))
    assert share < 1.5e-2


@pytest.mark.parametrize("rate", [2.4e6, 2.048e6])
def test_subcarriers_are_found_where_they_were_sent_at_any_rate(rate):
    tones = 15e3 * (np.arange(24) + 0.5)
    times = np.arange(round(0.3e-3 * rate)) / rate
    values = np.exp(1j * np.arange(24))
    iq = (np.exp(2j * np.pi * (-300e3 + tones) * times[:, None]) @ values).astype(np.complex64)
    stretch = Stretch(iq=iq, start=0, sample_rate_hz=rate)
    bins = subcarriers(stretch, np.array([[20e-6]]), lowers_hz=np.array([-300e3]), count=24, shifts_hz=np.zeros(1))[
        0, 0, 0
    ]
    start = round((20e-6 - EARLY_S) * rate) / rate
    turned = bins * np.exp(-2j * np.pi * (-300e3 + tones) * start) / round(rate / 15e3)
    assert np.abs(turned - values).max() < (1e-3 if rate == 2.4e6 else 0.3)


@pytest.mark.parametrize("rate", [1.92e6, 2.4e6, 3.84e6])
def test_a_phones_sequences_prove_it_at_any_rate(rng, rate):
    stretch = speaking(rng, snr_db=4, offset_hz=30_100.0, rate=rate)
    edge = 0.49 * rate
    reading, _ = read(stretch, NO_VOTES, replace(scope(), allowed=(-edge, edge)))
    assert reading is not None
    assert reading.group == 0
    assert reading.evidence > 100


@pytest.mark.parametrize("kind", ["blocks of noise", "a line", "chirps"])
def test_energy_that_no_phone_sends_proves_nothing(rng, kind):
    samples = air(0.12, rng)
    times = np.arange(1200) / RATE
    for k in range(0, 110, 4):
        place = slice(round((k + 0.3) * 1e-3 * RATE), round((k + 0.3) * 1e-3 * RATE) + 1200)
        if kind == "blocks of noise":
            spectrum = np.zeros(1200, complex)
            spectrum[100:190] = rng.standard_normal((90, 2)) @ [1, 1j]
            samples[place] += (np.fft.ifft(spectrum) * 2e7).astype(np.complex64)
        elif kind == "a line":
            samples[place] += (4e3 * np.exp(2j * np.pi * 215e3 * times)).astype(np.complex64)
        else:
            samples[place] += (4e3 * np.exp(1j * np.pi * 3.6e8 * times**2)).astype(np.complex64)
    reading, _ = read(Stretch(iq=samples, start=0, sample_rate_hz=RATE), NO_VOTES, scope())
    assert reading is None or reading.evidence < 10


def test_one_symbol_on_every_other_subcarrier_is_a_sounding(rng):
    samples = air(0.01, rng)
    stretch = Stretch(iq=samples, start=0, sample_rate_hz=RATE)
    starts = np.array([2400, 3600])
    lowers = -900e3 + RESOURCE_BLOCK_HZ * np.arange(10)
    at = round((3600 / RATE + 0.5e-3 - 1 / 15e3) * RATE)
    times = np.arange(160) / RATE
    for subcarrier in range(24, 96, 2):
        tone = np.exp(2j * np.pi * ((-900e3 + 15e3 * (subcarrier + 0.5)) * times + rng.uniform()))
        samples[at : at + 160] += (np.sqrt(10 * 30e3) * tone).astype(np.complex64)
    cells = np.ones((2, 10))
    cells[1, 2:8] = 2.2
    faint = list(boxes_of(cells, LEVELS.boxes, first=0, likelihood=10.0))
    (found,) = with_soundings(stretch, faint, starts, lowers, RESOURCE_BLOCK_HZ, LEVELS.sounding)
    assert (found.label, found.slot, found.block, found.blocks) == (Label.LTE_SRS, 1, 2, 6)


@pytest.mark.parametrize("struck", [False, True])
def test_noise_and_impulses_stir_nothing(rng, struck):
    samples = air(0.24, rng)
    if struck:
        samples[rng.integers(0, samples.size, 8)] += np.float32(100 * np.sqrt(RATE))
    mapped = power_map(samples, 256)
    assert not stirring(energy_map(mapped, floor_of(mapped, quantile=0.4), sample_rate_hz=RATE), 5.3)


def test_a_quiet_phones_rhythm_stirs_though_no_report_does(rng):
    samples = air(0.24, rng)
    for k in range(11):
        half = pucch_report(CARRIER, slot=0, block=5, rng=rng)
        add(samples, half, start_s=2.2e-3 + 20e-3 * k, blocks=1, snr_db=-1.0)
    mapped = power_map(samples, 256)
    assert stirring(energy_map(mapped, floor_of(mapped, quantile=0.4), sample_rate_hz=RATE), 5.3)


@given(st.integers(1, 40), st.integers(40, 60), st.integers(0, 2**32 - 1))
def test_sliding_sums_are_sums(length, rows, seed):
    values = np.random.default_rng(seed).standard_normal((rows, 3)).astype(np.float32)
    plain = np.array([values[i : i + length].sum(axis=0) for i in range(rows - length + 1)])
    assert np.allclose(sliding_sums(values, length), plain, atol=1e-4)


@pytest.mark.parametrize(("steps", "bins"), [(2, 8), (7, 16), (40, 256), (41, 64)])
def test_cells_hold_the_mean_of_their_power_over_the_floor(rng, steps, bins):
    power = rng.uniform(0.95, 1.05, (steps, bins)).astype(np.float32)
    floor = rng.uniform(0.5, 2.0, bins).astype(np.float32)
    whole = power[: steps // 2 * 2] / floor
    plain = whole.reshape(steps // 2, 2, bins // 8, 8).mean(axis=(1, 3))
    energies = energy_map(power * 1, floor, sample_rate_hz=bins * 9375.0)
    assert np.allclose(energies.cells, plain, rtol=1e-5)
    assert energies.cell_s == pytest.approx(2 / 9375)
    assert energies.cell_hz == 75e3


def test_an_impulse_is_no_energy(rng):
    power = rng.exponential(1.0, (100, 256)).astype(np.float32)
    calm = energy_map(power, np.ones(256, np.float32), sample_rate_hz=RATE)
    power[41] += 3.0
    struck = energy_map(power, np.ones(256, np.float32), sample_rate_hz=RATE)
    assert struck.cells[20].mean() == pytest.approx(1, abs=0.3)
    assert np.array_equal(np.delete(struck.cells, 20, axis=0), np.delete(calm.cells, 20, axis=0))


@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_medians_are_upper_medians(rows, seed):
    values = np.random.default_rng(seed).standard_normal((rows, 5)).astype(np.float32)
    assert np.array_equal(medians(values), np.sort(values, axis=0)[rows // 2])


def test_a_fold_keeps_the_variance_of_noise(rng):
    total, starts = folded(rng.standard_normal((4000, 50)).astype(np.float32), 93.75)
    assert starts.size == 42
    assert total.var() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("values", [30, 100, 1000])
def test_gamma_quantiles_are_as_rare_as_normal_ones(values):
    for deviations, share in ((3.0, 1.35e-3), (5.0, 2.87e-7)):
        assert gamma.sf(gamma_quantile(deviations, values) * values, values) == pytest.approx(share, rel=0.25)
