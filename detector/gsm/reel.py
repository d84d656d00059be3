"""The last seconds of samples, as the segments brought them: windows cut where a search wants to look again.

Nothing is copied until a window is cut. What lies before the reel's oldest sample or behind its newest is gone or not
yet there; a window that reaches out of it is left out, never padded.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from detector.types import Iq, Segment

__all__ = ["Reel", "cut", "wound"]

MEAN_STRIDE: Final = 16
"""Every so manieth sample is enough for the mean of a segment."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Samples of one segment with its lead, and their mean (the receiver's DC line)."""

    start: int
    iq: Iq
    mean: complex

    @property
    def stop(self) -> int:
        return self.start + self.iq.size


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reel:
    """Pieces in time order; each overlaps the one before it by the segments' lead."""

    pieces: tuple[Piece, ...] = ()


def wound(reel: Reel, segment: Segment, *, keep: int) -> Reel:
    """The reel with one more segment, and no more than ``keep`` of them."""
    mean = complex(segment.iq[::MEAN_STRIDE].mean()) if segment.iq.size else 0j
    piece = Piece(start=segment.iq_start, iq=segment.iq, mean=mean)
    return Reel(pieces=(*reel.pieces, piece)[-keep:])


def cut(reel: Reel, starts: NDArray[np.int64], length: int) -> tuple[Iq, NDArray[np.bool_]]:
    """Windows of equal length, without the receiver's DC line.

    Parameters
    ----------
    starts
        Shape (n,), absolute index of each window's first sample.
    length
        Samples of a window.

    Returns
    -------
    windows
        Shape (m, length): those that the reel holds whole, in the order of ``starts``.
    held
        Shape (n,): which they are.
    """
    windows = np.empty((starts.size, length), np.complex64)
    held = np.zeros(starts.size, bool)
    for piece in reel.pieces:
        inside = np.flatnonzero(~held & (starts >= piece.start) & (starts + length <= piece.stop))
        if inside.size:
            found = sliding_window_view(piece.iq, length)[starts[inside] - piece.start]
            found -= np.complex64(piece.mean)
            windows[inside] = found
            held[inside] = True
    return windows if held.all() else windows[held], held
