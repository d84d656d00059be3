"""What the GSM search finds in made-up air, through the pipeline, and the frames that the standard's channels use."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from detector.bands import BandPlan
from detector.gsm import search as gsm_search
from detector.pipeline import Pipeline, merged
from detector.profile import Profile
from detector.types import Burst, Detection, Iq, IqBlock, Output, Technology, Tuning
from tests.detector.gsm_air import CENTRE_HZ, RATE_HZ

__all__ = [
    "SEARCHES",
    "call_frames",
    "frames_of",
    "half_rate",
    "heard",
    "last_detections",
    "packet_frames",
    "share_found",
    "signalling",
    "silence",
    "speech",
]

SEARCHES: Final = {Technology.GSM: gsm_search}


def heard(
    samples: Iq,
    profile: Profile,
    plan: BandPlan,
    *,
    centre_hz: float | None = CENTRE_HZ,
    rate_hz: float = RATE_HZ,
    cuts: Sequence[int] = (),
) -> Output:
    """All that the pipeline gives for some samples, pushed as blocks that end at the cuts."""
    pipeline = Pipeline(profile=profile, plan=plan, searches=SEARCHES)
    tuning = Tuning(sample_rate_hz=rate_hz, centre_hz=centre_hz, limit=1.0)
    edges = [0, *sorted(cuts), samples.size]
    outputs = [
        pipeline.push(IqBlock(tuning=tuning, start=begin, samples=samples[begin:end])) for begin, end in pairwise(edges)
    ]
    return merged([*outputs, pipeline.flush()])


def last_detections(output: Output) -> list[Detection]:
    """The last detection of each emission."""
    return [detection for detection in output.detections if detection.last]


def share_found(bursts: Sequence[Burst], begins: Sequence[float], tolerance: float) -> float:
    """Share of true begins that a burst's begin comes near to [samples]."""
    starts = np.array(sorted(burst.start for burst in bursts))
    near = (
        np.abs(starts[:, None] - np.array(begins)[None, :]).min(axis=0) if starts.size else np.full(len(begins), np.inf)
    )
    return float((near <= tolerance).mean())


def frames_of(rule: Callable[[int], bool], count: int, first: int = 0) -> list[int]:
    """Frames that a rule chooses."""
    return [frame for frame in range(first, first + count) if rule(frame)]


def speech(frame: int) -> bool:
    """A full-rate call (TS 45.002, 7, table 1): all frames but the idle one."""
    return frame % 26 != 25


def silence(frame: int) -> bool:
    """The silence of a call (TS 45.008, 8.3): its control channel, and a description of its noise."""
    return frame % 26 == 12 or 52 <= frame % 104 < 60


def half_rate(frame: int) -> bool:
    """A half-rate call on subchannel 0 (TS 45.002, 7, table 1)."""
    return frame % 26 in {0, 2, 4, 6, 8, 10, 12, 13, 15, 17, 19, 21, 23}


def signalling(frame: int) -> bool:
    """A stand-alone control channel with its slow one (TS 45.002, 7, table 4)."""
    return frame % 51 in range(10, 14) or frame % 102 in range(40, 44)


def call_frames(count: int) -> list[int]:
    """The frames of a call."""
    return frames_of(speech, count)


def packet_frames(count: int, share: float, rng: np.random.Generator) -> list[int]:
    """Blocks of packet data (TS 45.002, 7, 52-multiframe), of which a share is used: three and a pause in thirteen frames."""
    used = rng.random(count // 13 * 3 + 3) < share
    frames = [13 * (block // 3) + 4 * (block % 3) + i for block in np.flatnonzero(used) for i in range(4)]
    return [int(frame) for frame in frames if frame < count]
