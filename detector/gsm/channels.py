"""The carriers of a tuning, and how the power map's bins add up to each of them.

A carrier's energy is a sum over bins, weighted by the spectrum of a GMSK burst: the best linear weighting for a burst
in white noise. What a strong burst leaves in other carriers follows from the same spectrum. Nothing here looks at
samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.modulation import power_density
from detector.gsm.standard import RASTER_HZ
from detector.search import Context
from detector.spectra import bin_frequencies_hz, power_correlation
from detector.types import FloatArray, PowerMap, Tuning

__all__ = ["Channels", "carriers_hz", "make_channels", "summed"]

BLIND_PLACES: Final = 6
"""Places a raster step that are tried where the tuning does not tell its centre."""

HALF_WIDTH_HZ: Final = 100e3

SLAB_CARRIERS: Final = 4
"""Carriers that are summed by one product of matrices: twice as fast as all bins for all carriers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channels:
    """All carriers of a tuning.

    Parameters
    ----------
    carriers_hz
        Shape (n_channels,): offsets from the centre, ascending.
    weights
        Shape (n_bins, n_channels): each column sums to one.
    slabs
        Bins and carriers of which the weights are made, piece by piece: the rest is zero.
    variance
        Shape (n_channels,): variance of one step's weighted sum over its squared mean, in white noise.
    gain
        Shape (n_channels,): rise of the weighted sum over the floor, for a burst as strong as the noise in 200 kHz.
    leak
        Shape (n_channels, n_channels): rise in column j over the rise in row i that a burst on carrier i causes; zero on the
        diagonal.
    """

    carriers_hz: NDArray[np.float64]
    weights: FloatArray
    slabs: tuple[tuple[slice, slice], ...]
    variance: FloatArray
    gain: FloatArray
    leak: FloatArray


def carriers_hz(tuning: Tuning, ranges: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Carriers that are heard with most of their power, as offsets from the centre, ascending.

    They lie on the 200 kHz raster of absolute frequency; where the tuning does not tell its centre, on a finer one.
    """
    centre = tuning.centre_hz
    spacing = RASTER_HZ if centre is not None else RASTER_HZ / BLIND_PLACES
    phase = 0.0 if centre is None else centre % spacing
    half = tuning.sample_rate_hz / 2
    number = np.arange(int(-half / spacing) - 1, int(half / spacing) + 2)
    offsets = number * spacing - phase
    inside = np.abs(offsets) + 0.8 * HALF_WIDTH_HZ <= half
    margin = HALF_WIDTH_HZ - 1.0 if centre is not None else 0.0
    allowed = np.zeros(offsets.size, bool)
    for low, high in ranges:
        allowed |= (offsets - margin >= low) & (offsets + margin <= high)
    return np.asarray(offsets[inside & allowed], np.float64)


def make_channels(context: Context, *, frequency_error_hz: float, splatter: float, image: float) -> Channels:
    """The carriers of a run.

    Parameters
    ----------
    frequency_error_hz
        Largest error of a carrier: it widens what a burst may leave next to its own carrier.
    splatter
        Least share of a burst's power that counts as its leakage, on any other carrier.
    image
        The same on the carrier at the mirrored offset.
    """
    rate, n_bins = context.tuning.sample_rate_hz, context.n_bins
    carriers = carriers_hz(context.tuning, context.ranges)
    offset = bin_frequencies_hz(n_bins, rate).astype(np.float64)[:, None] - carriers
    weights = np.where(np.abs(offset) <= HALF_WIDTH_HZ, power_density(offset), 0.0)
    weights /= np.maximum(weights.sum(axis=0), 1e-12)
    variance = sum(
        (1 if distance == 0 else 2) * share * np.sum(weights[distance:] * weights[: n_bins - distance], axis=0)
        for distance, share in enumerate(power_correlation(n_bins))
    )
    heard = (
        RASTER_HZ
        * weights.T
        @ np.maximum(power_density(offset - frequency_error_hz), power_density(offset + frequency_error_hz))
    )
    gain = RASTER_HZ * np.sum(weights * power_density(offset), axis=0)
    leak = heard.T / np.maximum(gain[:, None], 1e-12)
    leak = np.maximum(leak, splatter)
    mirrored = np.abs(carriers[:, None] + carriers[None, :]) < RASTER_HZ / 2
    leak = np.where(mirrored, np.maximum(leak, image), leak)
    np.fill_diagonal(leak, 0.0)
    return Channels(
        carriers_hz=carriers,
        weights=weights.astype(np.float32),
        slabs=tuple(slabs(weights)),
        variance=np.asarray(variance, np.float32),
        gain=gain.astype(np.float32),
        leak=leak.astype(np.float32),
    )


def slabs(weights: NDArray[np.float64]) -> Iterator[tuple[slice, slice]]:
    """Pieces of a sparse matrix of weights that hold all of it: bins, and carriers."""
    for first in range(0, weights.shape[1], SLAB_CARRIERS):
        carriers = slice(first, first + SLAB_CARRIERS)
        bins = np.flatnonzero(weights[:, carriers].any(axis=1))
        yield slice(int(bins[0]), int(bins[-1]) + 1) if bins.size else slice(0, 0), carriers


def summed(power: PowerMap, weights: FloatArray, channels: Channels) -> FloatArray:
    """Power of every carrier in every step, shape (n_steps, n_channels), by weights that are zero where the channels' are."""
    out = np.empty((len(power), weights.shape[1]), np.float32)
    for bins, carriers in channels.slabs:
        out[:, carriers] = power[:, bins] @ weights[bins, carriers]
    return out
