"""The LTE search: segments in, bursts and emissions out.

Ties the stages together and carries what they need of the past, in bounded size. The stages themselves are pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.lte.access import Preamble
from detector.lte.attempts import NO_ATTEMPTS, Attempts, search_attempts
from detector.lte.channels import NEW_CELL, Cell, Channels, search_channels
from detector.lte.jamming import jammed
from detector.lte.phones import Phone, emission_of, joined
from detector.lte.pieces import Piece, piece_of, remembered
from detector.lte.standard import PREAMBLE_WIDTH_HZ
from detector.search import Context
from detector.types import Burst, Emission, Event, EventKind, Finding, Label, Segment

__all__ = ["LteState", "begin", "step"]

WHOLE: Final = 0.99
"""A preamble of which this much was received was received whole."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LteState:
    """What the LTE search carries from one segment to the next.

    Parameters
    ----------
    past
        The latest pieces.
    phone
        The living emission.
    phones
        How many there were before it; the next one's key.
    """

    context: Context
    past: tuple[Piece, ...] = ()
    attempts: Attempts = NO_ATTEMPTS
    cell: Cell = NEW_CELL
    phone: Phone | None = None
    phones: int = 0


def begin(context: Context) -> LteState:
    """State at the start of a run."""
    return LteState(context=context)


def step(state: LteState, segment: Segment) -> tuple[LteState, Finding]:
    """Read one segment."""
    ranges, levels = state.context.ranges, state.context.profile.lte
    if not ranges:
        return state, Finding()
    piece = piece_of(segment, state.past[-1] if state.past else None)
    attempts, preambles, skipped = search_attempts(state.attempts, piece, state.past, ranges=ranges, levels=levels)
    cell, channels = search_channels(state.cell, piece, state.past, attempts.told, ranges=ranges, levels=levels)
    state = replace(state, past=remembered(state.past, piece), attempts=attempts, cell=cell)
    state, bursts, emissions = told(state, preambles, channels, piece, final=segment.final)
    happened = tuple(events(piece, skipped, channels.evidence, levels.jamming_db))
    return state, Finding(bursts=bursts, emissions=emissions, events=happened)


def told(
    state: LteState, preambles: Sequence[Preamble], channels: Channels, piece: Piece, *, final: bool
) -> tuple[LteState, tuple[Burst, ...], tuple[Emission, ...]]:
    """New bursts joined to the phone that they come from, and what is now known of it."""
    levels = state.context.profile.lte
    attempts = [burst_of(preamble, piece) for preamble in preambles]
    bursts = sorted((*attempts, *channels.bursts), key=lambda burst: burst.start)
    phone = state.phone
    if bursts:
        evidence = channels.evidence + sum(max(0.0, p.evidence - levels.preamble_tried) for p in preambles)
        phone = joined(phone, bursts, evidence=evidence, key=state.phones)
    if phone is None:
        return state, (), ()
    silence = piece.stretch.stop - phone.stop
    ended = final or silence > levels.release_s * piece.stretch.sample_rate_hz
    emission = emission_of(phone, sample_rate_hz=piece.stretch.sample_rate_hz, sure=levels.sure_evidence, ended=ended)
    state = replace(state, phone=None if ended else phone, phones=state.phones + ended)
    return state, tuple(replace(burst, emission=emission.key) for burst in bursts), (emission,)


def burst_of(preamble: Preamble, piece: Piece) -> Burst:
    """A preamble as a burst, without what of it lies outside the received band."""
    edge = piece.stretch.sample_rate_hz / 2
    lower, upper = max(-edge, preamble.lower_hz), min(edge, preamble.upper_hz)
    detail = {"root": preamble.root, "preamble_format": preamble.format.number}
    share = (upper - lower) / PREAMBLE_WIDTH_HZ
    return Burst(
        label=Label.LTE_PRACH,
        start=preamble.start,
        count=preamble.count,
        freq_lower_hz=lower,
        freq_upper_hz=upper,
        snr_db=float(10 * np.log10(preamble.power / (piece.noise * PREAMBLE_WIDTH_HZ))),
        power_dbfs=float(10 * np.log10(preamble.power * share)),
        clipped=piece.clipped,
        detail=detail if share > WHOLE else {**detail, "received_share": round(share, 2)},
    )


def events(piece: Piece, skipped: int, evidence: float, level_db: float) -> Iterator[Event]:
    """What happened to the search itself: what it left out, and noise over the whole band that no cell explains."""
    start, stop = piece.own_start, piece.stretch.stop
    if skipped:
        detail = f"{skipped} places were not searched for LTE preambles: more energy than the search may follow"
        yield Event(kind=EventKind.LIMITED, start=start, stop=stop, detail=detail)
    if not evidence and jammed(piece.groups, level_db=level_db):
        detail = f"noise stands more than {level_db:g} dB over the floor in the whole LTE band"
        yield Event(kind=EventKind.JAMMING, start=start, stop=stop, detail=detail)
