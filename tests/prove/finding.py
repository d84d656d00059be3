"""Whether what was sent was found: the same judgement for every proof.

A burst is found where one of an allowed label begins at its time and lies in its band; a phone where a detection of its
technology overlaps all that it sent in time and band. Nothing here sends or listens.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from detector.types import Burst, Detection, Label, Output, Technology
from sdr.synthetic.transmission import Transmission
from tests.prove.air import RATE_HZ
from tests.prove.proof import Share

__all__ = ["Phone", "burst_share"]

TOLERANCE_S: Final = 60e-6
"""A sixteenth of an LTE subframe, a ninth of a GSM burst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """What one phone sent: its technology and its extent, frequencies as offsets from the centre of the tuning."""

    technology: Technology
    start_s: float
    stop_s: float
    lower_hz: float
    upper_hz: float

    @classmethod
    def of(cls, sent: Sequence[Transmission], *, centre_hz: float) -> "Phone":
        """The phone that sent some transmissions."""
        return cls(
            technology=sent[0].label.technology,
            start_s=min(one.start_s for one in sent),
            stop_s=max(one.start_s + one.duration_s for one in sent),
            lower_hz=min(one.carrier_hz + one.lower_hz for one in sent) - centre_hz,
            upper_hz=max(one.carrier_hz + one.upper_hz for one in sent) - centre_hz,
        )

    def found(self, output: Output) -> bool:
        """Whether a detection is of this phone."""
        return any(map(self.is_in, output.detections))

    def others(self, output: Output) -> int:
        """How many emissions were taken for phones that are not this one."""
        return len({one.emission for one in output.detections if not self.is_in(one)})

    def is_in(self, detection: Detection) -> bool:
        """Whether a detection overlaps the phone."""
        return (
            detection.technology is self.technology
            and detection.start < self.stop_s * RATE_HZ
            and detection.stop > self.start_s * RATE_HZ
            and detection.freq_lower_hz < self.upper_hz
            and detection.freq_upper_hz > self.lower_hz
        )


def burst_share(sent: Sequence[Transmission], found: Output, *, labels: Collection[Label], centre_hz: float) -> Share:
    """How many transmissions were found as measured bursts of one of the labels."""
    allowed = [burst for burst in found.bursts if burst.label in labels and not burst.inferred]
    hits = sum(any(matches(burst, one, centre_hz) for burst in allowed) for one in sent)
    return Share(hits, len(sent))


def matches(burst: Burst, one: Transmission, centre_hz: float) -> bool:
    """Whether a burst begins when a transmission did, and the middle of either lies in the other's band."""
    if abs(burst.start / RATE_HZ - one.start_s) > TOLERANCE_S:
        return False
    lower, upper = one.carrier_hz + one.lower_hz - centre_hz, one.carrier_hz + one.upper_hz - centre_hz
    found, true = (burst.freq_lower_hz + burst.freq_upper_hz) / 2, (lower + upper) / 2
    return burst.freq_lower_hz <= true <= burst.freq_upper_hz or lower <= found <= upper
