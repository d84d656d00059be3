"""Callback traces with recorded jitter, and what the judgement of gaps makes of them.

The suite takes them all; the proof ``capture-gaps`` takes more.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from sdr.gaps import Arrival, GapLimits, Judged, StreamWatch, judge

RATE_HZ = 2.4e6
LIMITS = GapLimits(gap_s=0.002, confirm_s=0.8)
TRANSFER_SAMPLES = (1 << 18) // 2
"""Of a transfer of 256 KiB."""


@cache
def recorded_jitter_s() -> np.ndarray:
    """How late callbacks came on a busy machine; see record_jitter.py."""
    return np.load(Path(__file__).with_name("callback_jitter.npy")) * 1e-6


@dataclass(frozen=True)
class Trace:
    """Transfers as they come: what each held (its number among those that were sent), and when."""

    sent: np.ndarray
    times_s: np.ndarray
    samples: int

    @property
    def arrivals(self) -> list[Arrival]:
        """What the judgement gets."""
        return [
            Arrival(count=(n + 1) * self.samples, time_s=float(time_s), lasts_s=self.samples / RATE_HZ)
            for n, time_s in enumerate(self.times_s)
        ]


def make_trace(jitter_s, *, lost=(), samples=TRANSFER_SAMPLES, ppm=0.0, begun_s=1000.0) -> Trace:
    """A trace in which some transfers were removed; a callback never overtakes the one before it.

    Parameters
    ----------
    ppm
        How much slower the crystal is than it says.
    """
    sent = np.setdiff1d(np.arange(jitter_s.size), lost)
    due_s = begun_s + (sent + 1) * samples / RATE_HZ * (1 + 1e-6 * ppm)
    return Trace(sent, np.maximum.accumulate(due_s + jitter_s[sent]), samples)


def judge_all(arrivals, limits=LIMITS) -> list[Judged]:
    """What is known of a whole trace at its end."""
    watch = StreamWatch(sample_rate_hz=RATE_HZ, limits=limits)
    told = []
    for arrival in arrivals:
        watch, given = judge(watch, arrival)
        told += given
    return told


def gaps_of(trace: Trace, limits=LIMITS) -> list[tuple[int, int]]:
    """Before which transfers, by their number among those sent, how many samples are said to be missing."""
    told = judge_all(trace.arrivals, limits)
    return [(int(trace.sent[n]), one.missing) for n, one in enumerate(told) if one.missing]


def removed_transfer_is_found(seed: int) -> bool:
    """Remove one transfer from a stretch of recorded jitter: one gap, at its place, of its length to 2 ms."""
    rng = np.random.default_rng(seed)
    recorded = recorded_jitter_s()
    count = 150
    begin = int(rng.integers(recorded.size - count))
    lost = int(rng.integers(30, count - 30))
    found = gaps_of(make_trace(recorded[begin : begin + count], lost=[lost]))
    return len(found) == 1 and found[0][0] == lost + 1 and abs(found[0][1] - TRANSFER_SAMPLES) <= LIMITS.gap_s * RATE_HZ
