"""What the LTE search hears at its bounds, what it may cost, and what it must never take for a phone."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.lte import access, channels, search
from detector.lte.access import Place, find_preambles
from detector.lte.budget import FULL
from detector.lte.pieces import Stretch
from detector.lte.standard import (
    PREAMBLE_FORMATS,
    PREAMBLE_LENGTH,
    PREAMBLE_PERIOD_S,
    PREAMBLE_SPACING_HZ,
    PREAMBLE_WIDTH_HZ,
)
from detector.lte.zadoff_chu import zadoff_chu
from detector.pipeline import Pipeline
from detector.types import EventKind, IqBlock, Label, Technology, Tuning
from sdr.synthetic.lte_waveform import LteCarrier, preamble, pucch_report
from sdr.synthetic.transmission import Span

RATE = 2.4e6
NOISE = 0.02
CARRIER = LteCarrier(earfcn=21450, centre_hz=0.0, blocks=6, cell=30, root=129)


def noise(seconds, rng):
    """White noise of a power of ``NOISE`` squared."""
    parts = rng.standard_normal((2, round(RATE * seconds)), dtype=np.float32)
    return (parts[0] + 1j * parts[1]) * np.float32(NOISE / np.sqrt(2))


def amplitude(snr_db, width_hz):
    """Of a signal at an SNR in its own width."""
    return np.float32(NOISE * np.sqrt(10 ** (snr_db / 10) * width_hz / RATE))


def long_preamble(kind, root, lower_hz):
    """A preamble of any format at unit power; ``lower_hz`` is its lowest subcarrier."""
    values = np.fft.fft(zadoff_chu(root, PREAMBLE_LENGTH)) / PREAMBLE_LENGTH
    index = np.arange(round(kind.length_s * RATE)) - round(kind.prefix_s * RATE)
    size = round(PREAMBLE_PERIOD_S * RATE)
    bins = np.zeros(size, complex)
    bins[np.arange(PREAMBLE_LENGTH)] = values
    period = np.fft.ifft(bins) * size
    return (period[index % size] * np.exp(2j * np.pi * lower_hz / RATE * index)).astype(np.complex64)


def heard(samples, profile, plan):
    pipeline = Pipeline(profile=profile, plan=plan, searches={Technology.LTE: search})
    tuning = Tuning(sample_rate_hz=RATE, centre_hz=897e6, limit=1.0)
    outputs = [pipeline.push(IqBlock(tuning=tuning, start=0, samples=samples.astype(np.complex64))), pipeline.flush()]
    return (
        [burst for out in outputs for burst in out.bursts],
        [detection for out in outputs for detection in out.detections],
        [event for out in outputs for event in out.events],
    )


def ofdm(seconds, rng, *, spacing_hz, prefix_share, used_hz, on_s, period_s, snr_db):
    """Symbols of random QPSK on subcarriers, in bursts: what a computer's or a drone's radio sends."""
    size = round(RATE / spacing_hz)
    used = round(used_hz / spacing_hz)
    symbols = int(on_s * RATE / (size * (1 + prefix_share)))
    samples = noise(seconds, rng)
    for start in range(round(0.03 * RATE), samples.size - round(on_s * RATE) - 1, round(period_s * RATE)):
        bins = np.zeros((symbols, size), complex)
        bins[:, np.arange(used) - used // 2] = rng.choice([1, 1j, -1, -1j], (symbols, used))
        waves = np.fft.ifft(bins, axis=1) * size / np.sqrt(used)
        burst = np.concatenate((waves[:, size - round(prefix_share * size) :], waves), axis=1).ravel()
        samples[start : start + burst.size] += amplitude(snr_db, used_hz) * burst
    return samples


@pytest.mark.parametrize("kind", PREAMBLE_FORMATS)
@pytest.mark.parametrize("half_bin", [False, True])
def test_every_format_is_told_at_either_half_bin(rng, profile, kind, half_bin):
    lower_hz = -420e3 + half_bin * PREAMBLE_SPACING_HZ / 2
    samples, start = noise(0.02, rng), round(8e-3 * RATE)
    one = amplitude(3.0, PREAMBLE_WIDTH_HZ) * long_preamble(kind, 321, lower_hz)
    samples[start : start + one.size] += one
    stretch = Stretch(iq=samples.astype(np.complex64), start=0, sample_rate_hz=RATE)
    place = Place(start=start + round(kind.prefix_s / 2 * RATE), lower_hz=-400e3)
    (found,) = find_preambles(stretch, [place], profile.lte, noise=NOISE**2 / RATE)
    assert (found.root, found.format) == (321, kind)
    assert abs(found.start - start) / RATE < 60e-6
    assert found.half_bin == half_bin
    assert found.lower_hz == pytest.approx(lower_hz, abs=10e3)


@pytest.mark.parametrize("share", [0.75, 0.85, 1.0])
def test_a_preamble_over_the_bands_edge_is_found_and_says_how_much_was_received(rng, profile, plan, share):
    samples = noise(0.5, rng)
    lower_hz = -RATE / 2 - (1 - share) * PREAMBLE_WIDTH_HZ + 0.01 * PREAMBLE_WIDTH_HZ
    wave = long_preamble(PREAMBLE_FORMATS[0], 500, lower_hz + 2 * RATE)
    spectrum = np.fft.fft(wave)
    frequencies = np.fft.fftfreq(wave.size, 1 / RATE)
    spectrum[frequencies > 0] = 0
    inside = np.fft.ifft(spectrum)
    for k in range(20):
        start = round((0.03 + 0.02 * k) * RATE)
        samples[start : start + wave.size] += amplitude(3.0, PREAMBLE_WIDTH_HZ) * inside
    bursts, detections, _ = heard(samples, profile, plan)
    assert len(bursts) >= 18
    assert {burst.label for burst in bursts} == {Label.LTE_PRACH}
    assert all(burst.freq_lower_hz >= -RATE / 2 for burst in bursts)
    told = [burst.detail.get("received_share", 1.0) for burst in bursts]
    assert np.median(told) == pytest.approx(share, abs=0.06)
    assert detections[-1].parts["root"] == 500


@pytest.mark.parametrize("period_ms", [5, 20, 80])
def test_a_connected_phone_that_only_reports_is_found(rng, profile, plan, period_ms):
    samples = noise(2.5, rng)
    for k, at_s in enumerate(np.arange(0.0123, 2.49, period_ms * 1e-3)):
        for half, block in ((0, 0), (1, 5)):
            report = pucch_report(CARRIER, slot=(2 * k * period_ms + half) % 20, block=block, rng=rng)
            begin = round((at_s + half * 0.5e-3) * RATE)
            span = Span(first_s=0.0, count=round(0.6e-3 * RATE), sample_rate_hz=RATE, offset_hz=150e3)
            samples[begin : begin + span.count] += amplitude(4.0, 180e3) * report.render(span)[: samples.size - begin]
    bursts, detections, _ = heard(samples, profile, plan)
    assert detections
    assert {detection.emission for detection in detections} == {detections[0].emission}
    assert sum(burst.label is Label.LTE_PUCCH for burst in bursts) > 0.8 * 2 * 2.45e3 / period_ms


@pytest.mark.parametrize(
    "shape",
    [
        {"spacing_hz": 312.5e3 / 8, "prefix_share": 0.25, "used_hz": 2.0e6, "on_s": 1.2e-3, "period_s": 7.3e-3},
        {"spacing_hz": 15e3, "prefix_share": 0.07, "used_hz": 1.2e6, "on_s": 5e-3, "period_s": 10e-3},
        {"spacing_hz": 15e3, "prefix_share": 0.07, "used_hz": 1.8e6, "on_s": 0.9, "period_s": 2.0},
    ],
    ids=["like Wi-Fi", "like a drone", "without a pause"],
)
@pytest.mark.parametrize("snr_db", [3.0, 15.0])
def test_other_radios_are_no_phones(rng, profile, plan, shape, snr_db):
    bursts, detections, _ = heard(ofdm(1.0, rng, snr_db=snr_db, **shape), profile, plan)
    assert detections == []
    assert bursts == []


def test_an_image_of_a_strong_preamble_is_no_second_one(rng, profile, plan):
    samples = noise(0.5, rng)
    for k in range(20):
        one = preamble(CARRIER, shift=int(rng.integers(0, PREAMBLE_LENGTH)))
        begin = round((0.03 + 0.02 * k) * RATE)
        span = Span(first_s=0.0, count=round(1e-3 * RATE), sample_rate_hz=RATE, offset_hz=500e3)
        samples[begin : begin + span.count] += amplitude(20.0, PREAMBLE_WIDTH_HZ) * one.render(span)
    bursts, _, _ = heard(samples + 0.1 * samples.conj(), profile, plan)
    assert len(bursts) == 20
    assert {burst.detail["root"] for burst in bursts} == {CARRIER.root}


def test_energy_in_every_millisecond_searches_no_more_than_the_profile_allows(rng, profile, plan, monkeypatch):
    ranked = []
    rank = access.ranked_roots
    monkeypatch.setattr(access, "ranked_roots", lambda bins, *rest: ranked.append(len(bins)) or rank(bins, *rest))
    seconds, allowed = 1.0, 100.0
    tight = replace(profile, lte=replace(profile.lte, preamble_searches=allowed, preamble_searches_per_s=allowed))
    samples = noise(seconds, rng)
    samples *= np.repeat(rng.choice([1.0, 1.6], 1000), round(1e-3 * RATE)).astype(np.float32)
    _, _, events = heard(samples, tight, plan)
    segments = 5
    assert 0 < sum(ranked) <= 2 * (allowed + allowed * seconds + 8 * segments)
    assert [event for event in events if event.kind is EventKind.LIMITED]


@pytest.mark.parametrize("steps", [4, 7, 12, 40])
def test_a_run_too_short_for_its_lattice_is_searched_without_harm(rng, profile, plan, steps):
    samples = noise(steps * 256 / RATE, rng)
    samples[samples.size // 3 :] *= 30
    assert heard(samples, profile, plan)[1] == []


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 50)), max_size=30))
def test_a_budget_never_allows_more_than_at_once_and_what_was_earned(steps):
    budget, spent, passed = FULL.earned(0.0, per_s=2.0, most=6.0), 0.0, 0.0
    for seconds, work in steps:
        budget, passed = budget.earned(seconds, per_s=2.0, most=6.0), passed + seconds
        done = min(work, budget.left)
        budget, spent = budget.spent(done), spent + done
        assert 0 <= budget.left <= 6.0
        assert spent <= 6.0 + 2.0 * passed + 1e-6


def test_foreign_bursts_are_looked_at_as_often_as_the_profile_allows_and_told_of_once_a_second(
    rng, profile, plan, monkeypatch
):
    looked = []
    read = channels.read
    monkeypatch.setattr(channels, "read", lambda *args: looked.append(1) or read(*args))
    samples = noise(4.8, rng)
    for k in range(round(4.8e3 / 4.615) - 1):
        at = round(k * 60 / 13e3 * RATE)
        samples[at : at + round(546e-6 * RATE)] += np.complex64(NOISE)
    tight = replace(profile, lte=replace(profile.lte, lattice_reads=1.0, lattice_reads_per_s=0.25))
    _, detections, events = heard(samples, tight, plan)
    assert detections == []
    assert 1 < len(looked) <= (1 + 0.25 * 4.8) / channels.FIRST_LOOK + 1
    limited = [event for event in events if event.kind is EventKind.LIMITED]
    assert 3 <= len(limited) <= 5
    assert all(one.stop <= other.start for one, other in pairwise(limited))
