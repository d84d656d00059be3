"""GMSK as GSM sends it: bits to the complex envelope of a burst with its power ramps.

After TS 45.004, clause 2: differential encoding, a Gaussian pulse of BT 0.3, modulation index 1/2. The phase is computed
at the very times of the samples, so neither the rate nor a burst's place between two samples is rounded.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.special import ndtr

from detector.gsm.standard import BANDWIDTH_TIME, SYMBOL_S
from detector.types import FloatArray, Iq
from sdr.synthetic.transmission import Span, front_end_gain, oscillator

__all__ = ["Bits", "GmskBurst", "envelope"]

Bits = NDArray[np.int8]

REACH: Final = 2
WINDOW: Final = 2 * REACH + 1
"""A bit turns the phase by at most two symbols and a half before and after its beginning: five bits turn it at any time."""

MARGIN: Final = 16

SIGN_BITS: Final = 1 << np.arange(WINDOW)
ONES: Final = np.ones(MARGIN, np.int8)

FRACTIONS: Final = 512
"""Places within a symbol at which the envelope is tabulated: the phase is wrong by 1.6 mrad at most, -56 dB."""

RAMP_S: Final = 10e-6
SKIRT_HZ: Final = 300e3
"""Nearer than this to the band's edge, a carrier's skirt would come back at the other end."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GmskBurst:
    """A burst of GMSK; its bit 0 begins at its start.

    Parameters
    ----------
    bits
        Shape (n_bits,), zeros and ones.
    """

    bits: Bits

    @property
    def ramp_s(self) -> float:
        """Length of the power ramp on either side."""
        return RAMP_S

    def render(self, span: Span) -> Iq:
        """Samples at the times and in the band of a receiver, shape (span.count,)."""
        if abs(span.offset_hz) + SKIRT_HZ <= span.sample_rate_hz / 2:
            gain = front_end_gain(span.offset_hz, 0.0, 1, span.sample_rate_hz)
            return self.turned(span) * gain
        return self.filtered(span)

    def turned(self, span: Span) -> Iq:
        """The burst at its offset, without any filter."""
        time_s = span.first_s + np.arange(span.count) / span.sample_rate_hz
        carrier = oscillator(span.count, span.offset_hz / span.sample_rate_hz)
        start = np.complex64(np.exp(2j * np.pi * span.offset_hz * span.first_s))
        out = envelope(self.bits, time_s)
        out *= carrier
        out *= start * ramp(time_s, self.bits.size * SYMBOL_S)
        return out

    def filtered(self, span: Span) -> Iq:
        """The part of the burst that a receiver's filter lets through."""
        double = Span(
            first_s=span.first_s,
            count=2 * scipy.fft.next_fast_len(span.count),
            sample_rate_hz=2 * span.sample_rate_hz,
            offset_hz=span.offset_hz,
        )
        step_hz = double.sample_rate_hz / double.count
        gain = front_end_gain(-span.sample_rate_hz, step_hz, double.count, span.sample_rate_hz)
        spectrum = scipy.fft.fft(self.turned(double))
        spectrum *= np.fft.fftshift(gain)
        return scipy.fft.ifft(spectrum)[: 2 * span.count : 2]


def envelope(bits: Bits, time_s: NDArray[np.float64]) -> Iq:
    """Complex envelope, of magnitude 1, of bits that stand between endless ones.

    Parameters
    ----------
    bits
        Shape (n_bits,), zeros and ones.
    time_s
        Shape (n,), counted from the beginning of bit 0. Beyond ``MARGIN`` symbols outside the bits the phase stands still.

    Returns
    -------
    Iq
        Shape (n,).
    """
    padded = np.concatenate((ONES, bits, ONES))
    rises = padded[1:] == padded[:-1]
    position = time_s * (1 / SYMBOL_S) + (MARGIN - 0.5)
    np.clip(position, REACH, rises.size - WINDOW + REACH, out=position)
    symbol = position.astype(np.int64)
    place = ((position - symbol) * FRACTIONS).astype(np.int64)
    return np.take(envelope_table(), window_states(rises)[symbol - REACH] * FRACTIONS + place)


def window_states(rises: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Row of the table for each window of five bits: 32 times the quarter turns before it, and its signs as a number."""
    signs = rises.astype(np.int64)
    quarters = (2 * np.cumsum(signs) - 2 * signs - np.arange(signs.size)) % 4
    return 32 * quarters[: 1 - WINDOW] + np.convolve(signs, SIGN_BITS[::-1], mode="valid")


@lru_cache(maxsize=1)
def envelope_table() -> Iq:
    """Envelope by quarter turns so far, signs of five neighbouring bits and place in the symbol, shape (128 * FRACTIONS,)."""
    place = (np.arange(FRACTIONS) + 0.5) / FRACTIONS - 0.5
    bits = np.arange(WINDOW)
    signs = 2 * ((np.arange(2**WINDOW)[:, None] >> bits) & 1) - 1
    turn = signs @ pulse_integral(place - (bits - REACH)[:, None])
    quarters = np.arange(4)[:, None, None] + turn
    return np.ravel(np.exp(0.5j * np.pi * quarters).astype(np.complex64))


def pulse_integral(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of a bit's phase that is turned ``x`` symbols after its beginning, from 0 to 1 (TS 45.004, 2.5)."""
    sigma = np.sqrt(np.log(2)) / (2 * np.pi * BANDWIDTH_TIME)
    upper, lower = (x + 0.5) / sigma, (x - 0.5) / sigma
    integral = upper * ndtr(upper) - lower * ndtr(lower)
    integral += (np.exp(-(upper**2) / 2) - np.exp(-(lower**2) / 2)) / np.sqrt(2 * np.pi)
    return np.asarray(sigma * integral)


def ramp(time_s: NDArray[np.float64], duration_s: float) -> FloatArray:
    """Amplitude of a burst: 1 within its bits, a smooth step of ``RAMP_S`` on either side (TS 45.005, annex B)."""
    outside = np.abs(time_s - duration_s / 2)
    outside -= duration_s / 2
    outside *= 1 / RAMP_S
    x = np.clip(outside, 0.0, 1.0, out=outside).astype(np.float32)
    return 1 - x * x * (3 - 2 * x)
