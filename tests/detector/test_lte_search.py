"""The LTE search as the pipeline runs it: phones found, boxes right, nothing found where nobody sends."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.lte import search
from detector.lte.phones import joined, newborn, score_of
from detector.lte.standard import RESOURCE_BLOCK_HZ, SUBFRAME_S
from detector.lte.thresholds import LteThresholds
from detector.pipeline import Pipeline
from detector.types import Activity, Burst, EventKind, IqBlock, Label, Technology, Tuning
from sdr.synthetic.lte_waveform import LteCarrier, preamble, pucch_report, pusch
from sdr.synthetic.transmission import Span

RATE = 2.4e6
CARRIER = LteCarrier(earfcn=21450, centre_hz=0.0, blocks=6, cell=30, root=129)
LIMIT = 1.0
NOISE_DBFS = -36.0
BURST = Burst(
    label=Label.LTE_PUSCH,
    start=0,
    count=2400,
    freq_lower_hz=0.0,
    freq_upper_hz=180e3,
    snr_db=5.0,
    power_dbfs=-40.0,
)
LTE_ALONE = {Technology.LTE: search}


def noise(seconds, rng, rate=RATE):
    parts = rng.standard_normal((2, round(rate * seconds)), dtype=np.float32)
    return (parts[0] + 1j * parts[1]) * np.float32(10 ** (NOISE_DBFS / 20) / np.sqrt(2))


def add(samples, waveform, *, start_s, width_hz, snr_db, offset_hz, rate=RATE):
    begin = max(0, round(start_s * rate) - 10)
    count = min(samples.size - begin, round(3e-3 * rate))
    span = Span(first_s=begin / rate - start_s, count=count, sample_rate_hz=rate, offset_hz=offset_hz)
    level = np.sqrt(10 ** ((snr_db + NOISE_DBFS) / 10) * width_hz / rate)
    samples[begin : begin + count] += (level * waveform.render(span)).astype(np.complex64)


def received(samples):
    """What an 8-bit receiver makes of it, with its DC line."""
    parts = (samples.astype(np.complex64) + np.complex64(10**-2.3)).view(np.float32)
    return ((np.clip(np.round(parts * 127.5 + 127.5), 0, 255) - 127.5) / 127.5).astype(np.float32).view(np.complex64)


def attempts(seconds, rng, *, snr_db, offset_hz=-100e3, rate=RATE, step_db=0.0):
    samples = noise(seconds, rng, rate)
    starts = np.arange(31.4e-3, seconds - 5e-3, 20e-3)
    for k, start_s in enumerate(starts):
        one = preamble(CARRIER, shift=int(rng.integers(0, 839)))
        add(samples, one, start_s=start_s, width_hz=1.08e6, snr_db=snr_db + k * step_db, offset_hz=offset_hz, rate=rate)
    return samples, starts


def call(seconds, rng, *, snr_db, offset_hz=200e3, rate=RATE):
    samples = noise(seconds, rng, rate)
    starts = np.arange(20.2e-3, seconds - 5e-3, 20e-3)
    for k, start_s in enumerate(starts):
        grant = pusch(CARRIER, subframe=2 * k % 10, first_block=2, blocks=2, rng=rng)
        add(
            samples,
            grant,
            start_s=start_s,
            width_hz=2 * RESOURCE_BLOCK_HZ,
            snr_db=snr_db,
            offset_hz=offset_hz,
            rate=rate,
        )
        for half, block in ((0, 0), (1, 5)):
            report = pucch_report(CARRIER, slot=(8 + half), block=block, rng=rng)
            at = start_s + 4e-3 + half * 0.5e-3
            add(samples, report, start_s=at, width_hz=RESOURCE_BLOCK_HZ, snr_db=snr_db, offset_hz=offset_hz, rate=rate)
    return samples, starts


def heard(samples, profile, plan, *, rate=RATE, centre_hz=897e6, block=60_000):
    pipeline = Pipeline(profile=profile, plan=plan, searches=LTE_ALONE)
    tuning = Tuning(sample_rate_hz=rate, centre_hz=centre_hz, limit=LIMIT)
    pieces = [IqBlock(tuning=tuning, start=s, samples=samples[s : s + block]) for s in range(0, samples.size, block)]
    outputs = [*map(pipeline.push, pieces), pipeline.flush()]
    return (
        [burst for out in outputs for burst in out.bursts],
        [detection for out in outputs for detection in out.detections],
        [event for out in outputs for event in out.events],
    )


@pytest.mark.parametrize(("rate", "snr_db"), [(2.4e6, 4.0), (2.4e6, -6.0), (1.92e6, 0.0), (3.84e6, 0.0)])
def test_a_phone_without_an_answer_is_found_with_each_attempt(rng, profile, plan, rate, snr_db):
    samples, starts = attempts(0.6, rng, snr_db=snr_db, rate=rate)
    bursts, detections, _ = heard(received(samples), profile, plan, rate=rate)
    times = [burst.start / rate for burst in bursts]
    found = [any(abs(t - start) < 60e-6 for t in times) for start in starts]
    assert np.mean(found) > 0.9
    assert {burst.label for burst in bursts} == {Label.LTE_PRACH}
    assert detections[-1].activity is Activity.ACCESS
    assert detections[-1].parts["root"] == CARRIER.root
    assert detections[-1].last


@pytest.mark.parametrize("rate", [2.5e6, 10e6, 15.36e6, 20e6, 30.72e6])
def test_attempts_are_heard_at_the_rate_of_any_receiver(rng, profile, plan, rate):
    samples, starts = attempts(0.3, rng, snr_db=2.0, rate=rate, offset_hz=-0.31 * rate + 600e3)
    bursts, detections, _ = heard(received(samples), profile, plan, rate=rate, centre_hz=None)
    assert len(bursts) == len(starts)
    assert {burst.detail["root"] for burst in bursts} == {CARRIER.root}
    assert detections


@pytest.mark.parametrize("rate", [1.92e6, 15.36e6, 30.72e6])
def test_a_call_is_heard_at_any_rate_of_whole_subcarriers(rng, profile, plan, rate):
    samples, starts = call(0.5, rng, snr_db=6.0, rate=rate)
    bursts, detections, _ = heard(received(samples), profile, plan, rate=rate, centre_hz=None)
    assert sum(burst.label is Label.LTE_PUSCH for burst in bursts) == pytest.approx(len(starts), abs=2)
    assert detections


def test_rising_attempts_are_told(rng, profile, plan):
    samples, starts = attempts(0.3, rng, snr_db=-4.0, step_db=2.0)
    _, detections, _ = heard(received(samples), profile, plan)
    assert detections[-1].parts["rising"] >= len(starts) - 3


def test_a_call_is_found_with_its_channels(rng, profile, plan):
    samples, starts = call(1.0, rng, snr_db=4.0)
    bursts, detections, _ = heard(received(samples), profile, plan)
    shared = [b for b in bursts if b.label is Label.LTE_PUSCH]
    control = [b for b in bursts if b.label is Label.LTE_PUCCH]
    assert len(shared) == pytest.approx(len(starts), abs=3)
    assert len(control) == pytest.approx(2 * len(starts), abs=6)
    for burst in shared:
        assert np.min(np.abs(starts - burst.start / RATE)) < 40e-6
        assert burst.count == round(SUBFRAME_S * RATE)
        assert burst.freq_lower_hz == pytest.approx(200e3 + CARRIER.block_hz(2), abs=8e3)
        assert burst.freq_upper_hz - burst.freq_lower_hz == pytest.approx(2 * RESOURCE_BLOCK_HZ)
        assert burst.snr_db == pytest.approx(4.0, abs=2.0)
    assert detections[-1].activity is Activity.CALL
    assert detections[-1].parts["single"] == 1.0
    assert len({d.emission for d in detections}) == 1


def test_any_chunking_gives_the_same(rng, profile, plan):
    samples, _ = call(0.5, rng, snr_db=6.0)
    air = received(samples)
    assert heard(air, profile, plan, block=600_000) == heard(air, profile, plan, block=17_001)


def test_the_first_detection_comes_half_a_second_after_the_evidence(rng, profile, plan):
    samples, _ = attempts(1.5, rng, snr_db=6.0)
    air = received(samples)
    pipeline = Pipeline(profile=profile, plan=plan, searches=LTE_ALONE)
    tuning = Tuning(sample_rate_hz=RATE, centre_hz=897e6, limit=LIMIT)
    for start in range(0, air.size, 24_000):
        out = pipeline.push(IqBlock(tuning=tuning, start=start, samples=air[start : start + 24_000]))
        if out.detections:
            assert (start + 24_000) / RATE < 31.4e-3 + SUBFRAME_S + 0.5
            return
    pytest.fail("nothing was detected")


@pytest.mark.parametrize("kind", ["noise", "impulses", "lines"])
def test_air_without_phones_is_silent(rng, profile, plan, kind):
    samples = noise(2.0, rng)
    if kind == "impulses":
        samples[rng.integers(0, samples.size, 50)] += 0.5
    if kind == "lines":
        times = np.arange(samples.size) / RATE
        for offset_hz, level in ((-612e3, 0.01), (233e3, 0.03)):
            samples += (level * np.exp(2j * np.pi * offset_hz * times)).astype(np.complex64)
    bursts, detections, _ = heard(received(samples), profile, plan)
    assert bursts == []
    assert detections == []


def test_outside_every_uplink_nothing_is_searched(rng, profile, plan):
    samples, _ = attempts(0.3, rng, snr_db=10.0)
    assert heard(received(samples), profile, plan, centre_hz=100e6) == ([], [], [])


def test_where_the_centre_is_unknown_everything_is_searched(rng, profile, plan):
    samples, starts = attempts(0.3, rng, snr_db=10.0)
    bursts, _, _ = heard(received(samples), profile, plan, centre_hz=None)
    assert len(bursts) == len(starts)


def test_a_crowded_band_costs_a_bounded_search_and_says_so(rng, profile, plan):
    tight = replace(profile, lte=replace(profile.lte, preamble_deviations=0.5, preamble_searches=50.0))
    _, _, events = heard(received(noise(0.5, rng)), tight, plan)
    limited = [event for event in events if event.kind is EventKind.LIMITED]
    assert limited
    assert "not searched" in limited[0].detail


def test_a_jammer_is_an_event_and_no_phone(rng, profile, plan):
    samples = noise(1.5, rng)
    samples[round(0.8 * RATE) :] *= np.float32(4.0)
    bursts, detections, events = heard(received(samples), profile, plan)
    assert bursts == []
    assert detections == []
    jamming = [event for event in events if event.kind is EventKind.JAMMING]
    assert jamming
    assert jamming[0].start > 0.5 * RATE


def test_an_upload_is_no_jammer(rng, profile, plan):
    samples = noise(0.6, rng)
    for k in range(100, 590):
        grant = pusch(CARRIER, subframe=k % 10, first_block=0, blocks=6, rng=rng)
        add(samples, grant, start_s=k * 1e-3, width_hz=1.08e6, snr_db=12.0, offset_hz=0.0)
    _, detections, events = heard(received(samples), profile, plan)
    assert detections[-1].activity is Activity.DATA
    assert not [event for event in events if event.kind is EventKind.JAMMING]


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_evidence_never_scores_less(one, other):
    low, high = sorted((one, other))
    assert 0 <= score_of(low, 18.0) <= score_of(high, 18.0) <= 1
    assert score_of(18.0, 18.0) == pytest.approx(0.9)


def test_two_at_once_are_not_one_phone():
    burst = BURST
    alone = joined(newborn(burst, 0), [burst], evidence=20.0)
    both = joined(alone, [replace(burst, freq_lower_hz=540e3, freq_upper_hz=720e3)], evidence=20.0)
    assert both.counts == {Label.LTE_PUSCH: 2}
    assert both.evidence == 40.0
    assert (both.lower_hz, both.upper_hz) == (0.0, 720e3)


def test_no_bursts_are_no_phone():
    with pytest.raises(ValueError, match="bursts is empty"):
        joined(newborn(BURST, 0), [], evidence=1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"site_roots": (839,)}, "site_roots: 839 is outside 1..838"),
        ({"release_s": 0.0}, "release_s=0.0 is not positive"),
        ({"preamble_known_evidence": 99.0}, "preamble_known_evidence=99.0 is outside"),
    ],
)
def test_impossible_thresholds_are_refused_by_name(profile, change, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        replace(profile.lte, **change)


@pytest.mark.parametrize(
    ("group", "change", "message"),
    [
        ("boxes", {"hollow": 0.0}, "hollow=0.0 is not positive"),
        ("uplink", {"alone_evidence": -1.0}, "alone_evidence=-1.0 is not positive"),
        ("sounding", {"comb": 0.0}, "comb=0.0 is not positive"),
        ("activity", {"call_share": 0.5}, "call_share=0.5 is outside 0..0.35"),
    ],
)
def test_impossible_thresholds_of_a_group_are_refused_by_name(profile, group, change, message):
    with pytest.raises(ValueError, match=message):
        replace(getattr(profile.lte, group), **change)


def test_every_threshold_is_in_the_profile(profile):
    assert isinstance(profile.lte, LteThresholds)


def two_uploads(seconds, rng, *, apart_hz, snr_db=10.0):
    """Two phones of one cell that take turns, their carriers a little apart."""
    samples = noise(seconds, rng)
    for k in range(40, round(1e3 * seconds) - 5, 4):
        grant = pusch(CARRIER, subframe=k % 10, first_block=0, blocks=5, rng=rng)
        offset_hz = 100e3 + apart_hz * (k // 4 % 2)
        add(samples, grant, start_s=k * 1e-3, width_hz=5 * RESOURCE_BLOCK_HZ, snr_db=snr_db, offset_hz=offset_hz)
    return samples


@pytest.mark.parametrize(("apart_hz", "phones"), [(0.0, 1), (170.0, 2)])
def test_phones_of_one_cell_are_told_apart_by_their_carriers(rng, profile, plan, apart_hz, phones):
    bursts, detections, _ = heard(received(two_uploads(1.2, rng, apart_hz=apart_hz)), profile, plan)
    assert len({detection.emission for detection in detections}) == phones
    late = [burst for burst in bursts if burst.start > 0.5 * RATE]
    sender = {round(burst.start / RATE * 1e3) // 4 % 2: burst.emission for burst in late}
    assert len(set(sender.values())) == phones
    wrong = [burst for burst in late if burst.emission != sender[round(burst.start / RATE * 1e3) // 4 % 2]]
    assert len(wrong) < 0.05 * len(late)
    assert detections[-1].parts["one_phone"] > (0.9 if phones == 1 else 0.6)
