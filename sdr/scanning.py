"""A tour carried out: a source is tuned from window to window, and the level of its reference carrier is measured.

Which window is next is judged elsewhere; here that is held against the blocks as they come, and the source is told.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from detector import spectra
from detector.scan import Stop, Tour, arrived, heard_at, moved, set_out
from detector.types import FloatArray, IqBlock

__all__ = ["REFERENCE_BANDWIDTH_HZ", "Scanning"]

REFERENCE_BANDWIDTH_HZ: Final = 200e3
"""Of a GSM carrier, the usual one that is always on air."""


class Scanning:
    """One receiver on its tour.

    Parameters
    ----------
    tour
        Where it is to listen. The source was opened at its first window.
    reference_hz
        The carrier of the tour's reference; None if it has none.
    tune
        Has the source listen elsewhere.
    """

    def __init__(self, tour: Tour, *, reference_hz: float | None, tune: Callable[[float], None]) -> None:
        self._tour = tour
        self._reference_hz = reference_hz
        self._tune = tune
        self._stop: Stop = set_out(tour)
        self._seen: FloatArray | None = None
        self._steps = 0
        self._reference_dbfs: float | None = None

    @property
    def reference_hz(self) -> float | None:
        """The carrier whose level is measured."""
        return self._reference_hz

    @property
    def reference_dbfs(self) -> float | None:
        """Its power when it was last visited [dB below full scale]; None before."""
        return self._reference_dbfs

    def search(self, block: IqBlock) -> bool:
        """Take a block of which the tour is to know; whether it is one to search for phones, not one of the reference."""
        stop = self._stop
        if stop.moving and block.tuning.centre_hz == stop.centre_hz:
            self._stop = stop = arrived(self._tour, stop, block.start / block.tuning.sample_rate_hz)
        if stop.leaves_s is None:
            return True
        self._look(block)
        return False

    def late(self, centre_hz: float | None, *, stop: int, sample_rate_hz: float) -> None:
        """Something was heard on a tuning, which became known when it had been left."""
        if centre_hz is not None:
            self._stop = heard_at(self._tour, self._stop, centre_hz, stop / sample_rate_hz)

    def move(self, block: IqBlock, *, heard: bool) -> None:
        """Tune on, if it is time for it behind a block in which something was heard or not."""
        before = self._stop
        self._stop = moved(self._tour, before, block.stop / block.tuning.sample_rate_hz, heard=heard)
        if self._stop.moving and not before.moving:
            if before.leaves_s is not None:
                self._measure(block)
            self._tune(self._stop.centre_hz)

    def _look(self, block: IqBlock) -> None:
        power = spectra.power_map(block.samples, spectra.transform_size(block.tuning.sample_rate_hz))
        total = power.sum(axis=0)
        self._seen = total if self._seen is None else self._seen + total
        self._steps += len(power)

    def _measure(self, block: IqBlock) -> None:
        """Take the carrier's power from what was seen in this visit."""
        seen, steps = self._seen, self._steps
        self._seen, self._steps = None, 0
        if seen is None or not steps or self._reference_hz is None or block.tuning.centre_hz is None:
            return
        offset_hz = self._reference_hz - block.tuning.centre_hz
        bins_hz = spectra.bin_frequencies_hz(seen.size, block.tuning.sample_rate_hz)
        near = np.abs(bins_hz - offset_hz) <= REFERENCE_BANDWIDTH_HZ / 2
        self._reference_dbfs = float(10 * np.log10(seen[near].sum() / steps))
