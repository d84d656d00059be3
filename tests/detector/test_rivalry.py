"""Bursts that two searches claim, and phones of both technologies side by side."""

import numpy as np
import pytest

from detector.rivalry import Covered, Tally, covered, doubted, outshone, tallied, with_more
from detector.types import Activity, Burst, Emission, Finding, Label, Technology
from sdr.synthetic.acts import Act
from sdr.synthetic.lte_phone import LteRadio, transmissions
from sdr.synthetic.lte_waveform import LteCarrier
from tests.bench.measuring import gsm_call
from tests.prove.air import heard

CENTRE_HZ = 897e6


def burst(start, count, lower, upper, *, emission=1, label=Label.GSM_NB, inferred=False):
    return Burst(
        label=Label.UNKNOWN if inferred else label,
        start=start,
        count=count,
        freq_lower_hz=lower,
        freq_upper_hz=upper,
        snr_db=3.0,
        power_dbfs=-40.0,
        emission=emission,
        inferred=inferred,
    )


def emission(key, score=1.0):
    return Emission(
        key=key,
        technology=Technology.GSM,
        kinds=(Label.GSM_NB,),
        activity=Activity.UNKNOWN,
        start=0,
        stop=100,
        freq_lower_hz=-100e3,
        freq_upper_hz=100e3,
        bursts=4,
        snr_db=3.0,
        power_dbfs=-40.0,
        score=score,
        parts={"bursts": 4.0},
    )


WIDE = with_more(Covered(), [burst(1000, 1200, -90e3, 270e3), burst(5000, 1200, -90e3, 270e3)], since=0)


@pytest.mark.parametrize(
    ("start", "lower", "is_covered"),
    [(1000, -100e3, True), (1600, -100e3, True), (1700, -100e3, False), (3000, -100e3, False), (1000, 400e3, False)],
    ids=["inside", "half of it", "less than half", "at another time", "at another frequency"],
)
def test_a_burst_is_covered_by_what_lies_over_half_of_it(start, lower, is_covered):
    assert covered(WIDE, burst(start, 1200, lower, lower + 200e3), 0.5) is is_covered


def test_two_bursts_cover_together_and_old_or_inferred_ones_cover_nothing():
    slots = [burst(0, 400, 0.0, 180e3), burst(400, 400, 0.0, 180e3)]
    claimed = burst(100, 800, 0.0, 200e3)
    assert covered(with_more(Covered(), slots, since=0), claimed, 0.5)
    assert not covered(with_more(Covered(), slots, since=2000), claimed, 0.5)
    assert not covered(
        with_more(Covered(), [burst(0, 4000, 0.0, 180e3, emission=None, inferred=True)], since=0), claimed, 0.5
    )


def test_an_emission_most_of_whose_bursts_are_covered_is_believed_no_more():
    mine = [burst(1000, 1200, -100e3, 100e3, emission=7), burst(3000, 1200, -100e3, 100e3, emission=8)]
    finding = Finding(bursts=tuple(mine), emissions=(emission(7), emission(8)))
    tallies = tallied({}, finding, WIDE, 0.5)
    assert tallies == {7: Tally(bursts=1, covered=1), 8: Tally(bursts=1, covered=0)}
    left = doubted(finding, tallies, 0.5)
    assert [b.emission for b in left.bursts] == [8]
    assert [(e.key, e.score) for e in left.emissions] == [(7, 0.0), (8, 1.0)]
    assert left.emissions[0].parts["covered"] == 1.0
    assert doubted(finding, {8: Tally(bursts=1)}, 0.5) is finding
    assert not outshone(Tally(), 0.5)


def voice(error_hz, *, seconds, rng):
    """A phone of a cell whose control channel comes again each 60 ms, as thirteen frames of GSM do."""
    carrier = LteCarrier(earfcn=21450, centre_hz=CENTRE_HZ + error_hz, blocks=6, cell=30, root=129)
    radio = LteRadio(carrier=carrier, origin_s=0.0, error_hz=300.0)
    return list(transmissions(radio, Act.VOICE, start_s=0.1, stop_s=seconds - 0.1, rng=rng))


@pytest.mark.parametrize("seed", range(4))
def test_an_lte_phone_that_repeats_itself_is_no_gsm_phone(seed):
    rng = np.random.default_rng(seed)
    found = heard(
        voice(rng.uniform(-300e3, 300e3), seconds=1.5, rng=rng), seconds=1.5, snr_db=7.0, centre_hz=CENTRE_HZ, rng=rng
    )
    assert {one.technology for one in found.detections} == {Technology.LTE}


def test_a_gsm_call_beside_an_lte_phone_is_found_with_it(rng):
    sent = voice(1.1e6, seconds=1.5, rng=rng) + gsm_call(2, 1.5, rng)
    found = heard(sent, seconds=1.5, snr_db=8.0, centre_hz=897.8e6, rng=rng)
    assert {one.technology for one in found.detections} == {Technology.LTE, Technology.GSM}
