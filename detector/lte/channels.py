"""Shared and control channels of a run: when to look, what is known of the cell, and the bursts that this gives.

A cell is looked for whenever anything stirs, as often as is allowed. Once its sequences have proven it, in one piece or
in several together, the pieces that are still kept are read again on its lattice. When what stirs no longer fits the cell,
another is looked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.lte.access import Preamble
from detector.lte.boxes import Box
from detector.lte.budget import FULL, Budget
from detector.lte.channel_gate import stirring
from detector.lte.gate import EnergyMap, Ranges
from detector.lte.pieces import Piece
from detector.lte.reference import tail_evidence
from detector.lte.sounding import LENGTH_S
from detector.lte.standard import RESOURCE_BLOCK_HZ, SLOT_S, SUBFRAME_S
from detector.lte.thresholds import LteThresholds
from detector.lte.uplink import Lock, Reading, Scope, follow, read
from detector.lte.votes import NO_VOTES, Votes
from detector.types import Burst, Label

__all__ = ["NEW_CELL", "Cell", "Channels", "search_channels"]

USABLE: Final = 0.492
"""Share of the sample rate on either side of the centre that is no image of the other side's."""

SHORTEST_S: Final = 2 * SUBFRAME_S
"""A shorter piece may hold no whole subframe."""

FIRST_LOOK: Final = 0.25
"""Cost of a piece that is put away for its slots alone, in pieces that are read to the end."""

LEAST_EXCESS: Final = 1e-3
"""Levels nearer to the floor than this are told as this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """What is known of the cell.

    Parameters
    ----------
    votes
        For its lattice.
    lock
        The proven one.
    told
        Up to where its bursts are told.
    promised
        End of the latest piece that promised a cell without proving it.
    budget
        Pieces that may be read for an unknown cell.
    """

    votes: Votes = NO_VOTES
    lock: Lock | None = None
    told: int = 0
    promised: int = -(1 << 62)
    budget: Budget = FULL


NEW_CELL: Final = Cell()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """New bursts of a cell's channels, the evidence of their sequences, and whether the piece was left out."""

    bursts: tuple[Burst, ...] = ()
    evidence: float = 0.0
    unread: bool = False


def search_channels(
    cell: Cell,
    piece: Piece,
    past: Sequence[Piece],
    preambles: Sequence[Preamble],
    *,
    ranges: Ranges,
    levels: LteThresholds,
) -> tuple[Cell, Channels]:
    """What a piece makes known of the cell and of its channels."""
    seconds = (piece.own_stop - piece.own_start) / piece.stretch.sample_rate_hz
    if piece.stretch.iq.size < SHORTEST_S * piece.stretch.sample_rate_hz:
        return cell, Channels()
    budget = cell.budget.earned(seconds, per_s=levels.lattice_reads_per_s, most=levels.lattice_reads)
    cell = replace(cell, budget=budget)
    oldest = piece.own_start - levels.speaking_s * piece.stretch.sample_rate_hz
    speaking = cell.lock is not None and cell.told > oldest
    if not (
        speaking or cell.promised > oldest or stirring(without_preambles(piece, preambles), levels.stir_deviations)
    ):
        return cell, Channels()
    if cell.lock is not None:
        known, channels = told(cell, cell.lock, (piece,), preambles, ranges, levels)
        if channels.bursts or (speaking and not stirring(without_preambles(piece, preambles), levels.stir_deviations)):
            return known, channels
    if cell.budget.left < 1:
        return cell, Channels(unread=True)
    return looked_for(cell, piece, past, preambles, ranges, levels)


def looked_for(
    cell: Cell,
    piece: Piece,
    past: Sequence[Piece],
    preambles: Sequence[Preamble],
    ranges: Ranges,
    levels: LteThresholds,
) -> tuple[Cell, Channels]:
    """A cell looked for in a piece; what is heard of it in those that are still kept counts for it, and is told."""
    reading, votes = read(piece.stretch, cell.votes, scope_of(piece, preambles, ranges, levels))
    cell = replace(cell, votes=votes, budget=cell.budget.spent(FIRST_LOOK if reading is None else 1.0))
    if reading is None or reading.evidence < levels.lattice_promise:
        return cell, Channels()
    lock = Lock(lattice=reading.lattice, group=reading.group)
    if reading.evidence < levels.lattice_evidence:
        others = [follow(old.stretch, lock, scope_of(old, preambles, ranges, levels)).evidence for old in past]
        if tail_evidence(reading.evidence + sum(others), 1 + len(others)) < levels.lattice_evidence:
            return replace(cell, promised=piece.own_stop), Channels()
    return told(cell, lock, (*past, piece), preambles, ranges, levels)


def without_preambles(piece: Piece, preambles: Sequence[Preamble]) -> EnergyMap:
    """A piece's energies, but at the level of noise while a preamble lasts: that is no channel."""
    if not preambles:
        return piece.energies
    cells = piece.energies.cells.copy()
    for one in preambles:
        begin, end = ((at - piece.stretch.start) / piece.cell for at in (one.start, one.start + one.count))
        cells[max(0, round(begin - 0.5)) : max(0, round(end + 1.5))] = 1.0
    return replace(piece.energies, cells=cells)


def told(
    cell: Cell,
    lock: Lock,
    pieces: Sequence[Piece],
    preambles: Sequence[Preamble],
    ranges: Ranges,
    levels: LteThresholds,
) -> tuple[Cell, Channels]:
    """The bursts of some pieces on a proven lattice, and the cell as it is known after them."""
    bursts: list[Burst] = []
    evidence = 0.0
    until = cell.told
    for piece in pieces:
        reading = follow(piece.stretch, lock, scope_of(piece, preambles, ranges, levels))
        lock = replace(lock, lattice=reading.lattice, straight=reading.straight)
        fresh = bursts_of(reading, piece, until)
        evidence += reading.evidence if fresh else 0.0
        until = max([until, *(burst.start + burst.count // 2 for burst in fresh)])
        bursts += fresh
    return replace(cell, lock=lock, told=until), Channels(bursts=tuple(bursts), evidence=evidence)


def scope_of(piece: Piece, preambles: Sequence[Preamble], ranges: Ranges, levels: LteThresholds) -> Scope:
    """What the search must know of a piece before it looks."""
    edge = USABLE * piece.stretch.sample_rate_hz
    return Scope(
        allowed=(max(ranges[0][0], -edge), min(ranges[-1][1], edge)),
        noise=piece.block_noise,
        preambles=tuple(preambles),
        levels=levels,
    )


def bursts_of(reading: Reading, piece: Piece, until: int) -> list[Burst]:
    """A reading's boxes as bursts, but those that were told before or are another piece's."""
    starts = [int(reading.map.starts[box.slot]) for box in reading.boxes]
    return [
        burst_of(box, reading, piece)
        for box, start in zip(reading.boxes, starts, strict=True)
        if piece.owns(start) and start >= until
    ]


def burst_of(box: Box, reading: Reading, piece: Piece) -> Burst:
    """A box as a burst; a sounding is the last symbol of its slot."""
    rate = piece.stretch.sample_rate_hz
    lower = float(reading.map.lowers_hz[box.block])
    excess = max(box.level - 1, LEAST_EXCESS)
    power = float(reading.map.floor[box.block : box.block + box.blocks].sum()) * excess
    length_s = LENGTH_S if box.label is Label.LTE_SRS else box.slots * SLOT_S
    return Burst(
        label=box.label,
        start=int(reading.map.starts[box.slot]) + round((box.slots * SLOT_S - length_s) * rate),
        count=round(length_s * rate),
        freq_lower_hz=lower,
        freq_upper_hz=lower + box.blocks * RESOURCE_BLOCK_HZ,
        snr_db=float(10 * np.log10(excess)),
        power_dbfs=float(10 * np.log10(power)),
        clipped=piece.clipped,
        detail={"resource_blocks": box.blocks, "sequence_group": reading.group, **carrier_of(box, reading)},
    )


def carrier_of(box: Box, reading: Reading) -> dict[str, float]:
    """What is known of a box's carrier, as a burst's detail."""
    if box not in reading.carriers:
        return {}
    offset_hz, error_hz = reading.carriers[box]
    return {"carrier_offset_hz": round(offset_hz, 1), "carrier_error_hz": round(error_hz, 1)}
