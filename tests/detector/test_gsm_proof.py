"""Proofs: their probabilities in noise, and what they find, against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, gamma, ncx2

from detector.gsm.correlate import evidence, make_correlator, spectra
from detector.gsm.doubt import believed, bursty
from detector.gsm.modulation import sequence_spectrum
from detector.gsm.proof import Proof, log10_tail, prove
from detector.gsm.reel import Reel, cut, wound
from detector.gsm.standard import SYMBOL_S, TRAINING, TRAINING_START
from detector.gsm.track import fair
from detector.types import Segment, Tuning
from tests.detector.gsm_air import RATE_HZ, noise, normal_bits, put_burst


def reel_of(air):
    samples = air.astype(np.complex64)
    segment = Segment(
        tuning=Tuning(sample_rate_hz=RATE_HZ),
        start=0,
        stop=samples.size,
        iq=samples,
        iq_start=0,
        power=np.ones((1, 256), np.float32),
        step=256,
        floor=np.ones(256, np.float32),
        own_start=0,
        own_stop=samples.size,
    )
    return wound(Reel(), segment, keep=8)


@given(st.integers(1, 200), st.floats(0.5, 3.0))
def test_tail_is_the_gamma_distribution_s(windows, ratio):
    expected = gamma.sf(ratio * windows, windows)
    if expected > 1e-200:
        assert log10_tail(windows, ratio * windows, 1.0) == pytest.approx(min(0.0, np.log10(expected)), abs=1e-6)


def test_tail_goes_on_falling_where_numbers_end():
    far = [log10_tail(50, total, 1e4) for total in (500.0, 1000.0, 2000.0, 4000.0)]
    assert all(np.diff(far) < -100)


def test_proofs_in_noise_keep_their_probability(profile, rng):
    """Of places with noise alone, no more than a share p has a proof of probability p, all its trials counted."""
    correlator = make_correlator(TRAINING, rate_hz=RATE_HZ, reach_symbols=20)
    reel = reel_of(noise(1.0, rng))
    shifts = np.arange(-4, 5, 2)
    trials, hits = 400, 0
    for begins in rng.uniform(5000, 2.3e6, (trials, 4)):
        proof = prove(
            correlator, reel, begins, first_bit=TRAINING_START, carrier_hz=200e3, shifts=shifts, thresholds=profile.gsm
        )
        hits += proof is not None and proof.log10_p < -2
    assert binomtest(hits, trials).proportion_ci(0.999).low < 0.01


def folded_probability(snr_db, windows, threshold, freedom, trials, rng):
    """Pd of folded evidence: coherence is a ratio of a non-central and a central chi-square variable of known degrees.

    A window holds ``freedom`` complex dimensions of noise; the sequence takes one of them, with a signal of
    26 symbols' energy less what the unknown neighbours take of it.
    """
    energy = 10 ** (snr_db / 10) * 200e3 * SYMBOL_S * TRAINING.shape[1]
    one = ncx2.rvs(2, 2 * energy, size=(trials, windows), random_state=rng)
    rest = rng.chisquare(2 * (freedom - 1), (trials, windows))
    said = -(freedom - 1) * np.log1p(-one / (one + rest))
    return (said.sum(axis=1) > threshold).mean()


@pytest.mark.parametrize(("snr_db", "windows"), [(0.0, 1), (-6.0, 16), (-8.0, 24)])
def test_folded_training_sequences_are_found_as_theory_says(snr_db, windows, rng):
    """At a known place and Pfa 1e-4 a fold; a decibel to either side is allowed for the pulse's neighbours and the grid of lags."""
    correlator = make_correlator(TRAINING[4:5], rate_hz=RATE_HZ, reach_symbols=4)
    threshold = gamma.isf(1e-4, windows)
    trials = 100
    batch = []
    for _ in range(trials * windows):
        air = noise(correlator.length / RATE_HZ, rng, level=1.0)
        start = correlator.lead - TRAINING_START * SYMBOL_S * RATE_HZ
        put_burst(air, normal_bits(4, rng), start, carrier_hz=0.0, snr_db=snr_db, rng=rng, level=1.0)
        batch.append(air)
    middle = int(np.abs(correlator.lags).argmin())
    said = evidence(correlator, spectra(correlator, np.array(batch, np.complex64), 0.0), np.zeros(1, np.int64))
    sums = said[:, 0, 0, middle].reshape(trials, windows).sum(axis=1)
    interval = binomtest(int((sums > threshold).sum()), trials).proportion_ci(0.999)
    lower, upper = (
        folded_probability(snr_db + off, windows, threshold, correlator.freedom, 4000, rng) for off in (-1.0, 1.0)
    )
    assert interval.high > lower
    assert interval.low < upper


def test_a_proof_tells_sequence_place_and_frequency(profile, rng):
    air = noise(0.1, rng)
    correlator = make_correlator(TRAINING, rate_hz=RATE_HZ, reach_symbols=40)
    begins = np.array([20000.25, 60000.5, 120000.75])
    for begin in begins:
        put_burst(air, normal_bits(6, rng), begin + 63.4, carrier_hz=-400e3 + 5e3, snr_db=12, rng=rng)
    shifts = np.arange(-8, 9, 2)
    proof = prove(
        correlator,
        reel_of(air),
        begins,
        first_bit=TRAINING_START,
        carrier_hz=-400e3,
        shifts=shifts,
        thresholds=profile.gsm,
    )
    assert proof is not None
    assert proof.sequence == 6
    assert proof.log10_p < -15
    assert proof.lag == pytest.approx(63.4, abs=1.5)
    assert proof.offset_hz == pytest.approx(5e3, abs=correlator.bin_hz)


@given(st.lists(st.integers(-50, 1100), min_size=1, max_size=20))
def test_cut_gives_windows_that_are_held_whole_and_no_others(starts):
    samples = np.arange(1000) + 0j
    reel = reel_of(samples)
    windows, held = cut(reel, np.array(starts), 40)
    mean = samples[::16].mean().real
    inside = [0 <= start <= 960 for start in starts]
    assert held.tolist() == inside
    expected = [start for start, ok in zip(starts, inside, strict=True) if ok]
    assert np.allclose(windows[:, 0].real + mean, expected, atol=1e-2)


def proof_of(coherence, windows=16):
    return Proof(
        windows=windows, evidence=1e3, log10_p=-50, sequence=0, lag=0.0, offset_hz=0.0, coherence=coherence, rival=0.0
    )


def test_a_carrier_that_never_pauses_is_doubted(profile):
    assert not bursty(proof_of(0.9), 0.05, profile.gsm)
    assert bursty(proof_of(0.9), 9.0, profile.gsm)
    assert not bursty(proof_of(0.5, windows=48), 0.0, profile.gsm)


def test_strong_energy_without_coherence_is_doubted(profile):
    strong = np.full(16, 100.0, np.float32)
    assert believed(proof_of(0.95), strong, 100.0, profile.gsm)
    assert not believed(proof_of(0.3), strong, 100.0, profile.gsm)


def test_reference_holds_the_energy_of_its_symbols():
    frequency = np.linspace(-300e3, 300e3, 12001)
    power = np.abs(sequence_spectrum(TRAINING[0], 0, frequency)) ** 2
    energy = power.sum() * (frequency[1] - frequency[0]) * SYMBOL_S
    assert energy == pytest.approx(26, rel=0.12)


def test_the_best_of_a_few_lags_is_made_fair(rng):
    """The tail of the fair evidence of noise is no heavier than that of one lag."""
    correlator = make_correlator(TRAINING[:1], rate_hz=RATE_HZ, reach_symbols=3)
    windows = (rng.standard_normal((8000, correlator.length, 2)) @ [1, 1j]).astype(np.complex64)
    said = evidence(correlator, spectra(correlator, windows, 0.0), np.zeros(1, np.int64))[:, 0, 0]
    near = np.abs(correlator.lags) <= SYMBOL_S * RATE_HZ
    told = fair(said[:, near].max(axis=1))
    for level in (1.0, 2.0, 4.0):
        assert binomtest(int((told > level).sum()), told.size).proportion_ci(0.999).low < np.exp(-level)
