"""The LTE search: segments in, bursts and emissions out.

Ties the stages together and carries what they need of the past, in bounded size. The stages themselves are pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.lte.access import Preamble
from detector.lte.attempts import NO_ATTEMPTS, Attempts, search_attempts
from detector.lte.channels import NEW_CELL, Cell, Channels, search_channels
from detector.lte.crowd import NOBODY, Crowd, sorted_out
from detector.lte.jamming import jammed
from detector.lte.phones import Phone, emission_of, joined
from detector.lte.pieces import Piece, piece_of, remembered
from detector.lte.standard import PREAMBLE_WIDTH_HZ
from detector.search import Context
from detector.types import Burst, Emission, Event, EventKind, Finding, Label, Segment

__all__ = ["LteState", "begin", "step"]

WHOLE: Final = 0.99
"""A preamble of which this much was received was received whole."""


REPORT_S: Final = 1.0
"""How often is told what was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """Places not searched for preambles and pieces not read for channels, since some sample."""

    since: int = 0
    places: int = 0
    pieces: int = 0


NOTHING: Final = Limited()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LteState:
    """What the LTE search carries from one segment to the next.

    Parameters
    ----------
    past
        The latest pieces.
    crowd
        The living emissions.
    limited
        What was left out and is not told yet.
    """

    context: Context
    past: tuple[Piece, ...] = ()
    attempts: Attempts = NO_ATTEMPTS
    cell: Cell = NEW_CELL
    crowd: Crowd = NOBODY
    limited: Limited = NOTHING


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
    state, limited = left_out(state, piece, skipped, unread=channels.unread, final=segment.final)
    happened = (*limited, *jamming(piece, channels.evidence, levels.jamming_db))
    return state, Finding(bursts=bursts, emissions=emissions, events=happened)


def told(
    state: LteState, preambles: Sequence[Preamble], channels: Channels, piece: Piece, *, final: bool
) -> tuple[LteState, tuple[Burst, ...], tuple[Emission, ...]]:
    """New bursts joined to the phones that they come from, and what is now known of these."""
    levels, rate = state.context.profile.lte, piece.stretch.sample_rate_hz
    attempts = [burst_of(preamble, piece) for preamble in preambles]
    bursts = sorted((*attempts, *channels.bursts), key=lambda burst: burst.start)
    crowd, shares = sorted_out(state.crowd, bursts, levels)
    each = channels.evidence / max(1, len(channels.bursts))
    brought = {one.start: max(0.0, one.evidence - levels.preamble_tried) for one in preambles}
    phones = [grown(phone, shares.get(phone.key, ()), brought, each) for phone in crowd.phones]
    oldest = piece.stretch.stop - levels.release_s * rate
    alive = tuple(phone for phone in phones if phone.stop >= oldest and not final)
    emissions = tuple(emission_of(phone, levels, sample_rate_hz=rate, ended=phone not in alive) for phone in phones)
    keyed = [replace(burst, emission=key) for key, share in shares.items() for burst in share]
    state = replace(state, crowd=replace(crowd, phones=alive))
    return state, tuple(sorted(keyed, key=lambda burst: burst.start)), emissions


def grown(phone: Phone, bursts: Sequence[Burst], brought: Mapping[int, float], each: float) -> Phone:
    """A phone with its share of some bursts, and with the evidence of its preambles and of each of its channels."""
    if not bursts:
        return phone
    evidence = sum(brought[one.start] if one.label is Label.LTE_PRACH else each for one in bursts)
    return joined(phone, bursts, evidence=evidence)


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


def left_out(state: LteState, piece: Piece, skipped: int, *, unread: bool, final: bool) -> tuple[LteState, list[Event]]:
    """What the bounded search left out, told once a second and at the end."""
    rate, known = piece.stretch.sample_rate_hz, state.limited
    limited = Limited(
        since=known.since if known.places or known.pieces else piece.own_start,
        places=known.places + skipped,
        pieces=known.pieces + unread,
    )
    stop = piece.own_stop
    if not (limited.places or limited.pieces) or (stop - limited.since < REPORT_S * rate and not final):
        return replace(state, limited=limited), []
    detail = (
        f"{limited.places} places were not searched for LTE preambles and {limited.pieces} segments not for other LTE "
        "channels: more energy than the search may follow"
    )
    event = Event(kind=EventKind.LIMITED, start=limited.since, stop=stop, detail=detail)
    return replace(state, limited=NOTHING), [event]


def jamming(piece: Piece, evidence: float, level_db: float) -> Iterator[Event]:
    """Noise over the whole band that no cell explains."""
    if not evidence and jammed(piece.energies, level_db=level_db):
        detail = f"noise stands more than {level_db:g} dB over the floor in the whole LTE band"
        yield Event(kind=EventKind.JAMMING, start=piece.own_start, stop=piece.stretch.stop, detail=detail)
