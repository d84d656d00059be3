"""The sequences of the LTE uplink against the properties that the standard chose them for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.lte.base_sequences import GROUPS, base_sequences, largest_prime_below
from detector.lte.standard import (
    CYCLIC_PREFIXES_S,
    PREAMBLE_FORMATS,
    PREAMBLE_LENGTH,
    SLOT_S,
    SLOT_SYMBOLS,
    SYMBOL_S,
)
from detector.lte.zadoff_chu import inverse_roots, preamble_spectrum, zadoff_chu
from sdr.synthetic.lte_waveform import base_sequence

ROOTS = st.integers(1, PREAMBLE_LENGTH - 1)


@given(ROOTS)
def test_a_preamble_has_constant_envelope_and_no_sidelobes(root):
    sequence = zadoff_chu(root, PREAMBLE_LENGTH)
    correlation = np.fft.ifft(np.abs(np.fft.fft(sequence)) ** 2)
    assert np.allclose(np.abs(sequence), 1, atol=1e-6)
    assert np.allclose(correlation[1:], 0, atol=1e-2)


@given(ROOTS, ROOTS)
def test_two_roots_correlate_by_one_over_the_root_of_their_length(one, other):
    if one == other:
        return
    spectrum = np.fft.fft(zadoff_chu(one, PREAMBLE_LENGTH)) * np.fft.fft(zadoff_chu(other, PREAMBLE_LENGTH)).conj()
    assert np.allclose(np.abs(np.fft.ifft(spectrum)), np.sqrt(PREAMBLE_LENGTH), rtol=1e-3)


@given(ROOTS, st.integers(1, 8))
def test_products_of_a_preambles_spectrum_are_tones_that_tell_its_root(root, lag):
    spectrum = preamble_spectrum(root)
    tone = spectrum[lag:] * spectrum[:-lag].conj()
    cycles = inverse_roots()[root - 1] * lag / PREAMBLE_LENGTH
    turned = tone * np.exp(-2j * np.pi * cycles * np.arange(tone.size))
    assert np.allclose(turned, turned[0], atol=1e-2)


@pytest.mark.parametrize("root", [0, PREAMBLE_LENGTH])
def test_an_impossible_root_is_refused_by_name(root):
    with pytest.raises(ValueError, match=f"root={root} is outside 1..838"):
        zadoff_chu(root, PREAMBLE_LENGTH)


@given(st.integers(1, 100))
def test_base_sequences_have_unit_magnitude_and_differ(blocks):
    sequences = base_sequences(12 * blocks)
    likeness = np.abs(sequences @ sequences.conj().T) / (12 * blocks)
    assert sequences.shape == (GROUPS, 12 * blocks)
    assert np.allclose(np.abs(sequences), 1, atol=1e-5)
    assert np.allclose(np.diag(likeness), 1, atol=1e-4)
    assert (likeness - np.eye(GROUPS)).max() < 0.7


@pytest.mark.parametrize("length", [12, 24, 36, 48, 120, 180])
def test_group_zero_is_what_the_simulated_phones_send(length):
    assert np.allclose(base_sequences(length)[0], base_sequence(length), atol=1e-5)


@pytest.mark.parametrize("length", [0, 6, 13])
def test_a_length_that_no_channel_has_is_refused(length):
    with pytest.raises(ValueError, match=f"length={length}"):
        base_sequences(length)


@given(st.integers(3, 2000))
def test_the_largest_prime_below_is_prime_and_none_lies_between(number):
    prime = largest_prime_below(number)
    primes = [n for n in range(2, number) if all(n % d for d in range(2, int(n**0.5) + 1))]
    assert prime == primes[-1]


def test_a_slot_is_seven_symbols_with_their_prefixes():
    assert sum(CYCLIC_PREFIXES_S) + SLOT_SYMBOLS * SYMBOL_S == pytest.approx(SLOT_S, abs=1e-12)


def test_preambles_last_as_the_table_says():
    lengths_ms = [1e3 * kind.length_s for kind in PREAMBLE_FORMATS]
    assert lengths_ms == pytest.approx([0.903125, 1.484375, 1.803125, 2.284375])
