"""The simulated waveforms against what the standards and the theory of their modulations say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.gsm.standard import ACCESS_BITS, ACCESS_SYNC, ACCESS_SYNC_START, NORMAL_BITS, SYMBOL_S, TRAINING
from detector.gsm.standard import TRAINING_START as MIDDLE
from detector.lte.standard import CYCLIC_PREFIXES_S, DMRS_SYMBOL, PREAMBLE_LENGTH, RESOURCE_BLOCK_HZ
from detector.lte.standard import SYMBOL_S as OFDM_S
from sdr.synthetic.gmsk import GmskBurst, envelope
from sdr.synthetic.gsm_waveform import access_bits, normal_bits
from sdr.synthetic.lte_waveform import (
    LteCarrier,
    base_sequence,
    preamble,
    pseudo_random,
    pucch_report,
    pucch_request,
    pusch,
    zadoff_chu,
)
from sdr.synthetic.transmission import Span, front_end_gain

RATE = 1.92e6
CARRIER = LteCarrier(earfcn=21616, centre_hz=896.6e6, blocks=6, cell=120, root=129)


def span(duration_s, *, first_s=0.0, rate=RATE, offset_hz=0.0):
    return Span(first_s=first_s, count=round(duration_s * rate), sample_rate_hz=rate, offset_hz=offset_hz)


def waveform(kind, rng):
    return {
        "gsm": lambda: GmskBurst(bits=normal_bits(3, rng=rng)),
        "preamble": lambda: preamble(CARRIER, shift=26),
        "pusch": lambda: pusch(CARRIER, subframe=4, first_block=1, blocks=4, rng=rng),
        "report": lambda: pucch_report(CARRIER, slot=7, block=5, rng=rng),
    }[kind]()


KINDS = ("gsm", "preamble", "pusch", "report")


@pytest.mark.parametrize("code", range(8))
def test_a_normal_burst_bears_its_training_sequence(code, rng):
    bits = normal_bits(code, rng=rng)
    assert bits.size == NORMAL_BITS
    assert not bits[:3].any()
    assert not bits[-3:].any()
    assert np.array_equal(bits[MIDDLE : MIDDLE + 26], TRAINING[code])


def test_an_access_burst_bears_its_sequence(rng):
    bits = access_bits(rng=rng)
    assert bits.size == ACCESS_BITS
    assert np.array_equal(bits[ACCESS_SYNC_START : ACCESS_SYNC_START + 41], ACCESS_SYNC[0])


def test_gmsk_has_a_constant_envelope_within_its_bits_and_is_silent_beyond_its_ramps(rng):
    burst = GmskBurst(bits=normal_bits(0, rng=rng))
    whole = span(700e-6, first_s=-50e-6)
    magnitude = np.abs(burst.render(whole))
    time_s = whole.first_s + np.arange(whole.count) / RATE
    inside = (time_s >= 0) & (time_s <= NORMAL_BITS * SYMBOL_S)
    outside = (time_s < -burst.ramp_s) | (time_s > NORMAL_BITS * SYMBOL_S + burst.ramp_s)
    assert np.abs(magnitude[inside] - 1).max() < 1e-5
    assert not magnitude[outside].any()


def test_equal_bits_turn_a_quarter_a_symbol():
    symbol = np.arange(20, 120)
    turned = envelope(np.ones(148, np.int8), symbol * SYMBOL_S)
    assert np.angle(turned[1:] / turned[:-1]) == pytest.approx(np.full(99, np.pi / 2), abs=4e-3)


def test_gmsk_is_as_wide_as_its_theory(rng):
    # 99 % of the power of GMSK with BT 0.25 lies in 0.86 / T, of MSK in 1.2 / T (Murota and Hirade, 1981): BT 0.3 is between.
    burst = GmskBurst(bits=rng.integers(0, 2, 40_000, np.int8))
    power = np.abs(np.fft.fftshift(np.fft.fft(burst.turned(span(40_000 * SYMBOL_S))))) ** 2
    share = np.cumsum(power) / power.sum()
    bins = np.searchsorted(share, 0.995) - np.searchsorted(share, 0.005)
    assert 0.86 < bins * RATE / power.size * SYMBOL_S < 1.2


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(cut=st.integers(1, 1500), late=st.floats(0, 1), offset_hz=st.floats(-400e3, 400e3))
def test_a_waveform_is_the_same_in_one_piece_and_in_two(kind, cut, late, offset_hz):
    source = waveform(kind, np.random.default_rng(1))
    first_s = -late / RATE
    whole = source.render(Span(first_s=first_s, count=1920, sample_rate_hz=RATE, offset_hz=offset_hz))
    head = source.render(Span(first_s=first_s, count=cut, sample_rate_hz=RATE, offset_hz=offset_hz))
    tail_s = first_s + cut / RATE
    tail = source.render(Span(first_s=tail_s, count=1920 - cut, sample_rate_hz=RATE, offset_hz=offset_hz))
    assert np.abs(np.concatenate((head, tail)) - whole).max() < 2e-2


@pytest.mark.parametrize("kind", KINDS)
def test_twice_the_rate_gives_the_same_samples_in_between(kind, rng):
    # 4.8 MS/s keeps the tones of 2.4 MS/s where its filter is flat.
    source = waveform(kind, rng)
    slow = source.render(span(1e-3, rate=2.4e6, first_s=1e-7))
    fast = source.render(span(1e-3, rate=4.8e6, first_s=1e-7))
    assert np.abs(slow - fast[::2]).max() < 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_a_waveform_has_unit_power(kind, rng):
    source = waveform(kind, rng)
    duration_s = NORMAL_BITS * SYMBOL_S if kind == "gsm" else source.duration_s
    power = np.mean(np.abs(source.render(span(duration_s))) ** 2)
    # PUSCH: 12 symbols of 48 QPSK values; the peaks of a transform of few values are averaged over its samples.
    assert power == pytest.approx(1, abs=0.05)


def test_a_prefix_is_the_end_of_its_symbol(rng):
    samples = pusch(CARRIER, subframe=0, first_block=1, blocks=3, rng=rng).render(span(1e-3))
    start, useful = 0, round(OFDM_S * RATE)
    for prefix_s in CYCLIC_PREFIXES_S * 2:
        prefix = round(prefix_s * RATE)
        symbol = samples[start : start + prefix + useful]
        # The subcarriers lie at odd multiples of half their spacing: after a symbol the sign has changed.
        assert np.abs(symbol[:prefix] + symbol[-prefix:]).max() < 1e-3
        start += prefix + useful
    assert start == samples.size


def test_pusch_stays_in_its_blocks_and_its_reference_symbol_is_flat(rng):
    samples = pusch(CARRIER, subframe=3, first_block=2, blocks=2, rng=rng).render(span(1e-3))
    start = round((sum(CYCLIC_PREFIXES_S[: DMRS_SYMBOL + 1]) + DMRS_SYMBOL * OFDM_S) * RATE)
    symbol = samples[start : start + 128] * np.exp(-2j * np.pi * 7.5e3 * np.arange(128) / RATE)
    tones = np.abs(np.fft.fftshift(np.fft.fft(symbol))) / 128
    used = 64 - 36 + 24 + np.arange(24)
    assert tones[used] == pytest.approx(np.full(24, 24**-0.5), rel=1e-3)
    assert np.delete(tones, used).max() < 1e-3


def test_pucch_lies_in_one_block(rng):
    for waveform_ in (pucch_report(CARRIER, slot=0, block=0, rng=rng), pucch_request(CARRIER, slot=1, block=0)):
        samples = waveform_.render(span(0.5e-3))
        power = np.abs(np.fft.fft(samples)) ** 2
        frequency_hz = np.fft.fftfreq(samples.size, 1 / RATE)
        lower_hz = CARRIER.block_hz(0)
        inside = (frequency_hz >= lower_hz) & (frequency_hz <= lower_hz + RESOURCE_BLOCK_HZ)
        assert power[inside].sum() / power.sum() > 0.93


@given(root=st.integers(1, 838), other=st.integers(1, 838))
def test_preamble_roots_are_orthogonal_to_their_own_shifts_and_nearly_so_to_each_other(root, other):
    spectrum = np.fft.fft(zadoff_chu(root, PREAMBLE_LENGTH))
    correlation = np.abs(np.fft.ifft(spectrum * np.fft.fft(zadoff_chu(other, PREAMBLE_LENGTH)).conj()))
    if root == other:
        assert correlation[0] == pytest.approx(PREAMBLE_LENGTH)
        assert correlation[1:].max() < 1e-6
    else:
        assert correlation == pytest.approx(np.full(PREAMBLE_LENGTH, PREAMBLE_LENGTH**0.5))


@pytest.mark.parametrize("shift", [0, 13, 400])
def test_a_shifted_preamble_comes_earlier_by_its_shift(shift):
    useful = round(0.8e-3 * RATE)
    plain, moved = (preamble(CARRIER, shift=s).render(span(0.903e-3))[-useful:] for s in (0, shift))
    correlation = np.abs(np.fft.ifft(np.fft.fft(moved) * np.fft.fft(plain).conj()))
    assert np.argmax(correlation) == pytest.approx(-shift / PREAMBLE_LENGTH * useful % useful, abs=1)


@pytest.mark.parametrize("size", [12, 24, 36, 48, 60, 72])
def test_base_sequences_are_of_magnitude_one(size):
    assert np.abs(base_sequence(size)) == pytest.approx(np.ones(size))


def test_a_cell_of_another_sequence_group_is_refused():
    with pytest.raises(ValueError, match="cell=17"):
        LteCarrier(earfcn=21616, centre_hz=896.6e6, blocks=6, cell=17, root=129)


def test_pseudo_random_bits_are_balanced_as_coin_tosses_are():
    bits = pseudo_random(120, 4000)
    # Five standard deviations of a fair coin.
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(bits.size)
    assert not np.array_equal(bits, pseudo_random(121, 4000))


def test_what_lies_beyond_the_band_is_filtered_away(rng):
    burst = GmskBurst(bits=normal_bits(1, rng=rng))
    middle = burst.render(span(0.5e-3, first_s=20e-6))
    power = {
        offset: np.mean(np.abs(burst.render(span(0.5e-3, first_s=20e-6, offset_hz=offset * RATE))) ** 2)
        for offset in (0.45, 0.5, 0.8)
    }
    assert np.mean(np.abs(middle) ** 2) > power[0.45] > power[0.5] > 100 * power[0.8]


def test_the_front_end_is_flat_in_the_middle_and_5_db_down_at_its_edges():
    gain = front_end_gain(-RATE, RATE / 100, 201, RATE)
    assert gain[100 - 35 : 100 + 36] == pytest.approx(np.ones(71))
    assert 20 * np.log10(gain[[50, 150]]) == pytest.approx([-5, -5], abs=1e-3)
    assert not gain[:49].any()
    assert not gain[152:].any()
