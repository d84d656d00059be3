"""The matched filter's signal against the textbook modulator."""

import numpy as np
import pytest

from detector.gsm.modulation import main_pulse, power_density, pulse_spectrum, sequence_spectrum
from detector.gsm.standard import ACCESS_SYNC, SYMBOL_S, TRAINING
from tests.detector.gsm_air import gmsk, normal_bits


def test_main_pulse_is_even_and_has_unit_energy():
    times, values = main_pulse()
    assert np.allclose(values, values[::-1])
    assert np.allclose(times, -times[::-1])
    assert np.sum(values**2) * (times[1] - times[0]) == pytest.approx(1.0, rel=1e-6)


def test_power_density_sums_to_one():
    frequency = np.linspace(-500e3, 500e3, 20001)
    assert np.sum(power_density(frequency)) * (frequency[1] - frequency[0]) == pytest.approx(1.0, abs=2e-3)


def test_power_density_reads_its_table_as_the_pulse_says(rng):
    frequency = rng.uniform(-180e3, 180e3, 300)
    exact = pulse_spectrum(frequency) ** 2 * SYMBOL_S
    assert np.allclose(power_density(frequency), exact, atol=2e-4 * exact.max())


@pytest.mark.parametrize("tsc", range(8))
def test_decomposition_explains_the_textbook_signal(tsc, rng):
    """The main pulse holds over 99 % of the signal inside a burst (Laurent 1986); the ramps take one more per cent."""
    bits = normal_bits(tsc, rng)
    rate = 16 / SYMBOL_S
    times = np.arange(-8 * 16, 156 * 16) / rate
    signal = gmsk(bits, times)
    spectrum = np.fft.fft(signal) * np.exp(-2j * np.pi * np.fft.fftfreq(times.size, 1 / rate) * times[0])
    model = sequence_spectrum(bits, 0, np.fft.fftfreq(times.size, 1 / rate))
    share = np.abs(np.vdot(model, spectrum)) ** 2 / (np.vdot(model, model).real * np.vdot(spectrum, spectrum).real)
    assert share > 0.98


def test_known_bits_lie_where_the_standard_puts_them():
    assert TRAINING.shape == (8, 26)
    assert ACCESS_SYNC.shape == (3, 41)
    assert len({row.tobytes() for row in TRAINING}) == 8


def test_training_sequences_are_periodic_over_sixteen_symbols():
    """TS 45.002, 5.2.3: each is sixteen bits, led and followed by five of its own, but for the two last codes' edges."""
    for row in TRAINING:
        assert np.array_equal(row[:10], row[16:])
