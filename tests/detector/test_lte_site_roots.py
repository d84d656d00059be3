"""What is proposed for a site's profile, and what a profile that knows its roots hears."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.lte.site_roots import MOST_ROOTS, proposed_roots
from detector.types import Burst, Label
from tests.prove.air import hear
from tests.prove.lte_pd import KNOWN_SNRS_DB, drawn_radio, preambles_found, train

BURST = Burst(
    label=Label.LTE_PRACH,
    start=0,
    count=2167,
    freq_lower_hz=0.0,
    freq_upper_hz=1.05e6,
    snr_db=0.0,
    power_dbfs=-40.0,
)
HEARD = st.lists(st.tuples(st.integers(1, 838), st.integers(0, 5)), max_size=200)


@given(HEARD, st.sets(st.integers(1, 838), max_size=MOST_ROOTS), st.integers(1, 4), st.integers(1, 8))
def test_only_roots_heard_often_enough_of_enough_phones_are_proposed(heard, known, phones, preambles):
    bursts = [replace(BURST, detail={"root": root}, emission=emission) for root, emission in heard]
    proposed = proposed_roots(bursts, known=known, least_emissions=phones, least_preambles=preambles)
    assert known <= set(proposed)
    assert list(proposed) == sorted(set(proposed))
    assert len(proposed) <= MOST_ROOTS
    for root in set(proposed) - known:
        assert sum(one == root for one, _ in heard) >= preambles
        assert len({emission for one, emission in heard if one == root}) >= phones


def test_other_bursts_and_preambles_without_a_root_propose_nothing():
    others = [replace(BURST, label=Label.LTE_PUSCH, detail={"root": 5}), BURST]
    assert proposed_roots(others, least_emissions=1, least_preambles=1) == ()


def test_a_site_that_knows_its_roots_hears_more_of_them():
    unknown, known, sent = 0, 0, 0
    for seed in range(3):
        for roots in (False, True):
            rng = np.random.default_rng(seed)
            radio = drawn_radio(rng)
            found = preambles_found(
                train(rng, radio),
                0.6,
                KNOWN_SNRS_DB[1],
                rng=rng,
                roots=(radio.carrier.root,) if roots else (),
            )
            known, unknown = known + roots * found.hits, unknown + (not roots) * found.hits
        sent += found.trials
    assert known > unknown
    assert known > 0.3 * sent


def test_noise_holds_no_preamble_of_a_known_root(rng):
    parts = rng.standard_normal((2_400_000, 2)).astype(np.float32) * np.float32(0.02)
    found = hear(parts.view(np.complex64)[:, 0], centre_hz=897e6, roots=range(1, 65))
    assert not [burst for burst in found.bursts if burst.label is Label.LTE_PRACH]
