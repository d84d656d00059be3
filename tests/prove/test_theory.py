"""The limits of theory: known values, and simulated detectors that reach but never pass them."""

from functools import partial

import numpy as np
import pytest
from scipy.stats import binomtest

from tests.prove.theory import (
    access_pd,
    blocks_pd,
    energy_pd,
    matched_pd,
    normal_bursts_pd,
    preamble_pd,
    snr_needed_db,
    training_pd,
)


@pytest.mark.parametrize(
    ("pd", "wanted", "snr_db"),
    [
        (normal_bursts_pd, 0.95, -1.0),
        (partial(normal_bursts_pd, bursts=4, false_alarm=1e-7), 0.95, -4.3),
        (partial(normal_bursts_pd, bursts=208, false_alarm=1e-8), 0.95, -13.1),
        (training_pd, 0.99, 1.7),
        (access_pd, 0.99, -0.1),
        (partial(preamble_pd, roots=1), 0.99, -14.8),
        (preamble_pd, 0.99, -13.5),
        (blocks_pd, 0.95, -2.1),
        (partial(blocks_pd, blocks=3), 0.95, -4.9),
        (partial(blocks_pd, blocks=10), 0.95, -7.8),
        (partial(blocks_pd, subframes=20), 0.95, -9.4),
        (partial(blocks_pd, blocks=6, subframes=20), 0.95, -13.4),
    ],
)
def test_limits_are_those_of_the_design(pd, wanted, snr_db):
    assert snr_needed_db(pd, wanted) == pytest.approx(snr_db, abs=0.06)


def test_a_training_sequence_is_found_as_often_as_the_design_says():
    assert training_pd(0.0) == pytest.approx(0.84, abs=0.005)


@pytest.mark.parametrize("snr_db", [-3.0, 0.0, 2.0])
def test_a_simulated_energy_detector_meets_its_limit(rng, snr_db):
    cells, trials, false_alarm = 20, 20_000, 1e-2
    noise = rng.standard_normal((2, trials, 2 * cells))
    power = 1 + 10 ** (snr_db / 10)
    limit = np.quantile(np.sum(noise[0] ** 2, axis=1), 1 - false_alarm)
    hits = int(np.sum(np.sum(noise[1] ** 2, axis=1) * power > limit))
    ci = binomtest(hits, trials).proportion_ci(0.999)
    # The simulated limit is itself uncertain: as false alarms scatter, so does what it lets pass.
    spread = 3.3 * np.sqrt(false_alarm / trials)
    below, above = (energy_pd(snr_db, cells=cells, false_alarm=false_alarm + way * spread) for way in (-1, 1))
    assert ci.low < above
    assert ci.high > below


@pytest.mark.parametrize("snr_db", [-3.0, 0.0])
def test_a_simulated_matched_filter_meets_its_limit(rng, snr_db):
    gain, hypotheses, trials, false_alarm = 16, 50, 20_000, 1e-2
    noise = (rng.standard_normal((trials, gain)) + 1j * rng.standard_normal((trials, gain))) / np.sqrt(2)
    sent = np.exp(2j * np.pi * rng.random((trials, 1))) * np.sqrt(10 ** (snr_db / 10))
    statistic = np.abs(np.sum(noise + sent, axis=1)) ** 2 / gain
    hits = int(np.sum(statistic > np.log(hypotheses / false_alarm)))
    ci = binomtest(hits, trials).proportion_ci(0.999)
    limit = matched_pd(snr_db, gain=gain, hypotheses=hypotheses, false_alarm=false_alarm)
    assert ci.low < limit < ci.high
