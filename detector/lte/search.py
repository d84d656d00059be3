"""The LTE search: segments in, bursts and emissions out.

Ties the stages together and keeps what they need of the past, in bounded size. The stages themselves are pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.lte.access import Preamble, Stretch, find_preambles
from detector.lte.gate import GROUP, grouped, preamble_triggers, stirring
from detector.lte.lattice import NO_VOTES, Votes
from detector.lte.phones import Phone, Proof, emission_of, joined
from detector.lte.standard import PREAMBLE_WIDTH_HZ, RESOURCE_BLOCK_HZ, SLOT_S
from detector.lte.uplink import Lock, Reading, Scope, follow, read
from detector.search import Context
from detector.types import Burst, Emission, Event, EventKind, Finding, FloatArray, Label, Segment

__all__ = ["LteState", "begin", "step"]

HISTORY: Final = 4
"""Segments that are kept to look back into when a cell's roots become known."""

HISTORY_SAMPLES: Final = 4_000_000
"""Samples that are kept for it, at most."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A segment's samples with the power map's groups over all of them."""

    stretch: Stretch
    groups: FloatArray
    own_start: int
    own_stop: int
    floor: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """What is known of the cell: votes for its lattice, the proven one, and up to where its bursts are painted."""

    votes: Votes = NO_VOTES
    lock: Lock | None = None
    painted: int = 0


NEW_CELL: Final = Cell()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRoot:
    """A root that was heard, and where its band begins."""

    root: int
    lower_hz: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LteState:
    """What the LTE search carries from one segment to the next."""

    context: Context
    past: tuple[Piece, ...] = ()
    roots: tuple[KnownRoot, ...] = ()
    phone: Phone | None = None
    keys: int = 0
    told: tuple[Preamble, ...] = ()
    cell: Cell = NEW_CELL


def begin(context: Context) -> LteState:
    """State at the start of a run."""
    return LteState(context=context)


def step(state: LteState, segment: Segment) -> tuple[LteState, Finding]:
    """Read one segment."""
    if not state.context.ranges:
        return state, Finding()
    levels = state.context.profile.lte
    piece = piece_of(state, segment)
    blind, skipped = searched(state.context, piece)
    known = tuple(dict.fromkeys((*state.roots, *(KnownRoot(root=p.root, lower_hz=p.lower_hz) for p in blind))))
    fresh = known_of(known, state.roots)
    found = list(blind)
    if fresh:
        for old in state.past:
            found += searched_known(state.context, old, fresh)
    if known:
        found += searched_known(state.context, piece, known)
    found = unseen(found, state.told)
    proofs = [preamble_proof(p, segment) for p in found]
    cell, fresh_proofs = channels(state, piece, segment, (*state.told, *found))
    proofs = sorted((*proofs, *fresh_proofs), key=lambda proof: proof.burst.start)
    phone = joined(state.phone, proofs, key=state.keys) if proofs else state.phone
    keys = state.keys + (state.phone is None and phone is not None)
    emissions: tuple[Emission, ...] = ()
    bursts = tuple(replace(proof.burst, emission=phone.key) for proof in proofs) if phone else ()
    if phone:
        silent = segment.stop - phone.stop > levels.release_s * segment.tuning.sample_rate_hz
        ended = segment.final or silent
        emissions = (emission_of(phone, sure=levels.sure_evidence, ended=ended),)
        phone = None if ended else phone
    state = replace(
        state,
        past=remembered(state.past, piece),
        roots=known[-8:],
        phone=phone,
        keys=keys,
        told=(*state.told, *found)[-64:],
        cell=cell,
    )
    return state, Finding(bursts=bursts, emissions=emissions, events=limits(segment, skipped))


def channels(
    state: LteState, piece: Piece, segment: Segment, preambles: Sequence[Preamble]
) -> tuple[Cell, list[Proof]]:
    """Shared and control channels: what is now known of the cell, and the new bursts."""
    levels = state.context.profile.lte
    rate = segment.tuning.sample_rate_hz
    cell = state.cell
    if not stirring(
        piece.groups,
        step_s=segment.step / rate,
        group_hz=rate / segment.power.shape[1] * GROUP,
        deviations=levels.stir_deviations,
    ):
        return cell, []
    pieces: tuple[Piece, ...] = (piece,)
    if cell.lock is None:
        reading, votes = read(piece.stretch, cell.votes, scope_of(state.context, piece, preambles))
        cell = replace(cell, votes=votes)
        if reading.evidence < levels.lattice_evidence:
            return cell, []
        cell = replace(cell, lock=Lock(lattice=reading.lattice, group=reading.group))
        pieces = (*state.past, piece)
    proofs: list[Proof] = []
    for one in pieces:
        if cell.lock is None:
            break
        reading = follow(one.stretch, cell.lock, scope_of(state.context, one, preambles))
        got = box_proofs(reading, one, segment, cell.painted)
        proofs += got
        painted = max([cell.painted, *(p.burst.start + p.burst.count // 2 for p in got)])
        cell = replace(cell, lock=replace(cell.lock, lattice=reading.lattice), painted=painted)
    return cell, proofs


def scope_of(context: Context, piece: Piece, preambles: Sequence[Preamble]) -> Scope:
    """Where in the band a piece's channels may lie, its noise power in one block, and what explains energy already."""
    rate = piece.stretch.sample_rate_hz
    density = float(np.median(piece.floor)) * piece.floor.size * RESOURCE_BLOCK_HZ / rate
    allowed = context.ranges[0][0], context.ranges[-1][1]
    likelihood = context.profile.lte.box_likelihood
    return Scope(allowed=allowed, density=density, likelihood=likelihood, preambles=tuple(preambles))


def box_proofs(reading: Reading, piece: Piece, segment: Segment, painted: int) -> list[Proof]:
    """A reading's boxes as bursts, but those that were painted before or that a preamble explains."""
    rate = piece.stretch.sample_rate_hz
    proofs: list[Proof] = []
    share = reading.evidence / max(1, len(reading.boxes))
    for box in reading.boxes:
        start = int(reading.map.starts[box.slot])
        if not piece.own_start <= start < piece.own_stop or start < painted:
            continue
        lower = float(reading.map.lowers_hz[box.block])
        power = float(reading.map.floor[box.block : box.block + box.blocks].sum()) * max(box.level - 1, 1e-3)
        burst = Burst(
            label=box.label,
            start=start,
            count=round(box.slots * SLOT_S * rate),
            freq_lower_hz=lower,
            freq_upper_hz=lower + box.blocks * RESOURCE_BLOCK_HZ,
            snr_db=float(10 * np.log10(max(box.level - 1, 1e-3))),
            power_dbfs=float(10 * np.log10(power)),
            clipped=segment.clipped > 0,
        )
        proofs.append(Proof(burst=burst, evidence=share))
    return proofs


def known_of(known: tuple[KnownRoot, ...], old: tuple[KnownRoot, ...]) -> tuple[KnownRoot, ...]:
    """The roots that were not known before, each once."""
    before = {k.root for k in old}
    return tuple({k.root: k for k in known if k.root not in before}.values())


def piece_of(state: LteState, segment: Segment) -> Piece:
    """The segment's samples, with the groups of the old ones in front of those of the new ones."""
    rate = segment.tuning.sample_rate_hz
    groups = grouped(segment.power, segment.floor)
    if state.past:
        groups = np.concatenate(
            (state.past[-1].groups[-((segment.start - segment.iq_start) // segment.step) :], groups)
        )
    return Piece(
        stretch=Stretch(iq=segment.iq, start=segment.iq_start, sample_rate_hz=rate),
        groups=groups,
        own_start=segment.own_start,
        own_stop=segment.own_stop,
        floor=segment.floor,
    )


def remembered(past: tuple[Piece, ...], piece: Piece) -> tuple[Piece, ...]:
    """The latest pieces, as many as may be kept."""
    most = max(1, min(HISTORY, HISTORY_SAMPLES // max(1, piece.stretch.iq.size)))
    return (*past, piece)[-most:]


def searched(context: Context, piece: Piece) -> tuple[list[Preamble], int]:
    """Preambles of any root in a piece's own part, and how many places were left out."""
    levels = context.profile.lte
    rate, step_samples = piece.stretch.sample_rate_hz, context.n_bins
    most = max(16, round(levels.preamble_searches_per_s * piece.stretch.iq.size / rate))
    triggers, skipped = preamble_triggers(
        piece.groups,
        step_s=step_samples / rate,
        group_hz=rate / context.n_bins * GROUP,
        ranges=context.ranges,
        deviations=levels.preamble_deviations,
        most=most,
    )
    found = find_preambles(
        piece.stretch, triggers, step=step_samples, rank=levels.preamble_rank, evidence=levels.preamble_evidence
    )
    return [p for p in found if piece.own_start <= p.start < piece.own_stop], skipped


def searched_known(context: Context, piece: Piece, known: Sequence[KnownRoot]) -> list[Preamble]:
    """Preambles of known roots where their cell was heard."""
    levels = context.profile.lte
    rate, step_samples = piece.stretch.sample_rate_hz, context.n_bins
    found: list[Preamble] = []
    for lower in sorted({round(k.lower_hz / 60e3) for k in known}):
        middle = lower * 60e3 + PREAMBLE_WIDTH_HZ / 2
        triggers, _ = preamble_triggers(
            piece.groups,
            step_s=step_samples / rate,
            group_hz=rate / context.n_bins * GROUP,
            ranges=((middle - 80e3, middle + 80e3),),
            deviations=levels.preamble_known_deviations,
            most=200,
        )
        found += find_preambles(
            piece.stretch,
            triggers,
            step=step_samples,
            rank=0.0,
            evidence=levels.preamble_known_evidence,
            roots=sorted({k.root for k in known}),
        )
    return [p for p in found if piece.own_start <= p.start < piece.own_stop]


def unseen(found: Sequence[Preamble], told: Sequence[Preamble]) -> list[Preamble]:
    """The strongest finding of each preamble that was not told before, in order of time."""
    kept: list[Preamble] = []
    for one in sorted(found, key=lambda p: -p.evidence):
        if all(abs(one.start - other.start) >= one.count // 2 for other in (*kept, *told)):
            kept.append(one)
    return sorted(kept, key=lambda p: p.start)


def preamble_proof(found: Preamble, segment: Segment) -> Proof:
    """A preamble as a burst with its evidence."""
    rate = segment.tuning.sample_rate_hz
    noise = float(np.median(segment.floor)) * segment.floor.size * PREAMBLE_WIDTH_HZ / rate
    burst = Burst(
        label=Label.LTE_PRACH,
        start=found.start,
        count=found.count,
        freq_lower_hz=found.lower_hz,
        freq_upper_hz=found.upper_hz,
        snr_db=float(10 * np.log10(found.power / noise)),
        power_dbfs=float(10 * np.log10(found.power)),
        clipped=segment.clipped > 0,
        detail={"root": found.root, "format": found.format.number},
    )
    return Proof(burst=burst, evidence=found.evidence - 20.0, root=found.root)


def limits(segment: Segment, skipped: int) -> tuple[Event, ...]:
    """What the bounded search left out."""
    if not skipped:
        return ()
    detail = f"{skipped} places were not searched for LTE preambles: more energy than the search may follow"
    return (Event(kind=EventKind.LIMITED, start=segment.start, stop=segment.stop, detail=detail),)
