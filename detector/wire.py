"""Detections as they travel: values to plain JSON objects and back.

What a sensor sends is a batch: detections with their times in UTC, and a heartbeat. This module reads batches strictly,
so that what the hub stores needs no second look; it neither sends nor stores. The fields are a contract with other
programs: they are added to, never renamed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from detector.strict import MAX_NUMBER, StrictError, build
from detector.times import format_utc
from detector.types import Activity, Detection, Label, Technology, Tuning

__all__ = [
    "MAX_DETECTIONS",
    "MAX_LISTENED",
    "Batch",
    "Heartbeat",
    "Listened",
    "SensorDetection",
    "WireError",
    "batch_fields",
    "detection_fields",
    "dump_batch",
    "parse_batch",
    "read_batch",
    "sensor_detection",
]

MAX_DETECTIONS: Final = 1000
"""Detections that one batch may hold."""

MAX_LISTENED: Final = 64
"""Tunings that one heartbeat may tell of."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
WORD: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")


class WireError(ValueError):
    """A batch that does not say what a batch must say; the message names the field by its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorDetection:
    """A detection as a sensor tells it: absolute frequencies, and times both of the boot and of the world.

    Parameters
    ----------
    start_s, end_s
        Seconds of samples since the source was opened; exact among the detections of one boot.
    start_utc, end_utc
        The same instants by the sensor's clock.
    channel
        Such as ``ARFCN 36``; None outside every band in use.
    gain_db
        Of the tuner while it was heard; None under automatic gain, where there is none, or from a sensor that does not say.
    power_dbm
        ``power_dbfs`` at the antenna; None where the receiver's level is not known.
    """

    technology: Technology
    kinds: tuple[Label, ...]
    activity: Activity
    start_s: float
    end_s: float
    start_utc: datetime
    end_utc: datetime
    freq_lower_hz: float
    freq_upper_hz: float
    channel: str | None
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
    gain_db: float | None = None
    power_dbm: float | None = None

    def __post_init__(self) -> None:
        require_ascending(self, "start_s", "end_s")
        require_ascending(self, "start_utc", "end_utc")
        require_ascending(self, "freq_lower_hz", "freq_upper_hz")
        require("score", self.score, high=1)
        require("part", self.part, low=1)
        for name in ("bursts", "emission"):
            require(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """For how long a sensor listened to a piece of the spectrum, samples that were lost taken off.

    Parameters
    ----------
    bandwidth_hz
        In which phones are found, both edges of the receiver's own band left out.
    """

    centre_hz: float
    bandwidth_hz: float
    seconds: float

    def __post_init__(self) -> None:
        for name in ("centre_hz", "bandwidth_hz", "seconds"):
            require(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """How a sensor fares. Fields with a default are missing in the batches of older sensors.

    Parameters
    ----------
    samples
        Samples read since the source was opened; a number that stands still tells that none flow.
    centre_hz, noise_floor_dbfs
        Of the present tuning; None where not known.
    gaps
        Gaps in the stream since the source was opened.
    clipped_share
        Share of the samples since the last heartbeat that stood at the converter's limit.
    queue
        Batches that wait to be sent.
    profile
        Hash of the thresholds in use.
    lost
        Detections that found the outbox full, since the source was opened.
    dropped
        Samples that bounded queues dropped, since the source was opened.
    gain_db
        Of the receiver, as set now.
    alarm
        What the sensor itself complains of, as one word such as ``outbox-full``; None while all is well.
    noise_steps
        Root mean square of the noise in steps of the converter; well below one, the converter adds noise of its own.
    clock_error_s
        By how much the sensor's clock may be wrong, as its time service tells; None where it tells nothing.
    reference_hz, reference_dbfs
        A carrier that is always on air, and its power when it was last visited; None where no visit succeeded.
    listened
        What was listened to since the last heartbeat, one entry a tuning; empty where the sensor does not tell.
    """

    samples: int
    sample_rate_hz: float
    centre_hz: float | None
    noise_floor_dbfs: float | None
    gaps: int
    clipped_share: float
    queue: int
    profile: str
    lost: int = 0
    dropped: int = 0
    gain_db: float | None = None
    alarm: str | None = None
    noise_steps: float | None = None
    clock_error_s: float | None = None
    reference_hz: float | None = None
    reference_dbfs: float | None = None
    listened: tuple[Listened, ...] = ()

    def __post_init__(self) -> None:
        require("clipped_share", self.clipped_share, high=1)
        for name in ("samples", "sample_rate_hz", "gaps", "queue", "lost", "dropped"):
            require(name, getattr(self, name))
        for name in ("noise_steps", "clock_error_s", "reference_hz"):
            require(name, getattr(self, name) or 0)
        if self.alarm is not None and WORD.fullmatch(self.alarm) is None:
            raise WireError(f"alarm: {self.alarm!r} is not a word of 1 to 32 small letters, digits and -")
        if len(self.listened) > MAX_LISTENED:
            raise WireError(f"listened: {len(self.listened)} of them; a heartbeat holds at most {MAX_LISTENED}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a sensor sends at once, numbered so that it can be sent again without being stored twice.

    Parameters
    ----------
    boot
        Names one opening of the source: samples, emissions and batches are counted anew in each.
    sequence
        Number of the batch in its boot.
    sent_utc
        When the batch was made, by the sensor's clock; the same however often it is sent.
    """

    sensor: str
    boot: str
    sequence: int
    sent_utc: datetime
    detections: tuple[SensorDetection, ...] = ()
    heartbeat: Heartbeat | None = None

    def __post_init__(self) -> None:
        for name in ("sensor", "boot"):
            if NAME.fullmatch(getattr(self, name)) is None:
                raise WireError(f"{name}: {getattr(self, name)!r} is not 1 to 64 letters, digits and ._:-")
        require("sequence", self.sequence)
        if len(self.detections) > MAX_DETECTIONS:
            raise WireError(f"detections: {len(self.detections)} of them; a batch holds at most {MAX_DETECTIONS}")


def detection_fields(detection: Detection, *, tuning: Tuning, origin: int = 0) -> dict[str, Any]:
    """A detection as a JSON object, without the name of what it was heard in.

    Parameters
    ----------
    tuning
        Of the samples that it was heard in; frequencies are absolute where it tells its centre.
    origin
        Sample that counts as second zero.
    """
    rate, centre = tuning.sample_rate_hz, tuning.centre_hz or 0.0
    return {
        "technology": str(detection.technology),
        "kinds": [str(kind) for kind in detection.kinds],
        "activity": str(detection.activity),
        "start_s": round((detection.start - origin) / rate, 6),
        "end_s": round((detection.stop - origin) / rate, 6),
        "freq_lower_hz": round(detection.freq_lower_hz + centre, 1),
        "freq_upper_hz": round(detection.freq_upper_hz + centre, 1),
        "channel": None if detection.channel is None else str(detection.channel),
        "bursts": detection.bursts,
        "snr_db": round(detection.snr_db, 1),
        "power_dbfs": round(detection.power_dbfs, 1),
        "score": round(detection.score, 4),
        "parts": {name: round(value, 4) for name, value in detection.parts.items()},
        "clipped": detection.clipped,
        "emission": detection.emission,
        "part": detection.part,
        "last": detection.last,
        "profile": detection.profile,
    }


def sensor_detection(
    detection: Detection,
    *,
    tuning: Tuning,
    origin_utc: datetime,
    gain_db: float | None = None,
    power_dbm: float | None = None,
) -> SensorDetection:
    """A detection as its sensor tells it.

    Parameters
    ----------
    tuning
        Of the samples that it was heard in.
    origin_utc
        When sample zero of the boot was taken, by the sensor's clock.
    gain_db, power_dbm
        As of :class:`SensorDetection`.
    """
    told = detection_fields(detection, tuning=tuning)
    return SensorDetection(
        **told
        | {
            "technology": detection.technology,
            "kinds": detection.kinds,
            "activity": detection.activity,
            "start_utc": origin_utc + timedelta(seconds=told["start_s"]),
            "end_utc": origin_utc + timedelta(seconds=told["end_s"]),
            "gain_db": gain_db,
            "power_dbm": None if power_dbm is None else round(power_dbm, 1),
        }
    )


def batch_fields(batch: Batch) -> dict[str, Any]:
    """A batch as a JSON object; :func:`read_batch` gives it back."""
    told: dict[str, Any] = plain(batch)
    return told


def dump_batch(batch: Batch) -> bytes:
    """A batch as compact JSON, the same bytes each time, so that a batch can be known again by its bytes."""
    return json.dumps(batch_fields(batch), separators=(",", ":"), allow_nan=False).encode()


def parse_batch(data: bytes) -> Batch:
    """Read the bytes of a batch.

    Raises
    ------
    WireError
        Naming the first field that is missing, unknown, of the wrong type or out of range.
    """
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError(f"batch: not JSON: {error}") from error
    return read_batch(raw)


def read_batch(raw: object) -> Batch:
    """Read a batch from its JSON object; errors as of :func:`parse_batch`."""
    if not isinstance(raw, dict):
        raise WireError("batch: not a JSON object")
    try:
        return build(Batch, raw)
    except StrictError as error:
        raise WireError(str(error)) from error


def require(name: str, value: float, *, low: float = 0, high: float = MAX_NUMBER) -> None:
    """Refuse a number outside its range."""
    if not low <= value <= high:
        raise WireError(f"{name}: {value} is outside {low:g} to {high:g}")


def require_ascending(value: object, lower: str, upper: str) -> None:
    """Refuse two fields in the wrong order."""
    low, high = getattr(value, lower), getattr(value, upper)
    if low > high:
        raise WireError(f"{upper}: {high} is below {lower}={low}")


def plain(value: object) -> Any:  # noqa: ANN401 - JSON out
    """A value as JSON knows it."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, datetime):
        return format_utc(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, StrEnum):
        return str(value)
    return dict(value) if isinstance(value, Mapping) else value
