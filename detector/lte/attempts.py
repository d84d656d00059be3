"""Random access attempts of one piece: any root where energy stands out, known roots where their cell was heard.

A cell's roots are learned from its first preamble; the pieces before it are then searched again, at lower levels, since
much less had to be tried. The work is bounded, and what it leaves out is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from detector.lte.access import Preamble, find_preambles
from detector.lte.gate import Ranges, preamble_triggers
from detector.lte.pieces import Piece
from detector.lte.standard import PREAMBLE_WIDTH_HZ
from detector.lte.thresholds import LteThresholds

__all__ = ["NO_ATTEMPTS", "Attempts", "KnownRoot", "search_attempts"]

KNOWN_ROOTS: Final = 8
"""Roots of cells heard in this run that are kept, the latest."""

SAME_PLACE_HZ: Final = 80e3
"""How far from its cell's other preambles one may be looked for: half a resource block, less the error of both."""

KNOWN_SEARCHES: Final = 200
"""Places of one cell that are searched for its known roots in one piece, at most."""

LEAST_SEARCHES: Final = 16
TOLD: Final = 64
"""Preambles that are remembered so that none is told twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRoot:
    """A root that was heard, and where its band begins."""

    root: int
    lower_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What is remembered of preambles: the roots of the cells, and the latest that were told."""

    roots: tuple[KnownRoot, ...] = ()
    told: tuple[Preamble, ...] = ()


NO_ATTEMPTS: Final = Attempts()


def search_attempts(
    attempts: Attempts, piece: Piece, past: Sequence[Piece], *, ranges: Ranges, levels: LteThresholds
) -> tuple[Attempts, list[Preamble], int]:
    """The preambles that a piece makes known, in order of time, and how many places were left out."""
    found, skipped = any_root(piece, ranges, levels)
    heard = [KnownRoot(root=p.root, lower_hz=p.lower_hz) for p in found]
    before = {known.root for known in attempts.roots}
    fresh = tuple({known.root: known for known in heard if known.root not in before}.values())
    roots = (*attempts.roots, *fresh)[-KNOWN_ROOTS:]
    for old in past if fresh else ():
        found += known_roots(old, fresh, levels)
    found += known_roots(piece, roots, levels)
    if levels.site_roots:
        found += site_roots(piece, ranges, levels)
    kept = unseen(found, attempts.told)
    return Attempts(roots=roots, told=(*attempts.told, *kept)[-TOLD:]), kept, skipped


def any_root(piece: Piece, ranges: Ranges, levels: LteThresholds) -> tuple[list[Preamble], int]:
    """Preambles of any root, and how many places were left out."""
    duration_s = piece.stretch.iq.size / piece.stretch.sample_rate_hz
    triggers, skipped = preamble_triggers(
        piece.groups,
        step_s=piece.step_s,
        group_hz=piece.group_hz,
        ranges=ranges,
        deviations=levels.preamble_deviations,
        most=max(LEAST_SEARCHES, round(levels.preamble_searches_per_s * duration_s)),
    )
    found = find_preambles(
        piece.stretch, triggers, step=piece.step, rank=levels.preamble_rank, evidence=levels.preamble_evidence
    )
    return [p for p in found if piece.owns(p.start)], skipped


def known_roots(piece: Piece, known: Sequence[KnownRoot], levels: LteThresholds) -> list[Preamble]:
    """Preambles of known roots where their cells were heard."""
    places = sorted({round(k.lower_hz / SAME_PLACE_HZ) for k in known})
    middles = [place * SAME_PLACE_HZ + PREAMBLE_WIDTH_HZ / 2 for place in places]
    ranges = tuple((middle - SAME_PLACE_HZ, middle + SAME_PLACE_HZ) for middle in middles)
    return at_lower_levels(piece, ranges, sorted({k.root for k in known}), levels) if known else []


def site_roots(piece: Piece, ranges: Ranges, levels: LteThresholds) -> list[Preamble]:
    """Preambles of the roots that the profile knows, anywhere in the uplink."""
    return at_lower_levels(piece, ranges, levels.site_roots, levels)


def at_lower_levels(piece: Piece, ranges: Ranges, roots: Sequence[int], levels: LteThresholds) -> list[Preamble]:
    """Preambles of some roots alone."""
    triggers, _ = preamble_triggers(
        piece.groups,
        step_s=piece.step_s,
        group_hz=piece.group_hz,
        ranges=ranges,
        deviations=levels.preamble_known_deviations,
        most=KNOWN_SEARCHES * len(ranges),
    )
    found = find_preambles(
        piece.stretch,
        triggers,
        step=piece.step,
        rank=levels.preamble_rank,
        evidence=levels.preamble_known_evidence,
        roots=roots,
    )
    return [p for p in found if piece.owns(p.start)]


def unseen(found: Sequence[Preamble], told: Sequence[Preamble]) -> list[Preamble]:
    """The strongest finding of each preamble that was not told before, in order of time."""
    kept: list[Preamble] = []
    for one in sorted(found, key=lambda p: -p.evidence):
        if all(abs(one.start - other.start) >= one.count // 2 for other in (*kept, *told)):
            kept.append(one)
    return sorted(kept, key=lambda p: p.start)
