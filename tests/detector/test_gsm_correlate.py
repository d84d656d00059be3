"""Evidence of known sequences against its distribution in noise, and timing against its bound."""

import numpy as np
import pytest
from scipy.stats import binomtest

from detector.gsm.correlate import coherence, evidence, fold, make_correlator, only, spectra
from detector.gsm.proof import peak
from detector.gsm.standard import ACCESS_SYNC, SYMBOL_S, TRAINING, TRAINING_START
from tests.detector.gsm_air import delay_bound_symbols, normal_bits, put_burst

NONE = np.zeros(1, np.int64)


def white(shape, rng):
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)


@pytest.mark.parametrize("rate_hz", [250e3, 13e6 / 12, 2.4e6, 10e6])
@pytest.mark.parametrize("sequences", [TRAINING, ACCESS_SYNC], ids=["training", "access"])
def test_evidence_is_exponential_in_noise(rate_hz, sequences, rng):
    """One lag of each window is one independent trial; the tail is exp(-q) to within a fifth and the trials' own error."""
    correlator = make_correlator(sequences[:1], rate_hz=rate_hz, reach_symbols=10)
    said = evidence(correlator, spectra(correlator, white((6000, correlator.length), rng), 30e3), NONE)[:, 0, 0]
    middle = said[:, said.shape[1] // 2]
    assert middle.mean() == pytest.approx(1.0, abs=0.06)
    for level in (1.0, 2.0, 3.0):
        hits = int((middle > level).sum())
        interval = binomtest(hits, middle.size).proportion_ci(0.999)
        assert interval.low < 1.2 * np.exp(-level)
        assert interval.high > 0.8 * np.exp(-level)


def test_evidence_does_not_depend_on_level(rng):
    correlator = make_correlator(TRAINING, rate_hz=2.4e6, reach_symbols=5)
    windows = white((4, correlator.length), rng)
    one = evidence(correlator, spectra(correlator, windows.copy(), 0.0), NONE)
    other = evidence(correlator, spectra(correlator, 1000 * windows, 0.0), NONE)
    assert np.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_fold_is_the_sum_of_its_windows(rng):
    correlator = make_correlator(TRAINING, rate_hz=2.4e6, reach_symbols=5)
    spectrum = spectra(correlator, white((40, correlator.length), rng), 0.0)
    shifts = np.arange(-2, 3)
    assert np.allclose(
        fold(correlator, spectrum, shifts), evidence(correlator, spectrum, shifts).sum(axis=0), rtol=1e-4
    )


def test_one_of_a_bank_says_what_it_says_in_the_bank(rng):
    correlator = make_correlator(TRAINING, rate_hz=2.4e6, reach_symbols=5)
    spectrum = spectra(correlator, white((3, correlator.length), rng), 0.0)
    alone = evidence(only(correlator, 5), spectrum, NONE)
    assert np.allclose(alone[:, :, 0], evidence(correlator, spectrum, NONE)[:, :, 5], rtol=1e-5)


def windows_with_burst(correlator, tsc, delays, rng, *, snr_db, offset_hz=0.0, carrier_hz=200e3):
    """Windows of noise of unit power in which a burst comes some samples later than expected."""
    windows = []
    for delay in delays:
        air = white(correlator.length, rng).astype(complex) / np.sqrt(2)
        start = correlator.lead + delay - TRAINING_START * SYMBOL_S * correlator.rate_hz
        put_burst(
            air,
            normal_bits(tsc, rng),
            start,
            carrier_hz=carrier_hz + offset_hz,
            snr_db=snr_db,
            rng=rng,
            level=1.0,
            rate_hz=correlator.rate_hz,
        )
        windows.append(air)
    return np.array(windows, np.complex64)


@pytest.mark.parametrize("tsc", range(8))
def test_each_sequence_is_told_from_the_others(tsc, rng):
    correlator = make_correlator(TRAINING, rate_hz=2.4e6, reach_symbols=20)
    windows = windows_with_burst(correlator, tsc, [0.0, 17.3, -40.2], rng, snr_db=25)
    said = coherence(correlator, spectra(correlator, windows, 200e3), NONE)[:, 0]
    assert (said.max(axis=2).argmax(axis=1) == tsc).all()
    assert (said.max(axis=(1, 2)) > 0.9).all()


@pytest.mark.parametrize("tsc", range(8))
def test_side_lobes_are_as_large_as_the_ambiguity_says(tsc, rng):
    """Mean coherence of clean bursts with every sequence, outside the main lobe; random neighbours act as noise."""
    correlator = make_correlator(TRAINING, rate_hz=2.4e6, reach_symbols=52)
    windows = windows_with_burst(correlator, tsc, np.zeros(40), rng, snr_db=40)
    said = coherence(correlator, spectra(correlator, windows, 200e3), NONE)[:, 0].mean(axis=0)
    middle = int(np.abs(correlator.lags).argmin())
    known = correlator.ambiguity[tsc][:, (np.arange(correlator.lags.size) - middle) % correlator.size]
    expected = known + (1 - known) / correlator.freedom
    beside = np.abs(correlator.lags) > 2.5 * SYMBOL_S * 2.4e6
    error = (said - expected)[:, beside]
    assert np.abs(error.mean()) < 0.01
    assert np.sqrt(np.mean(error**2)) < 0.03
    assert said[:, beside].max() == pytest.approx(expected[:, beside].max(), abs=0.08)


@pytest.mark.parametrize("bins", [-6, -1, 3, 7])
def test_frequency_error_is_found_in_its_bin(bins, rng):
    correlator = make_correlator(TRAINING, rate_hz=2.4e6, reach_symbols=20)
    windows = windows_with_burst(correlator, 3, [0.0], rng, snr_db=20, offset_hz=bins * correlator.bin_hz)
    shifts = np.arange(-8, 9)
    said = fold(correlator, spectra(correlator, windows, 200e3), shifts)
    assert shifts[int(said.max(axis=(1, 2)).argmax())] == bins


def test_timing_at_ten_decibels_is_within_a_tenth_of_a_symbol_and_near_its_bound(rng):
    """Interpolation and the unknown bits about the sequence cost something: at most 1.6 of the bound is asked for."""
    correlator = make_correlator(TRAINING[2:3], rate_hz=2.4e6, reach_symbols=4)
    delays = rng.uniform(-5, 5, 400)
    windows = windows_with_burst(correlator, 2, delays, rng, snr_db=10)
    said = evidence(correlator, spectra(correlator, windows, 200e3), NONE)[:, 0, 0]
    found = np.array([peak(correlator.lags, row, int(row.argmax())) for row in said])
    error = (found - delays) / (SYMBOL_S * 2.4e6)
    rms = np.sqrt(np.mean(error**2))
    bound = delay_bound_symbols(10)
    slack = 1 + 3 / np.sqrt(2 * delays.size)
    assert rms < 0.1
    assert bound / slack < rms < 1.6 * bound * slack
