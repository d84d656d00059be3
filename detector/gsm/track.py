"""One slot of one carrier in which bursts were proved: which of its frames hold a burst, and what they are like.

Each frame is judged by what was measured in it alone: the energy over the length of the burst, and the evidence of the
training sequence at the track's own timing. A frame in which nothing was measured gives no burst.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from detector.gsm.channels import Channels
from detector.gsm.correlate import Correlator, evidence, only
from detector.gsm.gate import Energy, energy_at
from detector.gsm.proof import TRIALS_A_LAG, screen, sight
from detector.gsm.reel import Reel
from detector.gsm.standard import NORMAL_BITS, SYMBOL_S, TRAINING_START
from detector.gsm.thresholds import FrameThresholds, GsmThresholds
from detector.noise import middle
from detector.types import FloatArray, Iq

__all__ = ["Measured", "Track", "chosen", "follow", "inside_rise", "measure"]

OWN_TRIALS: Final = 3.0
"""Independent lags among these, at most."""

NO_SHIFT: Final = np.zeros(1, np.int64)
MOST_FRAMES: Final = 416
TINY: Final = 1e-30


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A slot in which bursts were proved.

    Parameters
    ----------
    channel
        Index of its carrier.
    sequence
        Its training sequence code.
    phase
        Samples from a frame's begin to bit 0 of its burst.
    offset_hz
        Frequency error.
    frame
        The next frame to be judged.
    frames
        Those of its last frames in which it was heard.
    """

    key: int
    channel: int
    sequence: int
    phase: float
    offset_hz: float
    frame: int
    frames: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What was measured in some frames of a track; every array has the shape (n,).

    Parameters
    ----------
    rise
        Energy of the burst over the floor, as an SNR: what it is judged by.
    inside
        Mean energy over the floor of the steps of the power map that lie within the burst: what is told. Nothing that ends or
        begins beside the burst is in it.
    """

    frames: NDArray[np.int64]
    begins: NDArray[np.float64]
    rise: FloatArray
    inside: FloatArray
    energy_evidence: FloatArray
    own: FloatArray
    fair: FloatArray
    best: FloatArray
    access: FloatArray
    lag: NDArray[np.float64]


def measure(
    track: Track,
    frames: NDArray[np.int64],
    frame_begins: NDArray[np.float64],
    *,
    reel: Reel,
    energies: tuple[Energy, ...],
    channels: Channels,
    correlator: Correlator,
    access: Correlator,
    thresholds: FrameThresholds,
) -> Measured:
    """Judge frames of a track by their own samples; those that are no longer held are left out.

    Parameters
    ----------
    frame_begins
        Shape (n,): absolute samples at which the frames begin.
    correlator, access
        Of the training sequences about the track's timing, and of the access burst's about its slot.
    """
    begins = frame_begins + track.phase
    carrier = float(channels.carriers_hz[track.channel]) + track.offset_hz
    spectrum, held = sight(correlator, reel, begins, TRAINING_START, carrier)
    begins, frames = begins[held], frames[held]
    rise, steps = burst_rise(begins, energies, track.channel, NORMAL_BITS * SYMBOL_S * correlator.rate_hz)
    shape = steps / float(channels.variance[track.channel])
    tail = gammaincc(np.maximum(shape, 1e-3), np.maximum(shape * (1 + rise), 0.0))
    energetic = -np.log(np.maximum(tail, TINY)).astype(np.float32)
    near = np.abs(correlator.lags) <= thresholds.own_lags_symbols * SYMBOL_S * correlator.rate_hz
    every = evidence(only(correlator, track.sequence), spectrum, NO_SHIFT)[:, 0, 0]
    said = every[:, near]
    at = said.argmax(axis=1)
    own = said[np.arange(len(said)), at]
    energy = (rise / channels.gain[track.channel]).astype(np.float32)
    half = np.clip(
        promised(energy, correlator.freedom, thresholds.most_expected) / 2, thresholds.access_doubtful_evidence, None
    )
    doubtful = (own < thresholds.doubtful_evidence) & (energetic > thresholds.doubtful_evidence)
    return Measured(
        frames=frames,
        begins=begins,
        rise=energy,
        inside=inside_rise(begins, energies, track.channel, NORMAL_BITS * SYMBOL_S * correlator.rate_hz),
        energy_evidence=energetic,
        own=own,
        fair=fair(own),
        best=other_evidence(correlator, spectrum, own, doubtful, near),
        access=access_evidence(
            access, reel, begins, carrier, (own < half) & (energetic > thresholds.doubtful_evidence)
        ),
        lag=tops(correlator.lags, every, at + int(near.argmax())),
    )


def tops(places: NDArray[np.float64], values: FloatArray, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where sampled curves have their tops, by parabolas through three points.

    Parameters
    ----------
    places
        Shape (m,), evenly spaced.
    values
        Shape (n, m).
    at
        Shape (n,): their highest points.
    """
    middle = np.clip(at, 1, places.size - 2)
    before, top, after = (values[np.arange(len(values)), middle + step] for step in (-1, 0, 1))
    bend = before - 2 * top + after
    step = np.where(bend < 0, 0.5 * (before - after) / np.minimum(bend, -TINY), 0.0)
    return np.asarray(places[middle] + np.clip(step, -1, 1) * (places[1] - places[0]), np.float64)


def promised(rise: FloatArray, freedom: float, most: float) -> FloatArray:
    """Evidence of its sequence that a burst of some power brings in white noise, up to the most that echoes leave."""
    return np.asarray(np.minimum((freedom - 1) * np.log1p(np.maximum(rise, 0.0)), most), np.float32)


def fair(best: FloatArray) -> FloatArray:
    """The best evidence of a few lags as that of one: exponential of unit mean in noise, as :func:`evidence` is."""
    shortfall = -np.expm1(-best.astype(np.float64))
    return np.asarray(
        -np.log(np.maximum(-np.expm1(OWN_TRIALS * np.log(np.maximum(shortfall, TINY))), TINY)), np.float32
    )


def other_evidence(
    correlator: Correlator, spectrum: Iq, own: FloatArray, doubtful: NDArray[np.bool_], near: NDArray[np.bool_]
) -> FloatArray:
    """What the best of all sequences says, shape (n,), where a track's own says too little; its own elsewhere."""
    best = own.copy()
    if doubtful.any():
        said = evidence(correlator, spectrum[doubtful], NO_SHIFT)[:, 0]
        best[doubtful] = said[:, :, near].max(axis=(1, 2)) - np.float32(np.log(len(correlator.banks)))
    return best


def access_evidence(
    access: Correlator, reel: Reel, begins: NDArray[np.float64], carrier_hz: float, doubtful: NDArray[np.bool_]
) -> FloatArray:
    """What the access burst's sequence says in the doubtful frames' slots, freed of the choice of lags, shape (n,)."""
    said = np.zeros(begins.size, np.float32)
    if doubtful.any():
        tops = screen(access, reel, begins[doubtful], np.full(int(doubtful.sum()), carrier_hz), NO_SHIFT)
        said[doubtful] = tops - np.float32(np.log(access.lags.size * TRIALS_A_LAG))
    return said


def inside_rise(begins: NDArray[np.float64], energies: tuple[Energy, ...], channel: int, length: float) -> FloatArray:
    """Mean energy over the floor of the whole steps that lie within bursts of so many samples, shape (n,)."""
    step, start = energies[-1].step, energies[-1].start
    whole = max(1.0, np.floor(length / step) - 1) * step
    rise, _ = burst_rise(start + np.ceil((begins - start) / step) * step, energies, channel, whole)
    return np.asarray(rise, np.float32)


def burst_rise(
    begins: NDArray[np.float64], energies: tuple[Energy, ...], channel: int, length: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean energy over the floor of so many samples from each begin, and over how many steps it was taken."""
    rise = np.zeros(begins.size)
    steps = np.full(begins.size, length / energies[-1].step)
    open_ = np.ones(begins.size, bool)
    for energy in energies:
        inside = open_ & (begins >= energy.start) & ((begins + length <= energy.stop) | (energy is energies[-1]))
        if not inside.any():
            continue
        at = begins[inside]
        one = Energy(start=energy.start, step=energy.step, sums=energy.sums[:, channel : channel + 1])
        steps[inside] = (np.minimum(at + length, energy.stop) - at) / energy.step
        rise[inside] = (energy_at(one, at + length) - energy_at(one, at))[:, 0] / np.maximum(steps[inside], 1e-3)
        open_ &= ~inside
    return rise, np.maximum(steps, 1e-3)


def chosen(measured: Measured, freedom: float, thresholds: GsmThresholds) -> NDArray[np.bool_]:
    """Which frames hold a burst.

    It takes enough evidence in all, of the sequence as much as a loud burst must bring, and not far less power than the
    track's other bursts have. An access burst in the same slot is none of the track's.
    """
    limits, said = thresholds.frames, np.maximum(measured.own, measured.best)
    together = np.minimum(measured.energy_evidence, limits.most_energy_evidence) + said
    quiet = measured.rise < limits.loud_snr
    plausible = quiet | (said >= limits.least_said * promised(measured.rise, freedom, limits.most_promised))
    plausible &= (measured.access < thresholds.access_evidence) | (measured.access < said)
    hits = plausible & (together >= limits.paint_evidence)
    hits = plausible & (together >= limits.paint_evidence - neighbours_say(measured.frames, hits, limits))
    if hits.any():
        hits &= measured.rise >= limits.least_share * middle(measured.rise[hits])
    return np.asarray(hits, bool)


def neighbours_say(frames: NDArray[np.int64], hits: NDArray[np.bool_], limits: FrameThresholds) -> FloatArray:
    """Logarithm of the odds that a frame holds a burst, from the few frames about it alone, within bounds."""
    known, heard = np.zeros((2, int(frames[-1] - frames[0]) + 1))
    known[frames - frames[0]] = 1
    heard[frames[hits] - frames[0]] = 1
    about = np.ones(2 * limits.neighbours + 1)
    about[limits.neighbours] = 0
    yes = np.convolve(heard, about, "same") if heard.size >= about.size else np.zeros_like(heard)
    no = np.convolve(known - heard, about, "same") if heard.size >= about.size else np.zeros_like(heard)
    odds = np.clip(np.log((yes + 0.5) / (no + 0.5)), limits.least_odds, limits.most_odds)
    return np.asarray(odds[frames - frames[0]], np.float32)


def follow(track: Track, measured: Measured, heard: NDArray[np.bool_], limits: FrameThresholds) -> Track:
    """The track with its timing drawn towards its clear bursts, ready for the next frames."""
    clear = heard & (measured.own >= limits.strong_evidence)
    drift = limits.pace * middle(measured.lag[clear]) if clear.sum() >= limits.few_clear else 0.0
    frames = (*track.frames, *(int(frame) for frame in measured.frames[heard]))[-MOST_FRAMES:]
    return replace(track, phase=track.phase + drift, frame=int(measured.frames[-1]) + 1, frames=frames)
