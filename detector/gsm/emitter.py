"""Phones as the GSM search knows them: which tracks and access bursts belong together, and what is told of them.

Tracks of one slot, one timing and one training sequence on several carriers that never speak in the same frame are one
hopping call; tracks of several slots that speak in the same blocks of frames are one phone with packet data; an access burst
belongs to what follows it on its carrier. Everything rests on timing and level, nothing on content.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.gsm.activity import activity_of, fill, shared_slots
from detector.gsm.channels import Channels
from detector.gsm.proof import Proof
from detector.gsm.standard import FRAME_S, RASTER_HZ, SLOT_S, SYMBOL_S
from detector.gsm.thresholds import GsmThresholds, KinThresholds
from detector.gsm.track import Track
from detector.types import Emission, Label, Technology

__all__ = ["Emitter", "emission_of", "heard", "home_of_access", "home_of_track", "opened"]

MOST_SNRS: Final = 500

MOST_SLOTS: Final = 3
"""Slots of an emission that are remembered: that of its signalling, and those of its calls."""

CERTAIN_BURSTS: Final = 3
"""In a segment: one or two may be noise at the place of a phone that has gone."""

SAME_SLOT_S: Final = SLOT_S / 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitter:
    """One emission so far.

    Parameters
    ----------
    channels
        Indexes of the carriers on which it was heard.
    snrs_db
        Of its last bursts.
    log10_p
        The best proof's, or what all its bursts together say.
    energy_log10_p
        What the energy that nominated it says apart from the sequences.
    said, windows
        Evidence of the training sequence at the track's own timing, summed over frames chosen by their energy, and how many.
    slots
        For each slot of its normal bursts, the latest last: samples at which its first and its latest burst began.
    """

    key: int
    kinds: frozenset[Label] = frozenset()
    channels: frozenset[int] = frozenset()
    start: int = 0
    stop: int = 0
    bursts: int = 0
    snrs_db: tuple[float, ...] = ()
    noise_dbfs: float = 0.0
    log10_p: float = 0.0
    energy_log10_p: float = 0.0
    said: float = 0.0
    windows: int = 0
    coherence: float = 0.0
    rival: float = 0.0
    sequence: int = 0
    clipped: bool = False
    slots: tuple[tuple[int, int], ...] = ()

    @property
    def snr_db(self) -> float:
        """Of its median burst."""
        return median(self.snrs_db)


def opened(key: int, channel: int, proof: Proof, energy_log10_p: float = 0.0) -> Emitter:
    """An emitter that was just proved."""
    return Emitter(
        key=key,
        channels=frozenset({channel}),
        log10_p=proof.log10_p,
        energy_log10_p=energy_log10_p,
        coherence=proof.coherence,
        rival=proof.rival,
        sequence=proof.sequence,
    )


def heard(
    emitter: Emitter,
    label: Label,
    *,
    channel: int,
    start: int,
    stop: int,
    middle: int,
    snrs_db: Sequence[float],
    noise_dbfs: float,
    clipped: bool,
    rate_hz: float,
) -> Emitter:
    """The emitter with more bursts, all in one slot; their median began at ``middle``."""
    return replace(
        emitter,
        kinds=emitter.kinds | {label},
        channels=emitter.channels | {channel},
        start=min(emitter.start, start) if emitter.bursts else start,
        stop=max(emitter.stop, stop),
        bursts=emitter.bursts + len(snrs_db),
        snrs_db=(*emitter.snrs_db, *snrs_db)[-MOST_SNRS:],
        noise_dbfs=noise_dbfs,
        clipped=emitter.clipped or clipped,
        slots=with_slot(emitter.slots, middle, rate_hz) if spoke(label, len(snrs_db)) else emitter.slots,
    )


def spoke(label: Label, bursts: int) -> bool:
    """Whether a segment's bursts say beyond a doubt that a slot was in use: even a silent call brings more."""
    return label is Label.GSM_NB and bursts >= CERTAIN_BURSTS


def with_slot(slots: Sequence[tuple[int, int]], start: int, rate_hz: float) -> tuple[tuple[int, int], ...]:
    """The slots after a burst that began at a sample."""
    period, near = FRAME_S * rate_hz, SAME_SLOT_S * rate_hz
    same = [slot for slot in slots if abs((start - slot[1] + period / 2) % period - period / 2) < near]
    others = tuple(slot for slot in slots if slot not in same)
    first = min([start, *(slot[0] for slot in same)])
    return (*others, (first, start))[-MOST_SLOTS:]


def slot_parts(slots: Sequence[tuple[int, int]], rate_hz: float) -> dict[str, float]:
    """When the bursts of each slot began [s]: what tells phones of one carrier apart."""
    return {
        f"slot_{number}_{which}_s": sample / rate_hz
        for number, slot in enumerate(slots, 1)
        for which, sample in zip(("first", "last"), slot, strict=True)
    }


def home_of_access(
    emitters: Sequence[Emitter], channel: int, snr_db: float, thresholds: GsmThresholds
) -> Emitter | None:
    """The emitter to which an access burst belongs: one on its carrier that is about as strong."""
    return next(
        (
            e
            for e in emitters
            if channel in e.channels and e.bursts and abs(e.snr_db - snr_db) < thresholds.kin.same_phone_db
        ),
        None,
    )


def home_of_track(
    track: Track,
    frames: NDArray[np.int64],
    snr_db: float,
    *,
    watched: int,
    emitters: Sequence[Emitter],
    tracks: Sequence[Track],
    rate_hz: float,
    period: float,
    thresholds: GsmThresholds,
) -> Emitter | None:
    """The emitter to which a new track belongs, if it is a part of something known.

    Parameters
    ----------
    frames
        Shape (n,): frames in which the track was heard.
    watched
        Of how many these are.
    """
    for emitter in emitters:
        own = [other for other in tracks if other.key == emitter.key]
        if not emitter.bursts:
            continue
        if (
            not own
            and track.channel in emitter.channels
            and abs(emitter.snr_db - snr_db) < thresholds.kin.same_phone_db
        ):
            return emitter
        if any(hops_with(track, frames, other, rate_hz, period, thresholds.kin) for other in own) or any(
            shares_frames(track, frames, other, watched, rate_hz, thresholds)
            and abs(emitter.snr_db - snr_db) < thresholds.kin.same_slots_db
            for other in own
        ):
            return emitter
    return None


def hops_with(
    track: Track, frames: NDArray[np.int64], other: Track, rate_hz: float, period: float, kin: KinThresholds
) -> bool:
    """Whether two tracks are one hopping call: same slot and sequence, other carrier, never in the same frame."""
    near = abs((track.phase - other.phase + period / 2) % period - period / 2) < kin.hop_symbols * SYMBOL_S * rate_hz
    if not near or track.channel == other.channel or track.sequence != other.sequence:
        return False
    common = np.intersect1d(frames, other.frames).size
    return common <= kin.hop_overlap * min(frames.size, len(other.frames))


def shares_frames(
    track: Track, frames: NDArray[np.int64], other: Track, watched: int, rate_hz: float, thresholds: GsmThresholds
) -> bool:
    """Whether two tracks are two slots of one phone: same carrier and sequence, slots apart, the same blocks of frames."""
    kin, both = thresholds.kin, np.array(other.frames)
    if track.channel != other.channel or track.sequence != other.sequence or not (frames.size and both.size):
        return False
    apart = (track.phase - other.phase) / (SLOT_S * rate_hz)
    if abs(apart - round(apart)) * SLOT_S / SYMBOL_S > kin.slots_symbols:
        return False
    frames, both = (
        one[(one >= max(frames[0], both[0])) & (one <= min(frames[-1], both[-1]))] for one in (frames, both)
    )
    common = np.intersect1d(frames, both)
    if min(frames.size, both.size) < kin.few_frames or common.size < kin.slots_common * max(frames.size, both.size):
        return False
    return shared_slots(common, watched, thresholds)


def emission_of(
    emitter: Emitter,
    tracks: Sequence[Track],
    *,
    channels: Channels,
    rate_hz: float,
    thresholds: GsmThresholds,
    ended: bool,
) -> Emission:
    """What is told of an emitter now."""
    carriers = channels.carriers_hz[sorted(emitter.channels)]
    own = [track for track in tracks if track.key == emitter.key]
    frames = np.unique(np.concatenate([np.array(track.frames, np.int64) for track in own] or [np.empty(0, np.int64)]))
    slots = {round(track.phase / (SLOT_S * rate_hz)) % 8 for track in own if len(track.frames)}
    return Emission(
        key=emitter.key,
        technology=Technology.GSM,
        kinds=tuple(sorted(emitter.kinds)),
        activity=activity_of(frames, len(slots), thresholds),
        start=emitter.start,
        stop=emitter.stop,
        freq_lower_hz=float(carriers[0]) - RASTER_HZ / 2,
        freq_upper_hz=float(carriers[-1]) + RASTER_HZ / 2,
        bursts=emitter.bursts,
        snr_db=emitter.snr_db,
        power_dbfs=emitter.snr_db + emitter.noise_dbfs,
        score=score(emitter.log10_p + max(emitter.energy_log10_p, -thresholds.most_energy_decades), thresholds),
        parts={
            "log10_p": max(emitter.log10_p, -300.0),
            "energy_log10_p": max(emitter.energy_log10_p, -300.0),
            "bursts": float(emitter.bursts),
            "carriers": float(len(emitter.channels)),
            "slots": float(len(slots)),
            "fill": fill(frames),
            "coherence": emitter.coherence,
            "rival": emitter.rival,
            "sequence": float(emitter.sequence),
        }
        | slot_parts(emitter.slots, rate_hz),
        clipped=emitter.clipped,
        ended=ended,
    )


def score(log10_p: float, thresholds: GsmThresholds) -> float:
    """How sure a proof is, in [0, 1]: a logistic function of the decades by which noise falls short of it."""
    decades = np.clip((log10_p + thresholds.score_log10_p) * thresholds.score_slope, -30, 30)
    return float(1 / (1 + 10**decades))
