"""Random access attempts of one piece: where energy stands out, and in every subframe where a cell listens.

The first preamble of a cell tells when and where it listens; those after it, and in the pieces before it, need no energy
gate. The work is bounded, and what it leaves out is counted.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from detector.lte.access import Place, Preamble, distinct, find_preambles
from detector.lte.budget import FULL, Budget
from detector.lte.gate import Ranges
from detector.lte.pieces import Piece
from detector.lte.preamble_gate import preamble_excess, preamble_triggers
from detector.lte.standard import FRAME_SUBFRAMES, PREAMBLE_FORMATS, SUBFRAME_S
from detector.lte.thresholds import LteThresholds

__all__ = ["NO_ATTEMPTS", "Attempts", "Occasion", "search_attempts"]

KNOWN_ROOTS: Final = 32
KNOWN_OCCASIONS: Final = 3
"""What is kept of the cells heard in this run, the latest."""

FORGOTTEN_S: Final = 4.0
"""An occasion on which nothing was heard for so long is forgotten."""

SAME_PLACE_HZ: Final = 30e3
SAME_TIME_S: Final = 60e-6
"""How far apart two preambles of one cell may seem to be."""

WINDOW_S: Final = PREAMBLE_FORMATS[0].prefix_s / 2
"""A window in the middle of the shortest prefix holds a whole period, whatever the preamble's start is off."""

LEAST_SEARCHES: Final = 8
"""Places of a piece, and of each occasion, that are always searched."""

TOLD: Final = 64
"""Preambles that are remembered so that none is told twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When and where a cell listens for preambles: they begin whole subframes apart, in one band."""

    start: int
    lower_hz: float
    half_bin: bool

    def same(self, other: "Occasion", sample_rate_hz: float) -> bool:
        """Whether two preambles fit one cell."""
        apart = (self.start - other.start) / sample_rate_hz / SUBFRAME_S
        near = abs(self.lower_hz - other.lower_hz) < SAME_PLACE_HZ
        return near and abs(apart - round(apart)) * SUBFRAME_S < SAME_TIME_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What is remembered of preambles: the cells' occasions and roots, the latest that were told, and the work left."""

    occasions: tuple[Occasion, ...] = ()
    roots: tuple[int, ...] = ()
    told: tuple[Preamble, ...] = ()
    budget: Budget = FULL


NO_ATTEMPTS: Final = Attempts()


def search_attempts(
    attempts: Attempts, piece: Piece, past: Sequence[Piece], *, ranges: Ranges, levels: LteThresholds
) -> tuple[Attempts, list[Preamble], int]:
    """The preambles that a piece makes known, in order of time, and how many places were left out."""
    roots, rate = {*attempts.roots, *levels.site_roots}, piece.stretch.sample_rate_hz
    seconds = (piece.own_stop - piece.own_start) / rate
    budget = attempts.budget.earned(seconds, per_s=levels.preamble_searches_per_s, most=levels.preamble_searches)
    found, looked = stand_out(piece, ranges, levels, roots, least(budget.left / 2))
    budget = budget.spent(looked.places)
    occasions = learned(attempts.occasions, found, rate)
    fresh = [one for one in occasions if not any(one.same(old, rate) for old in attempts.occasions)]
    roots |= {preamble.root for preamble in found}
    listened = [*((piece, one) for one in occasions), *((old, one) for old in past for one in fresh)]
    for n, (where, occasion) in enumerate(listened):
        most = least(budget.left / (len(listened) - n))
        more, also = on_occasion(where, occasion, levels, roots, found, most)
        found, looked, budget = found + more, looked.plus(also), budget.spent(also.places)
    kept = distinct(found, attempts.told)
    heard = tuple(dict.fromkeys((*attempts.roots, *(preamble.root for preamble in kept))))[-KNOWN_ROOTS:]
    told = (*attempts.told, *kept)[-TOLD:]
    oldest = piece.stretch.stop - FORGOTTEN_S * rate
    occasions = tuple(one for one in learned(occasions, kept, rate) if one.start > oldest)
    return Attempts(occasions=occasions, roots=heard, told=told, budget=budget), kept, looked.left_out


def least(allowed: float) -> int:
    """How many places may be searched: some are, however little is left."""
    return max(LEAST_SEARCHES, int(allowed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How many places were searched, and how many more there were."""

    places: int
    left_out: int

    def plus(self, other: "Looked") -> "Looked":
        """Both together."""
        return Looked(places=self.places + other.places, left_out=self.left_out + other.left_out)


def learned(occasions: tuple[Occasion, ...], found: Sequence[Preamble], sample_rate_hz: float) -> tuple[Occasion, ...]:
    """The occasions after some more preambles; the latest of each cell shows how its clock drifts."""
    for one in sorted(found, key=lambda p: p.evidence):
        occasion = Occasion(start=one.start, lower_hz=one.lower_hz, half_bin=one.half_bin)
        others = tuple(old for old in occasions if not occasion.same(old, sample_rate_hz))
        occasions = (*others, occasion)[-KNOWN_OCCASIONS:]
    return occasions


def stand_out(
    piece: Piece, ranges: Ranges, levels: LteThresholds, known: Collection[int], most: int
) -> tuple[list[Preamble], Looked]:
    """Preambles where energy stands out."""
    triggers, left_out = preamble_triggers(
        piece.energies,
        ranges=ranges,
        deviations=levels.preamble_known_deviations if levels.site_roots else levels.preamble_deviations,
        train_deviations=levels.train_deviations,
        most=most,
    )
    places = [Place(start=piece.stretch.start + round(t.at * piece.cell), lower_hz=t.lower_hz) for t in triggers]
    trains = [place for place, trigger in zip(places, triggers, strict=True) if trigger.train]
    twice = places if levels.site_roots else trains
    found = find_preambles(piece.stretch, places, levels, noise=piece.noise, known=known)
    found += find_preambles(piece.stretch, twice, levels, noise=piece.noise, known=known, found=found, half_bin=True)
    looked = Looked(places=len(places) + len(twice), left_out=left_out)
    return [p for p in distinct(found) if piece.owns(p.start)], looked


def on_occasion(
    piece: Piece,
    occasion: Occasion,
    levels: LteThresholds,
    known: Collection[int],
    found: Sequence[Preamble],
    most: int,
) -> tuple[list[Preamble], Looked]:
    """More preambles in a piece on a cell's occasion: in the same subframe of each frame, and in the loudest others."""
    rate = piece.stretch.sample_rate_hz
    subframe = SUBFRAME_S * rate
    begin, end = ((edge - occasion.start) / subframe for edge in (piece.own_start, piece.own_stop))
    subframes = np.arange(ceil(begin), ceil(end))
    starts = occasion.start + np.round(subframes * subframe).astype(np.int64)
    at = (starts - piece.stretch.start) / piece.cell
    excess = preamble_excess(piece.energies, at, lower_hz=occasion.lower_hz)
    regular = subframes % FRAME_SUBFRAMES == 0
    order = np.lexsort((-excess, ~regular))
    worth = order[: np.count_nonzero(regular | (excess > levels.preamble_occasion_deviations))]
    first = starts[worth[:most]] + round(WINDOW_S * rate)
    places = [Place(start=start, lower_hz=occasion.lower_hz) for start in first.tolist()]
    more = find_preambles(
        piece.stretch,
        places,
        levels,
        noise=piece.noise,
        known=known,
        found=found,
        half_bin=occasion.half_bin,
    )
    looked = Looked(places=len(places), left_out=worth.size - len(places))
    return [one for one in more if piece.owns(one.start)], looked
