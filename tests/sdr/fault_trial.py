"""One fault of a dongle, as a trial: what a sensor's capture makes of it, in figures.

The suite takes a few of these; the proof ``capture-faults`` many.
"""

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from detector.pipeline import Pipeline
from detector.types import EventKind
from sdr.defaults import band_plan, default_profile
from tests.sdr.fake_dongle import FakeDongle, Leftovers, fake_dongle, leftovers, misplaced, place_in_air

FAULTS = ("unplug", "hang-read", "hang-close", "late", "short", "error-4", "error-8", "deaf", "drop")

RATE_HZ = 2.4e6
DROPPED_BYTES = 256 << 10
"""What a dropped transfer takes with it."""

AFTERWARDS_S = 0.5
LONGEST_S = 60.0
MISPLACED_S = 0.005
DETECTED_S = 2.0
RETURNED_S = 5.0


@dataclass(frozen=True)
class Survived:
    """What became of one fault.

    ``detected_s`` is from the fault to the source's word, or to the block behind the gap where the stream goes on;
    ``returned_s`` from when the dongle was there again to its first samples; ``misplaced_s`` the worst error of a
    block's place.
    """

    detected_s: float
    returned_s: float
    gaps: int
    detections: int
    misplaced_s: float
    before: Leftovers
    after: Leftovers

    @property
    def one_gap_at_its_place(self) -> bool:
        """Whether exactly one gap was recorded, and every sample behind it lies where it was taken, to 5 ms."""
        return self.gaps == 1 and self.misplaced_s < MISPLACED_S

    @property
    def nothing_left(self) -> bool:
        """Whether neither process nor thread nor descriptor is left over."""
        return self.before == self.after


def survive(fault: str, seed: int) -> Survived:
    """Let a fault strike at a random time and follow the source until it has streamed again for a while."""
    rng = np.random.default_rng(seed)
    at, away_s = int(rng.integers(12, 48)), float(rng.uniform(0.5, 2.5))
    before = leftovers()
    with fake_dongle(fault=f"{fault}@{at}", DROP=str(DROPPED_BYTES)) as dongle:
        seen = follow(dongle, away_s=away_s)
    after = leftovers()
    return seen.judged(before, after)


@dataclass
class Seen:
    """What was seen of a source: its blocks' places, and when what happened."""

    starts: list[tuple[int, int]]
    misplaced: list[int]
    gaps: int = 0
    detections: int = 0
    told_s: float | None = None
    returned_s: float | None = None
    back_s: float | None = None
    struck_s: float | None = None

    def judged(self, before: Leftovers, after: Leftovers) -> Survived:
        """As figures."""
        assert None not in (self.struck_s, self.told_s, self.back_s)
        return Survived(
            detected_s=self.told_s - self.struck_s,
            returned_s=self.back_s - (self.returned_s or self.struck_s),
            gaps=self.gaps,
            detections=self.detections,
            misplaced_s=max(map(abs, self.misplaced)) / RATE_HZ,
            before=before,
            after=after,
        )


def follow(dongle: FakeDongle, *, away_s: float) -> Seen:
    """Read a dongle's source over its fault; a dongle that was unplugged is put back after a while."""
    seen = Seen([], [])
    pipeline = Pipeline(profile=default_profile(), plan=band_plan())
    first = None
    begun = time.monotonic()
    with dongle.source(sample_rate_hz=RATE_HZ) as source:
        for block in source.blocks():
            now = time.monotonic()
            assert now - begun < LONGEST_S
            seen.struck_s = dongle.struck_s
            if not block.samples.size:
                seen.told_s = seen.told_s or now
                if dongle.is_away and now - seen.struck_s > away_s:
                    dongle.plug_in()
                    seen.returned_s = now
                continue
            place = place_in_air(block) if np.ptp(block.samples.real) else block.start + (first or 0)
            first = place - block.start if first is None else first
            if seen.starts and block.start != seen.starts[-1][1]:
                seen.told_s = seen.told_s or now
                seen.back_s = seen.back_s or now
            seen.starts.append((block.start, block.stop))
            seen.misplaced.append(misplaced(place, first, block))
            out = pipeline.push(block)
            seen.detections += len(out.detections)
            seen.gaps += sum(event.kind is EventKind.GAP for event in out.events)
            if seen.back_s is not None and now - seen.back_s > AFTERWARDS_S:
                break
    assert all(one[1] <= other[0] for one, other in pairwise(seen.starts))
    return seen
