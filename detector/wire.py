"""Detections as they travel: values to plain JSON objects and back.

The fields are a contract with other programs: they are added to, never renamed.
"""

from typing import Any

from detector.types import Detection, Tuning

__all__ = ["detection_fields"]


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
