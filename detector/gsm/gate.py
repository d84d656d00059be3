"""The energy of every carrier in every place of the TDMA frame: the only thing that is done on all samples.

Time is cut into frames, counted from the run's start, and each frame into cells, five a slot. For each cell it is asked
what a burst that began there would hold over the floor. The unknown phase of the network's slots is then a cell's
number, and a phone in its slot of many frames is a column.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.channels import Channels, summed
from detector.gsm.standard import ACCESS_BITS, FRAME_S, NORMAL_BITS, SLOTS, SYMBOL_S
from detector.types import FloatArray, Segment

__all__ = ["CELLS", "Energy", "Gate", "energy_at", "frame_energy", "make_gate", "read"]

CELLS_A_SLOT: Final = 5
CELLS: Final = SLOTS * CELLS_A_SLOT
"""Cells a frame: 115 us each, so that a burst is at most a tenth of its length out of its cell."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Energy:
    """Running sum of each carrier's energy over its floor, step by step.

    Parameters
    ----------
    start
        Absolute sample at which it begins.
    step
        Samples a step.
    sums
        Shape (n_steps + 1, n_channels): sum of the weighted energy over the floor, minus one a step.
    """

    start: int
    step: int
    sums: FloatArray

    @property
    def stop(self) -> int:
        """Absolute sample at which it ends."""
        return self.start + self.step * (len(self.sums) - 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gate:
    """What the gate keeps from one segment to the next.

    Parameters
    ----------
    first
        Absolute sample at which frame 0 begins.
    period
        Samples a frame.
    rate_hz
        Sample rate.
    frame
        The next frame to be measured.
    rest
        Weighted energy of the steps that later frames still need, shape (n_steps, n_channels), and where it begins.
    """

    first: int
    period: float
    rate_hz: float
    frame: int = 0
    rest: FloatArray | None = None
    rest_start: int = 0

    def begins(self, frame: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """Absolute sample at which frames begin."""
        return self.first + np.asarray(frame) * self.period


def make_gate(*, first: int, rate_hz: float) -> Gate:
    """A gate at the start of a run."""
    return Gate(first=first, period=FRAME_S * rate_hz, rate_hz=rate_hz, rest_start=first)


def read(gate: Gate, segment: Segment, channels: Channels) -> tuple[Gate, Energy, range]:
    """Add a segment's power map.

    Returns
    -------
    gate
        The next state.
    energy
        Of this segment's steps and of the frame before them.
    frames
        The frames that can now be measured whole, each with a burst that begins at its very end.
    """
    fresh = summed(segment.power, channels.weights / segment.floor[:, None], channels)
    fresh -= np.float32(1)
    steps = fresh if gate.rest is None else np.concatenate([gate.rest, fresh])
    sums = np.zeros((len(steps) + 1, steps.shape[1]), np.float32)
    np.cumsum(steps, axis=0, out=sums[1:])
    energy = Energy(start=gate.rest_start, step=segment.step, sums=sums)
    burst = NORMAL_BITS * SYMBOL_S * gate.rate_hz
    reach = (segment.stop if segment.final else energy.stop - burst) - gate.first
    stop = max(gate.frame, int(np.ceil(reach / gate.period)) if segment.final else int(reach / gate.period))
    kept = max(0, int((gate.begins(stop - 1) - gate.rest_start) / segment.step))
    rest, rest_start = steps[kept:], gate.rest_start + kept * segment.step
    return replace(gate, frame=stop, rest=rest, rest_start=rest_start), energy, range(gate.frame, stop)


def energy_at(energy: Energy, begins: NDArray[np.float64]) -> FloatArray:
    """Running sum at given times, linear between steps; before and behind what is known it stays level.

    Parameters
    ----------
    begins
        Absolute samples, any shape.

    Returns
    -------
    FloatArray
        Shape of ``begins``, then n_channels.
    """
    last = len(energy.sums) - 1
    place = np.clip((begins - energy.start) / energy.step, 0.0, last)
    whole = np.minimum(place.astype(np.int64), max(last - 1, 0))
    part = (place - whole)[..., None].astype(np.float32)
    low = energy.sums[whole]
    high = energy.sums[np.minimum(whole + 1, last)]
    high -= low
    high *= part
    high += low
    return np.asarray(high, np.float32)


def frame_energy(gate: Gate, energy: Energy, frames: range, channels: Channels) -> tuple[FloatArray, FloatArray]:
    """What a burst would hold in each cell, in standard deviations of white noise.

    Returns
    -------
    normal, access : both shape (n_frames, CELLS, n_channels)
        For the length of a normal and of an access burst.
    """
    period = gate.period
    begins = gate.begins(np.arange(frames.start, frames.stop))[:, None] + np.arange(CELLS) * (period / CELLS)
    before = energy_at(energy, begins)
    out = []
    for n_bits in (NORMAL_BITS, ACCESS_BITS):
        length = n_bits * SYMBOL_S * gate.rate_hz
        rise = energy_at(energy, begins + length) - before
        out.append(rise / deviation(channels, length / energy.step))
    return out[0], out[1]


def deviation(channels: Channels, steps: float) -> FloatArray:
    """Standard deviation of the energy of white noise over some steps, shape (n_channels,)."""
    return np.asarray(np.sqrt(channels.variance * np.float32(steps)), np.float32)
