"""The preamble correlator against its closed-form laws."""

import numpy as np
import pytest
from scipy.stats import binomtest, gamma, ncf

from detector.lte.access import Place, find_preambles
from detector.lte.gate import CELL_STEPS, EnergyMap, energy_map, independent_values
from detector.lte.pieces import Stretch
from detector.lte.preamble import LAGS, correlate, limited, rank_roots, typical_power
from detector.lte.preamble_gate import preamble_excess, preamble_triggers
from detector.lte.standard import PREAMBLE_FORMATS, PREAMBLE_LENGTH, PREAMBLE_WIDTH_HZ
from detector.lte.zadoff_chu import preamble_spectrum
from detector.noise import floor_of
from detector.spectra import power_map
from sdr.synthetic.lte_waveform import LteCarrier, preamble
from sdr.synthetic.transmission import Span

TRIALS = 400
DELAYS = 2048
RATES = [1.92e6, 2.4e6, 3.84e6]


def white(shape, rng):
    return ((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)).astype(np.complex64)


def air(rate, seconds, rng):
    """White noise of unit power in one hertz."""
    return white(round(rate * seconds), rng) * np.float32(np.sqrt(rate))


def sent(root, rate, *, offset_hz, start_s, count, shift=100):
    """A preamble whose first block begins at the offset; unit mean power over its length."""
    carrier = LteCarrier(earfcn=0, centre_hz=0.0, blocks=0, cell=0, root=root)
    span = Span(first_s=-start_s, count=count, sample_rate_hz=rate, offset_hz=offset_hz)
    return preamble(carrier, shift=shift).render(span)


def test_evidence_finds_as_often_as_the_noncentral_law_says(rng):
    snr, least = 10**-1.2, 36.0
    delays = rng.integers(0, DELAYS, TRIALS)
    tone = np.exp(2j * np.pi / DELAYS * np.outer(delays, np.arange(PREAMBLE_LENGTH)))
    bins = np.sqrt(snr) * preamble_spectrum(129) * tone + white((TRIALS, PREAMBLE_LENGTH), rng)
    hits = sum(match.evidence >= least for match in correlate(bins.astype(np.complex64), [129] * TRIALS))
    coherence = -np.expm1(-least / (PREAMBLE_LENGTH - 1))
    ratio = coherence / (1 - coherence) * (PREAMBLE_LENGTH - 1)
    theory = ncf.sf(ratio, 2, 2 * (PREAMBLE_LENGTH - 1), 2 * PREAMBLE_LENGTH * snr)
    interval = binomtest(hits, TRIALS).proportion_ci(0.999)
    assert interval.low < theory < interval.high


def test_evidence_of_noise_is_as_rare_as_its_own_logarithm_says(rng):
    rows = white((2000, PREAMBLE_LENGTH), rng)
    evidence = np.array([match.evidence for match in correlate(rows, [1 + i % 838 for i in range(len(rows))])])
    for least in (12.0, 13.0):
        bound = DELAYS * np.exp(-least)
        assert binomtest(int(np.sum(evidence >= least)), evidence.size).proportion_ci(0.999).low < bound


def test_ranks_of_noise_are_sums_of_exponential_variables(rng):
    ranks = rank_roots(white((64, PREAMBLE_LENGTH), rng))
    assert ranks.mean() == pytest.approx(len(LAGS), rel=0.02)
    tail = gamma.isf(1e-3, len(LAGS))
    share = np.mean(ranks > tail)
    assert 0.3e-3 < share < 3e-3


@pytest.mark.parametrize("shift_bins", [0, 3, -17])
def test_a_whole_bin_error_changes_neither_root_nor_evidence(rng, shift_bins):
    bins = 0.5 * np.roll(np.resize(preamble_spectrum(700), 983), shift_bins) + white(983, rng)
    bins = bins.astype(np.complex64)[None]
    (bins,) = limited(bins, typical_power(bins))
    assert int(np.argmax(rank_roots(bins[None, 72:-72])[0])) + 1 == 700
    assert correlate(bins[None], [700])[0].evidence > 100


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ppm", [-20, 0.7, 20])
def test_a_preamble_is_measured_at_any_rate_and_clock_error(rng, profile, rate, ppm):
    start_s, block_hz = 4.321e-3, -400e3 + ppm * 1e-6 * 897e6
    samples = air(rate, 0.012, rng)
    power = 10**0.3 * PREAMBLE_WIDTH_HZ
    samples += np.sqrt(power) * sent(322, rate, offset_hz=block_hz, start_s=start_s, count=samples.size)
    stretch = Stretch(iq=samples.astype(np.complex64), start=1000, sample_rate_hz=rate)
    place = Place(start=1000 + round((start_s + 40e-6) * rate), lower_hz=-385e3)
    (found,) = find_preambles(stretch, [place], profile.lte, noise=1.0)
    assert found.root == 322
    assert found.format == PREAMBLE_FORMATS[0]
    assert (found.start - 1000) / rate == pytest.approx(start_s, abs=60e-6)
    assert found.lower_hz == pytest.approx(block_hz + 15.6e3, abs=10e3)
    assert found.power == pytest.approx(power, rel=0.3)


def test_a_preamble_without_its_place_is_not_made_up(rng, profile):
    stretch = Stretch(iq=air(2.4e6, 0.1, rng).astype(np.complex64), start=0, sample_rate_hz=2.4e6)
    places = [Place(start=s, lower_hz=f) for s in range(0, 238_000, 4800) for f in (-1e6, -500e3, 0.0)]
    assert find_preambles(stretch, places, profile.lte, noise=1.0) == []


def test_a_train_under_the_single_gate_is_found_by_its_fold(rng):
    rate, period_s = 2.4e6, 18e-3
    samples = air(rate, 0.24, rng)
    power = 10**-1.0 * PREAMBLE_WIDTH_HZ
    for k in range(13):
        one = sent(77, rate, offset_hz=-300e3, start_s=1e-3, count=3 * 2400)
        start = round((3e-3 + k * period_s) * rate)
        samples[start : start + one.size] += (np.sqrt(power) * one)[: samples.size - start]
    mapped = power_map(samples.astype(np.complex64), 256)
    triggers, _ = preamble_triggers(
        energy_map(mapped, floor_of(mapped, quantile=0.4), sample_rate_hz=rate),
        ranges=((-1.2e6, 1.2e6),),
        deviations=20.0,
        train_deviations=4.3,
        most=1000,
    )
    assert len(triggers) >= 12
    assert all(trigger.train for trigger in triggers)
    close = [abs((t.at * CELL_STEPS * 256 / rate - 4e-3 + 9e-3) % period_s - 9e-3) < 0.5e-3 for t in triggers]
    assert sum(close) >= 12


@pytest.mark.parametrize("begin", [0.0, 7.25, 30.5])
def test_the_excess_of_a_preamble_is_taken_where_it_lies_between_cells(rng, begin):
    cells = 1 + 0.01 * rng.standard_normal((60, 32)).astype(np.float32)
    energies = EnergyMap(cells=cells, cell_s=256 / 1.2e6, cell_hz=75e3)
    length, width = 0.94 * 0.903e-3 / energies.cell_s, PREAMBLE_WIDTH_HZ / 75e3
    rows = np.clip(np.minimum(np.arange(60) + 1, begin + length) - np.maximum(np.arange(60), begin), 0, 1)
    cells += np.outer(rows, np.ones(32)).astype(np.float32)
    (excess,) = preamble_excess(energies, np.array([begin]), lower_hz=-PREAMBLE_WIDTH_HZ / 2)
    whole = np.sqrt(independent_values(length, width))
    assert excess == pytest.approx(whole * (rows**2).sum() / length, rel=0.05)


def test_the_gate_counts_what_it_leaves_out(rng):
    mapped = power_map(air(2.4e6, 0.24, rng).astype(np.complex64), 256)
    energies = energy_map(mapped, floor_of(mapped, quantile=0.4), sample_rate_hz=2.4e6)
    options = {
        "ranges": ((-1.2e6, 1.2e6),),
        "deviations": 1.0,
        "train_deviations": 99.0,
    }
    everything, none_left = preamble_triggers(energies, **options, most=10_000)
    some, left = preamble_triggers(energies, **options, most=20)
    assert none_left == 0
    assert some == everything[:20]
    assert left == len(everything) - 20
