"""From proven bursts to the phone behind them: one emission for what was heard of one cell until it falls silent.

Holds sums, never samples or whole histories, so an hour of upload costs no more than a second. Nothing here looks at
power maps; it believes the evidence that its bursts bring.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detector.types import Activity, Burst, Emission, Label, Technology

__all__ = ["Phone", "Proof", "emission_of", "joined", "score_of"]

REMEMBERED: Final = 256
"""Bursts whose level and time are remembered for medians and rhythms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A burst and the evidence that it brings: minus a log probability, less the logarithm of what was tried."""

    burst: Burst
    evidence: float
    root: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """What is remembered of an emission."""

    key: int
    start: int
    stop: int
    lower_hz: float
    upper_hz: float
    counts: Mapping[Label, int]
    evidence: float
    recent: tuple[Burst, ...]
    roots: tuple[int, ...] = ()
    preamble_snrs_db: tuple[float, ...] = ()
    clipped: bool = False


def joined(phone: Phone | None, proofs: Sequence[Proof], *, key: int) -> Phone:
    """A phone with some more bursts, or a new one under a key."""
    bursts = [proof.burst for proof in proofs]
    if phone is None:
        first = bursts[0]
        phone = Phone(
            key=key,
            start=first.start,
            stop=first.start,
            lower_hz=first.freq_lower_hz,
            upper_hz=first.freq_upper_hz,
            counts={},
            evidence=0.0,
            recent=(),
        )
    counts = dict(phone.counts)
    for burst in bursts:
        counts[burst.label] = counts.get(burst.label, 0) + 1
    attempts = tuple(burst.snr_db for burst in bursts if burst.label is Label.LTE_PRACH)
    return replace(
        phone,
        start=min(phone.start, *(b.start for b in bursts)),
        stop=max(phone.stop, *(b.start + b.count for b in bursts)),
        lower_hz=min(phone.lower_hz, *(b.freq_lower_hz for b in bursts)),
        upper_hz=max(phone.upper_hz, *(b.freq_upper_hz for b in bursts)),
        counts=counts,
        evidence=phone.evidence + sum(proof.evidence for proof in proofs),
        recent=(*phone.recent, *bursts)[-REMEMBERED:],
        roots=tuple(sorted({*phone.roots, *(proof.root for proof in proofs if proof.root)})),
        preamble_snrs_db=(*phone.preamble_snrs_db, *attempts)[-REMEMBERED:],
        clipped=phone.clipped or any(burst.clipped for burst in bursts),
    )


def score_of(evidence: float, sure: float) -> float:
    """One minus a tenth for each ``sure`` of evidence: 0.9 there, 0.99 at twice as much."""
    return float(1 - 10 ** (-max(0.0, evidence) / sure))


def emission_of(phone: Phone, *, sure: float, ended: bool) -> Emission:
    """What is known of a phone now."""
    return Emission(
        key=phone.key,
        technology=Technology.LTE,
        kinds=tuple(sorted(phone.counts)),
        activity=activity_of(phone),
        start=phone.start,
        stop=phone.stop,
        freq_lower_hz=phone.lower_hz,
        freq_upper_hz=phone.upper_hz,
        bursts=sum(phone.counts.values()),
        snr_db=float(np.median([burst.snr_db for burst in phone.recent])),
        power_dbfs=float(np.median([burst.power_dbfs for burst in phone.recent])),
        score=score_of(phone.evidence, sure),
        parts=parts_of(phone),
        clipped=phone.clipped,
        ended=ended,
    )


def parts_of(phone: Phone) -> dict[str, float]:
    """The score's features, named for people."""
    parts = {"evidence": phone.evidence}
    parts |= {f"{label.value.removeprefix('lte-')}_bursts": float(n) for label, n in phone.counts.items()}
    if phone.roots:
        parts |= {"root": float(phone.roots[0]), "roots": float(len(phone.roots))}
        rises = np.diff(phone.preamble_snrs_db)
        parts["rising_preambles"] = float(np.count_nonzero((rises > 0.5) & (rises < 7)))
    return parts


def activity_of(phone: Phone) -> Activity:
    """What the phone seems to be doing, by the kinds of its bursts."""
    if set(phone.counts) == {Label.LTE_PRACH}:
        return Activity.ACCESS
    return Activity.UNKNOWN
