"""Receiver operating characteristics of the statistics that decide, alone and folded, against their closed forms.

Energy is a gamma variable; the evidence of a training sequence is exponential in noise, and with a burst minus the
logarithm of a beta variable's tail; sums of either over frames follow from these. Each share is held to its exact
interval at 99.9 % about the closed form, at levels of false alarm from one to ten per thousand.
"""

import numpy as np
import pytest
from scipy.stats import binom, binomtest, gamma, norm

from detector.gsm.correlate import evidence, make_correlator, spectra
from detector.gsm.doubt import stranger_log10_p
from detector.gsm.gate import CELLS
from detector.gsm.lanes import folds
from detector.gsm.proof import Proof
from detector.gsm.standard import FRAME_S, NORMAL_BITS, SYMBOL_S, TRAINING, TRAINING_START
from tests.detector.gsm_air import RATE_HZ, noise, normal_bits, put_burst
from tests.detector.test_gsm_gate import cells_of, context_of
from tests.detector.test_gsm_proof import folded_probability

CELL = 10
CARRIER_HZ = 200e3
FALSE_ALARMS = (1e-2, 1e-3)


def within(hits, trials, lower, upper):
    """Whether a share's exact interval reaches into a range."""
    interval = binomtest(int(hits), int(trials)).proportion_ci(0.999)
    return interval.high >= lower and interval.low <= upper


def shape_of(channels, channel, steps):
    """Of the gamma variable that the weighted energy of so many steps of noise is, of unit mean."""
    return steps / float(channels.variance[channel])


def measured_cells(profile, rng, *, frames, snr_db=None):
    """Cells of one carrier, in which each frame holds a burst that begins with one of its cells; shape (frames, CELLS)."""
    context = context_of(profile)
    air = noise((frames + 2) * FRAME_S, rng)
    for frame in range(frames if snr_db is not None else 0):
        start = (frame * FRAME_S + CELL * FRAME_S / CELLS) * RATE_HZ
        put_burst(air, normal_bits(1, rng), start, carrier_hz=CARRIER_HZ, snr_db=snr_db, rng=rng)
    normal, _, channels = cells_of(context, air)
    channel = int(np.flatnonzero(channels.carriers_hz == CARRIER_HZ)[0])
    steps = NORMAL_BITS * SYMBOL_S * RATE_HZ / context.n_bins
    return normal[:frames, :, channel], channels, channel, steps


@pytest.mark.parametrize("false_alarm", FALSE_ALARMS)
def test_single_burst_energy_keeps_its_false_alarms(profile, rng, false_alarm):
    """Every eighth cell of a frame is independent of the others; the part of a step at either end is interpolated."""
    cells, channels, channel, steps = measured_cells(profile, rng, frames=600)
    shape = shape_of(channels, channel, steps)
    unit = np.sqrt(1 / shape)
    apart = cells[:, ::8]
    level = gamma.isf(false_alarm, shape) / shape
    assert within((1 + apart * unit > level).sum(), apart.size, 0.6 * false_alarm, 1.3 * false_alarm)


@pytest.mark.parametrize("snr_db", [-5.0, -3.0, -1.0])
def test_single_burst_energy_is_found_as_often_as_the_gamma_law_says(profile, rng, snr_db):
    """A burst of constant envelope scatters less than noise of its power would: the two laws bound it, with 0.4 dB for edges."""
    cells, channels, channel, steps = measured_cells(profile, rng, frames=300, snr_db=snr_db)
    shape = shape_of(channels, channel, steps)

    def found(level, off_db):
        rise = 10 ** ((snr_db + off_db) / 10) * float(channels.gain[channel])
        gaussian = gamma.sf(level / (1 + rise) * shape, shape)
        # A known envelope adds no scatter of its own, but beats with the noise (Urkowitz 1967): variance 1 + 2 s.
        steady = norm.sf((level - 1 - rise) * np.sqrt(shape / (1 + 2 * rise)))
        return gaussian, steady

    for false_alarm in FALSE_ALARMS:
        level = gamma.isf(false_alarm, shape) / shape
        hits = (1 + cells[:, CELL] / np.sqrt(shape) > level).sum()
        assert within(hits, len(cells), min(found(level, -0.6)), max(found(level, 0.2)))


@pytest.mark.parametrize("false_alarm", FALSE_ALARMS)
@pytest.mark.parametrize(("cycle", "run"), [(1, 1), (51, 4), (104, 8)])
def test_folded_energy_keeps_its_false_alarms(rng, cycle, run, false_alarm):
    """Sums over the frames of each pattern, of cells of noise as the gate gives them (shape about 40)."""
    shape, count = 40.0, 416
    past = ((rng.gamma(shape, 1 / shape, (count, CELLS, 40)) - 1) * np.sqrt(shape)).astype(np.float32)
    folded, counts = folds(past, cycle, run)
    # Neighbouring phases of one pattern share frames: one in ``run`` is independent.
    sums, held = folded[::run, ::8], counts[::run, None, None]
    level = (gamma.isf(false_alarm, held * shape) - held * shape) / np.sqrt(shape)
    assert within((sums > level).sum(), sums.size, false_alarm, false_alarm)


@pytest.mark.parametrize("snr_db", [-9.5, -8.0, -6.5])
def test_a_folded_slot_is_found_as_often_as_the_gamma_law_says(profile, rng, snr_db):
    """Energy of 16 frames in their own slot, thirty times over, at one false alarm in a thousand."""
    frames, groups = 16, 30
    cells, channels, channel, steps = measured_cells(profile, rng, frames=frames * groups, snr_db=snr_db)
    shape = frames * shape_of(channels, channel, steps)
    level = gamma.isf(1e-3, shape) / shape
    unit = np.sqrt(frames / shape)
    mean = 1 + unit * cells[:, CELL].reshape(groups, frames).mean(axis=1)

    def found(off_db):
        rise = 10 ** ((snr_db + off_db) / 10) * float(channels.gain[channel])
        return gamma.sf(level / (1 + rise) * shape, shape)

    assert within((mean > level).sum(), groups, found(-0.6), found(0.2))


def sequence_evidence(rng, *, windows, snr_db=None, tsc=4):
    """Evidence of one training sequence at its true lag, shape (windows,)."""
    correlator = make_correlator(TRAINING[tsc : tsc + 1], rate_hz=RATE_HZ, reach_symbols=4)
    middle, said = int(np.abs(correlator.lags).argmin()), []
    for _ in range(0, windows, 200):
        batch = np.stack([noise(correlator.length / RATE_HZ, rng, level=1.0) for _ in range(200)])
        start = correlator.lead - TRAINING_START * SYMBOL_S * RATE_HZ
        for air in batch if snr_db is not None else ():
            put_burst(air, normal_bits(tsc, rng), start, carrier_hz=0.0, snr_db=snr_db, rng=rng, level=1.0)
        spectrum = spectra(correlator, batch.astype(np.complex64), 0.0)
        said.append(evidence(correlator, spectrum, np.zeros(1, np.int64))[:, 0, 0, middle])
    return np.concatenate(said), correlator.freedom


@pytest.mark.parametrize("false_alarm", FALSE_ALARMS)
def test_the_sequence_s_evidence_keeps_its_false_alarms_alone_and_summed(rng, false_alarm):
    said, _ = sequence_evidence(rng, windows=8000)
    for windows in (1, 4):
        sums = said.reshape(-1, windows).sum(axis=1)
        share = (sums > gamma.isf(false_alarm, windows)).sum()
        assert within(share, sums.size, 0.8 * false_alarm, 1.3 * false_alarm)


@pytest.mark.parametrize("snr_db", [-4.0, -2.0, 0.0])
def test_the_sequence_is_found_as_often_as_the_beta_law_says(rng, snr_db):
    """One burst at its own place; half a decibel for the unknown bits that overlap its ends and for the grid of lags."""
    said, freedom = sequence_evidence(rng, windows=400, snr_db=snr_db)
    for false_alarm in FALSE_ALARMS:
        level = gamma.isf(false_alarm, 1)
        lower, upper = (folded_probability(snr_db + off, 1, level, freedom, 40_000, rng) for off in (-0.8, 0.3))
        assert within((said > level).sum(), said.size, lower, upper)


@pytest.mark.parametrize("agreed", [14, 18, 22, 26])
def test_random_bits_agree_no_more_often_than_is_told(agreed):
    """Of 26 signs so many more agree than not, or disagree: taken as a normal variable, that is never rarer, and not far from it."""
    exact = 2 * binom.sf((26 + agreed) // 2 - 1, 26, 0.5)
    proof = Proof(
        windows=1,
        evidence=30.0,
        log10_p=-10.0,
        sequence=0,
        lag=0.0,
        offset_hz=0.0,
        coherence=(agreed / 26) ** 2,
        rival=0.0,
    )
    told = 10 ** stranger_log10_p(proof, np.array([1e9], np.float32)) / (8 * 104)
    assert 0.5 < told / exact < 20
