"""From proven bursts to the phone behind them: one emission for what was heard of a cell until it falls silent.

Holds sums and the latest bursts, never samples or whole histories, so an hour of upload costs no more than a second.
Nothing here looks at power maps; it believes the evidence that its bursts bring.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, log10, sqrt
from typing import Final

import numpy as np

from detector.lte.oscillator import nearest_turn_hz
from detector.lte.standard import RESOURCE_BLOCK_HZ, SUBFRAME_S
from detector.lte.thresholds import ActivityThresholds, LteThresholds
from detector.types import Activity, Burst, Emission, Label, Technology

__all__ = ["Carrier", "Phone", "density_db", "emission_of", "joined", "newborn", "score_of"]

REMEMBERED: Final = 256
"""Bursts whose level and time are remembered for medians and rhythms."""

RISE_DB: Final = (0.5, 8.0)
"""A preamble that is louder than the one before it by so much was ramped: nobody answered (TS 36.321, 5.1.4)."""

LEAST_ERROR_HZ: Final = 8.0
"""Error that is left of a carrier however many bursts told it."""

LATEST: Final = 16
"""Bursts whose level is a phone's level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A carrier frequency, modulo 2 kHz, and its standard error [Hz]."""

    offset_hz: float
    error_hz: float

    @classmethod
    def of(cls, burst: Burst) -> "Carrier | None":
        """What a burst tells of its carrier."""
        offset, error = burst.detail.get("carrier_offset_hz"), burst.detail.get("carrier_error_hz")
        if not isinstance(offset, float) or not isinstance(error, float):
            return None
        return cls(offset_hz=offset, error_hz=error)

    def deviations(self, other: "Carrier") -> float:
        """How far apart two carriers are, in standard deviations of both."""
        return abs(nearest_turn_hz(other.offset_hz, self.offset_hz)) / hypot(self.error_hz, other.error_hz)

    def joined(self, other: "Carrier") -> "Carrier":
        """What both tell of one carrier; never so sure that it could not follow the receiver's own drift."""
        share = self.error_hz**2 / (self.error_hz**2 + other.error_hz**2)
        offset_hz = self.offset_hz + share * nearest_turn_hz(other.offset_hz, self.offset_hz)
        return Carrier(offset_hz=offset_hz, error_hz=max(LEAST_ERROR_HZ, self.error_hz * sqrt(1 - share)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """What is remembered of an emission.

    Parameters
    ----------
    counts
        Bursts of each kind.
    evidence
        Sum of what its bursts brought.
    recent
        The latest bursts.
    roots
        Of its preambles, in the order in which they were first heard.
    carrier
        On which its shared channels agree.
    """

    key: int
    start: int
    stop: int
    lower_hz: float
    upper_hz: float
    counts: Mapping[Label, int]
    evidence: float
    recent: tuple[Burst, ...]
    roots: tuple[int, ...]
    rises: int
    clipped: bool
    carrier: Carrier | None = None

    @property
    def density_db(self) -> float:
        """Median level of its latest bursts in one hertz [dB]; nothing is far below it before the first."""
        return (
            float(np.median([density_db(burst) for burst in self.recent[-LATEST:]])) if self.recent else -float("inf")
        )


def density_db(burst: Burst) -> float:
    """Level of a burst in one hertz [dB]."""
    return burst.power_dbfs - 10 * log10(burst.freq_upper_hz - burst.freq_lower_hz)


def joined(phone: Phone, bursts: Sequence[Burst], *, evidence: float) -> Phone:
    """A phone with some more bursts.

    Raises
    ------
    ValueError
        If there are no bursts.
    """
    if not bursts:
        raise ValueError("bursts is empty")
    recent = (*phone.recent, *bursts)[-REMEMBERED:]
    counts = {kind: phone.counts.get(kind, 0) + sum(b.label is kind for b in bursts) for kind in Label}
    heard = [root for b in bursts if isinstance(root := b.detail.get("root"), int)]
    return replace(
        phone,
        start=min(phone.start, *(b.start for b in bursts)),
        stop=max(phone.stop, *(b.start + b.count for b in bursts)),
        lower_hz=min(phone.lower_hz, *(b.freq_lower_hz for b in bursts)),
        upper_hz=max(phone.upper_hz, *(b.freq_upper_hz for b in bursts)),
        counts={kind: n for kind, n in counts.items() if n},
        evidence=phone.evidence + evidence,
        recent=recent,
        roots=tuple(dict.fromkeys((*phone.roots, *heard))),
        rises=phone.rises + rises(phone.recent, bursts),
        clipped=phone.clipped or any(b.clipped for b in bursts),
    )


def newborn(burst: Burst, key: int) -> Phone:
    """A phone that has not yet sent anything, where its first burst will be."""
    return Phone(
        key=key,
        start=burst.start,
        stop=burst.start,
        lower_hz=burst.freq_lower_hz,
        upper_hz=burst.freq_upper_hz,
        counts={},
        evidence=0.0,
        recent=(),
        roots=(),
        rises=0,
        clipped=False,
    )


def rises(before: Sequence[Burst], bursts: Sequence[Burst]) -> int:
    """How many of the new preambles are a step louder than the one before them."""
    old = [b.power_dbfs for b in before if b.label is Label.LTE_PRACH][-1:]
    new = [b.power_dbfs for b in bursts if b.label is Label.LTE_PRACH]
    steps = np.diff([*old, *new])
    return int(np.count_nonzero((steps > RISE_DB[0]) & (steps < RISE_DB[1])))


def score_of(evidence: float, sure: float) -> float:
    """How sure evidence is: 0.9 at ``sure``, and a tenth of the doubt for each as much again."""
    return float(1 - 10 ** (-max(0.0, evidence) / sure))


def emission_of(phone: Phone, levels: LteThresholds, *, sample_rate_hz: float, ended: bool) -> Emission:
    """What is known of a phone now."""
    parts = parts_of(phone, sample_rate_hz, levels.activity)
    return Emission(
        key=phone.key,
        technology=Technology.LTE,
        kinds=tuple(sorted(phone.counts)),
        activity=activity_of(phone, parts, (phone.stop - phone.start) / sample_rate_hz, levels.activity),
        start=phone.start,
        stop=phone.stop,
        freq_lower_hz=phone.lower_hz,
        freq_upper_hz=phone.upper_hz,
        bursts=sum(phone.counts.values()),
        snr_db=float(np.median([burst.snr_db for burst in phone.recent])),
        power_dbfs=float(np.median([burst.power_dbfs for burst in phone.recent])),
        score=score_of(phone.evidence, levels.sure_evidence),
        parts=parts,
        clipped=phone.clipped,
        ended=ended,
    )


def parts_of(phone: Phone, sample_rate_hz: float, activity: ActivityThresholds) -> dict[str, float]:
    """The score's features, named for people.

    A phone sends at most one shared or control channel at a time (TS 36.213, 8 and 10.1): two at once are two phones.
    """
    parts = {"evidence": phone.evidence}
    parts |= {f"{kind.value.removeprefix('lte-')}_bursts": float(n) for kind, n in phone.counts.items()}
    if phone.roots:
        parts |= {"root": float(phone.roots[0]), "roots": float(len(phone.roots)), "rising": float(phone.rises)}
    shared = [b for b in phone.recent if b.label is Label.LTE_PUSCH]
    span_s = (phone.recent[-1].start + phone.recent[-1].count - phone.recent[0].start) / sample_rate_hz
    busy = len({b.start for b in shared})
    parts["shared_share"] = min(1.0, busy * SUBFRAME_S / max(span_s, SUBFRAME_S))
    if shared:
        parts["blocks"] = float(np.median([(b.freq_upper_hz - b.freq_lower_hz) / RESOURCE_BLOCK_HZ for b in shared]))
    parts["single"] = single_share(phone.recent)
    parts["one_phone"] = parts["single"] * agreeing_share(phone, activity.agreeing_deviations)
    return parts


def agreeing_share(phone: Phone, deviations: float) -> float:
    """Share of the bursts that tell their carrier which are on the phone's; one if none does."""
    told = [carrier for burst in phone.recent if (carrier := Carrier.of(burst)) is not None]
    if phone.carrier is None or not told:
        return 1.0
    return float(np.mean([phone.carrier.deviations(carrier) < deviations for carrier in told]))


def single_share(bursts: Sequence[Burst]) -> float:
    """Share of the bursts that are alone at their time: how far all may come from one phone."""
    at_once = Counter(burst.start for burst in bursts)
    return sum(count == 1 for count in at_once.values()) / len(bursts)


def activity_of(phone: Phone, parts: Mapping[str, float], duration_s: float, levels: ActivityThresholds) -> Activity:
    """What the phone seems to be doing, by the kinds and the rhythm of its bursts."""
    if set(phone.counts) == {Label.LTE_PRACH}:
        return Activity.ACCESS
    if parts["shared_share"] >= levels.data_share:
        return Activity.DATA
    if Label.LTE_PRACH in phone.counts and duration_s < levels.signalling_s:
        return Activity.SIGNALLING
    return Activity.CALL if parts["shared_share"] >= levels.call_share else Activity.IDLE_CHECK
