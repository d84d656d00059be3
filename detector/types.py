"""The words of the detection core as frozen values.

Time inside the core is a sample index, counted by the source since it was opened ("boot"); it becomes seconds or UTC
once, at the edge. Frequencies are offsets from the centre of the tuning, in hertz. Power is linear, relative to full
scale squared, until a field's name ends in ``_db`` or ``_dbfs``. Nothing here knows how a value was found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Activity",
    "Burst",
    "Candidate",
    "Channel",
    "Detection",
    "Emission",
    "Event",
    "EventKind",
    "Finding",
    "FloatArray",
    "Iq",
    "IqBlock",
    "Label",
    "Output",
    "PowerMap",
    "Segment",
    "Technology",
    "Tuning",
]

Iq: TypeAlias = NDArray[np.complex64]
FloatArray: TypeAlias = NDArray[np.float32]
PowerMap: TypeAlias = NDArray[np.float32]
"""Shape (n_steps, n_bins), linear power per bin relative to full scale squared; bins run from -rate/2 upwards."""


class Technology(StrEnum):
    """The radio technology of an emission."""

    GSM = "gsm"
    UMTS = "umts"
    LTE = "lte"
    NR = "nr"
    UNKNOWN = "unknown"


class Label(StrEnum):
    """What one burst is; the part before the hyphen is its technology."""

    GSM_NB = "gsm-nb"
    GSM_AB = "gsm-ab"
    UMTS_UL = "umts-ul"
    LTE_PRACH = "lte-prach"
    LTE_PUSCH = "lte-pusch"
    LTE_PUCCH = "lte-pucch"
    LTE_SRS = "lte-srs"
    NR_PRACH = "nr-prach"
    NR_PUSCH = "nr-pusch"
    UNKNOWN = "unknown"

    @property
    def technology(self) -> Technology:
        """The technology that sends such a burst."""
        return Technology(self.value.split("-")[0])


class Activity(StrEnum):
    """What a phone seems to be doing, judged by the timing of its bursts alone."""

    ACCESS = "access"  # attempts that nobody answered, or that were heard alone
    SIGNALLING = "signalling"  # a registration, a text, a call's set-up
    CALL = "call"
    CALL_DTX = "call-dtx"  # a call whose speaker is silent
    IDLE_CHECK = "idle-check"  # connected and quiet
    DATA = "data"
    UNKNOWN = "unknown"


class EventKind(StrEnum):
    """What happened to the stream itself."""

    GAP = "gap"  # samples are missing before `start`
    OVERLOAD = "overload"  # the receiver saturated
    DROWNED = "drowned"  # the noise, and what is weak, lies below the converter's steps
    JAMMING = "jamming"  # the floor rose over the whole band
    LIMITED = "limited"  # a bounded search left something out


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Where the receiver listens.

    ``centre_hz`` is None for a recording that does not say; it may then lie in any band. ``limit`` is the magnitude of
    either part at which the converter stands at its end, ``quantum`` the distance of two of its steps; infinite and 0
    where samples are floating point.
    """

    sample_rate_hz: float
    centre_hz: float | None = None
    limit: float = float("inf")
    quantum: float = 0.0

    def __post_init__(self) -> None:
        if not self.sample_rate_hz > 0:
            raise ValueError(f"sample_rate_hz={self.sample_rate_hz} is not positive")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IqBlock:
    """Contiguous samples of one tuning.

    Parameters
    ----------
    start
        Index of the first sample since the source was opened. A block whose start is not the end of the one before
        it stands behind a gap; samples are never spliced.
    samples
        Shape (n,), full scale at magnitude 1 of either part.
    fresh
        It begins a run although the count goes on, as behind a retune of unknown length.
    left_out
        Samples before it that are no loss: the receiver was settling on a new tuning.
    """

    tuning: Tuning
    start: int
    samples: Iq
    fresh: bool = False
    left_out: int = 0

    @property
    def stop(self) -> int:
        """Index one past the last sample."""
        return self.start + self.samples.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel's number in its band's own numbering, such as ``ARFCN 36`` or ``EARFCN 21450``."""

    numbering: str
    number: int

    def __str__(self) -> str:
        return f"{self.numbering} {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Energy on one channel for one transmission slot.

    ``inferred`` says that it was placed by prediction and nothing was measured in it; such a burst is labelled
    UNKNOWN. ``emission`` is the key of the emission that it belongs to, None while it belongs to none.
    """

    label: Label
    start: int
    count: int
    freq_lower_hz: float
    freq_upper_hz: float
    snr_db: float
    power_dbfs: float
    clipped: bool = False
    inferred: bool = False
    emission: int | None = None
    detail: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """What is known, at the end of a segment, of bursts that probably come from one transmitter.

    A search gives the same emission again, under the same ``key``, in each segment in which it was heard, with all its
    fields brought up to date, and once more with ``ended`` when it is over.

    Parameters
    ----------
    key
        Unique among the emissions of one search since the run's start.
    kinds
        Labels of its measured bursts, sorted.
    start, stop
        Extent in samples, from the first to the end of the last measured burst.
    bursts
        How many bursts were measured so far.
    snr_db, power_dbfs
        Of its median burst, over the floor in the burst's own bandwidth.
    score
        How sure it is that this is a phone, in [0, 1]; judged against the profile's levels.
    parts
        What the score was made of: named features, finite numbers.
    """

    key: int
    technology: Technology
    kinds: tuple[Label, ...]
    activity: Activity
    start: int
    stop: int
    freq_lower_hz: float
    freq_upper_hz: float
    bursts: int
    snr_db: float
    power_dbfs: float
    score: float
    parts: Mapping[str, float]
    clipped: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """An emission judged to be a phone; immutable evidence.

    ``part`` counts the detections of one emission from 1, ``last`` marks the one at its end. ``start`` and ``stop`` are
    the emission's extent so far. ``profile`` is the hash of the thresholds that it was judged by.
    """

    technology: Technology
    kinds: tuple[Label, ...]
    activity: Activity
    start: int
    stop: int
    freq_lower_hz: float
    freq_upper_hz: float
    channel: Channel | None
    bursts: int
    snr_db: float
    power_dbfs: float
    score: float
    parts: Mapping[str, float]
    clipped: bool
    emission: int
    part: int
    last: bool
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An emission between the profile's storing and detection levels: features only, never an alert."""

    technology: Technology
    kinds: tuple[Label, ...]
    start: int
    stop: int
    freq_lower_hz: float
    freq_upper_hz: float
    bursts: int
    snr_db: float
    power_dbfs: float
    score: float
    parts: Mapping[str, float]
    emission: int
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to the stream, in samples; ``detail`` is one plain sentence."""

    kind: EventKind
    start: int
    stop: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """A fixed piece of a gapless run, as the searches get it.

    Segments are cut at fixed places counted from the start of the run, whatever the size of the blocks that brought the
    samples: this is why any chunking gives the same result.

    Parameters
    ----------
    start, stop
        The new samples, absolute indexes. All segments of a run but its last are equally long, a whole number of
        transform steps; the last has one step at least.
    iq
        Shape (stop - iq_start,): the new samples behind up to ``lead`` old ones, so that a burst that crosses a cut is
        whole in one of the two segments.
    iq_start
        Absolute index of ``iq[0]``; never before the run's start.
    power
        Power map of the new samples, shape (n_steps, n_bins); a rest shorter than a step is left out.
    floor
        Shape (n_bins,): robust noise power per bin of ``power``, learned over the run so far.
    own_start, own_stop
        A search reports the bursts whose first sample lies in [own_start, own_stop): each burst once.
    clipped
        How many of the new samples stood at a limit of the converter.
    first, final
        Whether it begins or ends the run.
    """

    tuning: Tuning
    start: int
    stop: int
    iq: Iq
    iq_start: int
    power: PowerMap
    step: int
    floor: FloatArray
    own_start: int
    own_stop: int
    clipped: int = 0
    first: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a search adds when it has read one segment.

    Bursts may come late (a search may look back before it paints), but each comes once, and all that are still to come
    are given with the final segment.
    """

    bursts: tuple[Burst, ...] = ()
    emissions: tuple[Emission, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the pipeline adds for one pushed block."""

    bursts: tuple[Burst, ...] = ()
    detections: tuple[Detection, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    events: tuple[Event, ...] = ()


EMPTY_OUTPUT: Final = Output()
