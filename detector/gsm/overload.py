"""Where the receiver was overloaded: there a burst leaves products on many carriers at once.

A converter at its end, or an amplifier, turns a burst on one carrier into weaker ones at multiples of its offset. GSM's
phase moves by quarter turns, so that the third and the fifth multiple carry the same training sequence at the same time.
"""

import numpy as np
from numpy.typing import NDArray

from detector.gsm.gate import CELLS, Gate
from detector.gsm.standard import NORMAL_BITS, SYMBOL_S
from detector.types import FloatArray, Segment

__all__ = ["overloaded", "without_products"]


def overloaded(gate: Gate, segment: Segment, frames: range) -> NDArray[np.bool_]:
    """Cells in whose burst the converter stood at its end, shape (len(frames), CELLS).

    Parameters
    ----------
    gate
        Of the run; its timing alone is used.
    """
    marks = np.zeros((len(frames), CELLS), np.bool_)
    if not segment.clipped or not len(frames):
        return marks
    parts = np.abs(segment.iq.view(np.float32)).reshape(-1, 2)
    at = segment.iq_start + np.flatnonzero((parts >= segment.tuning.limit).any(axis=1))
    begins = gate.begins(np.arange(frames.start, frames.stop))[:, None] + np.arange(CELLS) * (gate.period / CELLS)
    length = NORMAL_BITS * SYMBOL_S * gate.rate_hz
    return np.asarray(np.searchsorted(at, begins + length) > np.searchsorted(at, begins), np.bool_)


def without_products(energy: FloatArray, marks: NDArray[np.bool_], share: float) -> FloatArray:
    """The same energies, but for what an overload may have made of the strongest carrier's.

    Parameters
    ----------
    energy
        Shape (n_frames, CELLS, n_channels), in deviations of the noise.
    marks
        From :func:`overloaded`.
    share
        The most that a product holds of what made it.
    """
    if not marks.any():
        return energy
    out, heard = energy.copy(), energy[marks]
    strongest = heard.max(axis=1, keepdims=True)
    out[marks] = np.where(heard < share * strongest, np.minimum(heard, 0), heard)
    return out
