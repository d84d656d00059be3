"""When an LTE phone sends what: attempts that nobody answers, registrations, voice, uploads, and quiet connections.

The timing is that of real phone stacks on a carrier of six resource blocks: preambles in subframe 1 of a frame, a first
grant 11 ms later, then isolated subframes; what a subframe holds is drawn before any of it is made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, log10
from typing import Final

import numpy as np

from detector.lte.standard import PREAMBLE_LENGTH, PREAMBLE_SPACING_HZ, RESOURCE_BLOCK_HZ, SLOT_S, SUBFRAME_S
from detector.types import Label
from sdr.synthetic.acts import Act
from sdr.synthetic.lte_waveform import LteCarrier, preamble, pucch_report, pucch_request, pusch
from sdr.synthetic.tones import Tones
from sdr.synthetic.transmission import Transmission

__all__ = ["LteRadio", "transmissions"]

PREAMBLE_SUBFRAME: Final = 1  # TS 36.211, table 5.7.1-2, configuration 3
PREAMBLES: Final = 64  # TS 36.211, 5.7.2
SHIFT: Final = 13  # TS 36.211, table 5.7.2-2, configuration 1: 64 shifts of one root
ATTEMPTS: Final = 10
ATTEMPT_SUBFRAMES: Final = 20
ATTEMPT_STEP_DB: Final = 2.0
TRAIN_SUBFRAMES: Final = 3000
PREAMBLE_DB: Final = 6.0
"""A preamble fills six resource blocks and goes out at their power together."""

GRANT_SUBFRAMES: Final = 11
GRANT_BLOCKS: Final = 3
REGISTRATION_SUBFRAMES: Final = 250
REGISTRATION_SHARE: Final = 0.08
REPORT_PERIOD: Final = 40
REQUEST_PERIOD: Final = 20
ANSWER_SUBFRAMES: Final = 8
UPLOAD_SHARE: Final = 0.82
UPLOAD_BLOCKS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LteRadio:
    """What the network gives an LTE phone, and when its subframe 0 began, seconds since the epoch."""

    carrier: LteCarrier
    origin_s: float
    error_hz: float

    def subframe_after(self, time_s: float) -> int:
        """The first subframe that begins no sooner than a time."""
        return ceil((time_s - self.origin_s) / SUBFRAME_S)

    def clashes(self, other: "LteRadio") -> bool:
        """Whether both may not speak at once: no scheduler parts the carrier among the phones here."""
        return self.carrier == other.carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A subframe of PUSCH: how many resource blocks."""

    blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A subframe of PUCCH: a report of channel quality, or a request for a grant."""

    request: bool


Plan = dict[int, Grant | Control]
"""What a phone sends in which subframe."""


def transmissions(
    radio: LteRadio, act: Act, *, start_s: float, stop_s: float, rng: np.random.Generator
) -> Iterator[Transmission]:
    """All transmissions of one act, in their order."""
    first = radio.subframe_after(start_s)
    first += (PREAMBLE_SUBFRAME - first) % 10
    stop = radio.subframe_after(stop_s)
    if act is Act.UNANSWERED:
        yield from attempts(radio, first, stop, rng=rng)
        return
    yield preamble_at(radio, first, level_db=PREAMBLE_DB, rng=rng)
    plan = registration(first, rng=rng)
    if act in PLANS:
        plan |= PLANS[act](first + REGISTRATION_SUBFRAMES, stop, rng)
    for subframe, use in sorted(plan.items(), key=lambda item: item[0]):
        yield from sent(radio, subframe, use, rng=rng)


def attempts(radio: LteRadio, first: int, stop: int, *, rng: np.random.Generator) -> Iterator[Transmission]:
    """Trains of preambles, each a step louder than the one before."""
    for train in range(first, stop, TRAIN_SUBFRAMES):
        for attempt in range(ATTEMPTS):
            level_db = PREAMBLE_DB - ATTEMPT_STEP_DB * (ATTEMPTS - 1 - attempt)
            yield preamble_at(radio, train + attempt * ATTEMPT_SUBFRAMES, level_db=level_db, rng=rng)


def registration(first: int, *, rng: np.random.Generator) -> Plan:
    """What follows an answered preamble: the first grant, then isolated subframes."""
    plan: Plan = {first + GRANT_SUBFRAMES: Grant(blocks=GRANT_BLOCKS)}
    for subframe in range(first + GRANT_SUBFRAMES + 4, first + REGISTRATION_SUBFRAMES):
        if rng.random() < REGISTRATION_SHARE:
            plan[subframe] = small_grant(rng) if rng.random() < 0.3 else Control(request=rng.random() < 0.3)
    return plan


def quiet(first: int, stop: int, rng: np.random.Generator) -> Plan:
    """A connection without traffic: a report each 40 ms, seldom a request and its answer."""
    plan: Plan = {subframe: Control(request=False) for subframe in range(first, stop, REPORT_PERIOD)}
    for subframe in range(first + 5, stop - ANSWER_SUBFRAMES, REQUEST_PERIOD):
        if rng.random() < 0.03:
            plan |= {subframe: Control(request=True), subframe + ANSWER_SUBFRAMES: small_grant(rng)}
    return plan


def voice(first: int, stop: int, rng: np.random.Generator) -> Plan:
    """A packet each 20 ms: a request, and grants 8 ms apart."""
    plan = quiet(first, stop, rng)
    for packet in range(first + 3, stop - 3 * ANSWER_SUBFRAMES, REQUEST_PERIOD):
        plan[packet] = Control(request=True)
        for answer in range(2 + (rng.random() < 0.4)):
            plan[packet + (answer + 1) * ANSWER_SUBFRAMES] = small_grant(rng)
    return plan


def upload(first: int, stop: int, rng: np.random.Generator) -> Plan:
    """The whole carrier between its edges, nearly without a pause."""
    plan = quiet(first, stop, rng)
    for subframe in range(first, stop):
        if rng.random() < UPLOAD_SHARE:
            plan[subframe] = Grant(blocks=UPLOAD_BLOCKS)
    return plan


PLANS: Final[dict[Act, Callable[[int, int, np.random.Generator], Plan]]] = {
    Act.IDLE: quiet,
    Act.VOICE: voice,
    Act.UPLOAD: upload,
}


def small_grant(rng: np.random.Generator) -> Grant:
    """One, two or four resource blocks, as a voice packet is given."""
    return Grant(blocks=int(rng.choice([1, 2, 4], p=[0.55, 0.27, 0.18])))


def sent(radio: LteRadio, subframe: int, use: Grant | Control, *, rng: np.random.Generator) -> Iterator[Transmission]:
    """The transmissions of one subframe: one of PUSCH, or the two halves of PUCCH at opposite edges of the carrier."""
    carrier, start_s = radio.carrier, radio.origin_s + subframe * SUBFRAME_S
    if isinstance(use, Grant):
        first = int(rng.integers(1, carrier.blocks - use.blocks))
        waveform = pusch(carrier, subframe=subframe % 10, first_block=first, blocks=use.blocks, rng=rng)
        level_db = 10 * log10(use.blocks)
        yield in_blocks(radio, Label.LTE_PUSCH, waveform, start_s, first, blocks=use.blocks, level_db=level_db)
        return
    edges = (0, carrier.blocks - 1)
    for half, block in enumerate(edges[::-1] if use.request else edges):
        slot = 2 * (subframe % 10) + half
        if use.request:
            waveform = pucch_request(carrier, slot=slot, block=block)
        else:
            waveform = pucch_report(carrier, slot=slot, block=block, rng=rng)
        yield in_blocks(radio, Label.LTE_PUCCH, waveform, start_s + half * SLOT_S, block)


def in_blocks(
    radio: LteRadio,
    label: Label,
    waveform: Tones,
    start_s: float,
    first: int,
    *,
    blocks: int = 1,
    level_db: float = 0.0,
) -> Transmission:
    """A transmission that fills whole resource blocks."""
    lower_hz = radio.carrier.block_hz(first)
    return Transmission(
        label=label,
        start_s=start_s,
        duration_s=waveform.duration_s,
        carrier_hz=radio.carrier.centre_hz + radio.error_hz,
        lower_hz=lower_hz,
        upper_hz=lower_hz + blocks * RESOURCE_BLOCK_HZ,
        level_db=level_db,
        waveform=waveform,
    )


def preamble_at(radio: LteRadio, subframe: int, *, level_db: float, rng: np.random.Generator) -> Transmission:
    """A preamble with a new index."""
    waveform = preamble(radio.carrier, shift=SHIFT * int(rng.integers(PREAMBLES)))
    return Transmission(
        label=Label.LTE_PRACH,
        start_s=radio.origin_s + subframe * SUBFRAME_S,
        duration_s=waveform.duration_s,
        carrier_hz=radio.carrier.centre_hz + radio.error_hz,
        lower_hz=waveform.lowest_hz - PREAMBLE_SPACING_HZ / 2,
        upper_hz=waveform.lowest_hz + (PREAMBLE_LENGTH - 0.5) * PREAMBLE_SPACING_HZ,
        level_db=level_db,
        waveform=waveform,
    )
