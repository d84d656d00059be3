import numpy as np
import pytest
from scipy.signal import windows
from scipy.stats import gamma

from detector.noise import floor_of, follow
from detector.spectra import (
    WINDOW_LOSS,
    bin_frequencies_hz,
    power_correlation,
    power_map,
    transform_size,
    window,
)


def noise(n, rng, power=1.0):
    return (np.sqrt(power / 2) * (rng.standard_normal(n) + 1j * rng.standard_normal(n))).astype(np.complex64)


@pytest.mark.parametrize(("rate", "size"), [(1.2e6, 128), (1.92e6, 256), (2.4e6, 256), (10e6, 1024), (30.72e6, 4096)])
def test_bins_are_about_as_wide_at_every_rate(rate, size):
    assert transform_size(rate) == size
    assert 6e3 < rate / size < 14e3


def test_window_keeps_the_power_of_noise():
    assert np.mean(window(256) ** 2) == pytest.approx(1, rel=1e-6)


def test_power_map_agrees_with_the_plain_transform(rng):
    iq = noise(5 * 256 + 17, rng)
    tukey = windows.tukey(256, 0.25, sym=False)
    tukey /= np.sqrt(np.mean(tukey**2))
    expected = np.abs(np.fft.fftshift(np.fft.fft(iq[: 5 * 256].reshape(5, 256) * tukey, axis=1), axes=1) / 256) ** 2
    np.testing.assert_allclose(power_map(iq, 256), expected, rtol=2e-4, atol=1e-9)


@pytest.mark.parametrize("n_bins", [128, 256, 4096])
def test_what_the_window_costs_and_correlates_is_what_it_says(n_bins):
    assert np.mean(window(n_bins).astype(float) ** 4) == pytest.approx(WINDOW_LOSS, rel=1e-3)
    correlation = power_correlation(n_bins)
    assert correlation[0] == pytest.approx(1, rel=1e-5)
    assert correlation[0] + 2 * correlation[1:].sum() == pytest.approx(WINDOW_LOSS, abs=0.01)


def test_neighbouring_bins_of_noise_correlate_as_told(rng):
    n_steps, n_bins = 20_000, 128
    power = power_map(noise(n_steps * n_bins, rng), n_bins)
    power = power / power.mean(axis=0) - 1
    told = power_correlation(n_bins)
    error = 5 / np.sqrt(n_steps * n_bins)
    for distance in range(1, 5):
        found = (power[:, distance:] * power[:, :-distance]).mean() / (power**2).mean()
        assert abs(found - told[distance]) < error + 2 * told[distance] / np.sqrt(n_steps)


def test_a_strong_carrier_leaks_little_two_gsm_channels_away():
    n_bins = 256
    tone = np.exp(2j * np.pi * 0.3 / n_bins * np.arange(8 * n_bins)).astype(np.complex64)
    power = power_map(tone, n_bins).mean(axis=0)
    assert 10 * np.log10(power[128 + 43 :].max() / power.max()) < -60


def test_a_tone_stands_at_its_frequency():
    rate, n_bins = 2.4e6, 256
    frequencies = bin_frequencies_hz(n_bins, rate)
    tone = np.exp(2j * np.pi * frequencies[200] / rate * np.arange(4 * n_bins)).astype(np.complex64)
    assert (power_map(tone, n_bins).argmax(axis=1) == 200).all()


def test_noise_gives_its_power_in_each_bin(rng):
    n_steps, n_bins = 4000, 128
    mean = power_map(noise(n_steps * n_bins, rng, power=0.01), n_bins).mean() * n_bins
    low, high = gamma.interval(0.9999, n_steps * n_bins / 2, scale=0.01 / (n_steps * n_bins / 2))
    assert low < mean < high


def test_floor_is_the_noise_whatever_a_third_of_the_steps_holds(rng):
    power = rng.exponential(2.0, (3000, 64)).astype(np.float32)
    power[::3] += 500
    clean = floor_of(np.delete(power, np.s_[::3], axis=0), quantile=0.4, max_steps=3000)
    assert np.median(clean) == pytest.approx(2.0, rel=0.05)
    assert np.median(floor_of(power, quantile=0.4, max_steps=3000)) == pytest.approx(
        2.0 * np.log(1 - 0.6) / np.log(1 - 0.4), rel=0.06
    )


def test_floor_of_nothing_and_of_a_constant_receiver_is_positive():
    assert (floor_of(np.zeros((0, 8), np.float32), quantile=0.4) > 0).all()
    assert (floor_of(np.zeros((100, 8), np.float32), quantile=0.4) > 0).all()


def test_floor_rises_slowly_and_falls_fast():
    low, high = np.full(4, 1.0, np.float32), np.full(4, 100.0, np.float32)
    assert follow(None, low, rise=0.2, fall=0.5) is low
    np.testing.assert_allclose(10 * np.log10(follow(low, high, rise=0.2, fall=0.5)), 4, rtol=1e-5)
    np.testing.assert_allclose(10 * np.log10(follow(high, low, rise=0.2, fall=0.5)), 10, rtol=1e-5)
