"""From emissions to detections: the profile's levels and the cadence, as one pure step.

The cadence counts samples. An emission gives its first detection as soon as its score suffices, one more each
``repeat_s`` while it lives, and one at its end. What ends without ever sufficing is a candidate or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from detector.profile import Levels
from detector.types import Candidate, Channel, Detection, Emission

__all__ = ["Judged", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is remembered of an emission: its number, when it was last spoken of, how many detections it gave, and when."""

    emission: int
    seen: int
    parts: int = 0
    told: int = 0


def judge(
    emission: Emission,
    memory: Judged,
    *,
    now: int,
    sample_rate_hz: float,
    levels: Levels,
    channel: Channel | None,
    profile: str,
) -> tuple[Judged, Detection | None, Candidate | None]:
    """Hold one emission against the levels.

    Parameters
    ----------
    emission, memory
        The emission as it is known now, and what is remembered of it.
    now
        Absolute index of the segment's end.
    channel
        Its number in the active band plan.
    profile
        Hash of the profile that ``levels`` belong to.
    """
    memory = replace(memory, seen=now)
    due = now - memory.told >= levels.repeat_s * sample_rate_hz
    if emission.score >= levels.detect_score or memory.parts:
        if memory.parts and not due and not emission.ended:
            return memory, None, None
        memory = replace(memory, parts=memory.parts + 1, told=now)
        return memory, detection_of(emission, memory, channel=channel, profile=profile), None
    if emission.ended and emission.score >= levels.store_score:
        return memory, None, candidate_of(emission, memory, profile=profile)
    return memory, None, None


def detection_of(emission: Emission, memory: Judged, *, channel: Channel | None, profile: str) -> Detection:
    """The evidence that an emission gives now."""
    return Detection(
        technology=emission.technology,
        kinds=emission.kinds,
        activity=emission.activity,
        start=emission.start,
        stop=emission.stop,
        freq_lower_hz=emission.freq_lower_hz,
        freq_upper_hz=emission.freq_upper_hz,
        channel=channel,
        bursts=emission.bursts,
        snr_db=emission.snr_db,
        power_dbfs=emission.power_dbfs,
        score=emission.score,
        parts=frozen(emission.parts),
        clipped=emission.clipped,
        emission=memory.emission,
        part=memory.parts,
        last=emission.ended,
        profile=profile,
    )


def candidate_of(emission: Emission, memory: Judged, *, profile: str) -> Candidate:
    """The features that an emission leaves which was not sure enough."""
    return Candidate(
        technology=emission.technology,
        kinds=emission.kinds,
        start=emission.start,
        stop=emission.stop,
        freq_lower_hz=emission.freq_lower_hz,
        freq_upper_hz=emission.freq_upper_hz,
        bursts=emission.bursts,
        snr_db=emission.snr_db,
        power_dbfs=emission.power_dbfs,
        score=emission.score,
        parts=frozen(emission.parts),
        emission=memory.emission,
        profile=profile,
    )


def frozen(parts: Mapping[str, float]) -> dict[str, float]:
    """A copy that later changes of the search's own mapping do not reach."""
    return {name: float(value) for name, value in parts.items()}
