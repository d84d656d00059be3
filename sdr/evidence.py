"""What a detection was heard in: a short clip of the power map around it, and of samples only if that is switched on.

The last seconds of samples are kept in memory as the converter gave them. A clip of the power map tells when and where there
was how much energy, and nothing that was said; it is a numpy archive that :func:`read_clip` reads. A clip of samples is a
SigMF archive, which ``wingwatch detect`` reads, and expires.
"""

import io
import json
import tarfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from detector import spectra
from detector.times import format_utc
from detector.types import Detection, FloatArray, Iq, IqBlock, Tuning
from sdr.clips import ClipRing, clip_name
from sdr.samples import format_of, from_iq, to_iq

__all__ = ["CLIP_S", "Evidence", "PowerClip", "power_clip", "read_clip"]

CLIP_S: Final = 0.6
"""Of a detection's latest part; its first one is seldom longer."""

MARGIN_S: Final = 0.05
MEMORY_S: Final = 2.5
"""An emission counts as ended up to two seconds after its last burst."""

MARGIN_HZ: Final = 300e3
STEPS_A_ROW: Final = 4
LOWEST_DB: Final = -140.0
STEP_DB: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerClip:
    """A piece of the power map.

    Parameters
    ----------
    power_dbfs
        Shape (n_rows, n_bins), to half a decibel.
    step_s, bin_hz
        Of a row and of a bin.
    low_hz
        Middle of the first bin; absolute where the tuning told its centre.
    about
        The detection, the sensor, and when the first row was taken.
    """

    power_dbfs: FloatArray
    step_s: float
    bin_hz: float
    low_hz: float
    about: dict[str, Any]


def power_clip(iq: Iq, tuning: Tuning, *, lower_hz: float, upper_hz: float, about: dict[str, Any]) -> bytes:
    """Samples as a clip of their power map, some three hundred kilohertz around two edges."""
    rate_hz = tuning.sample_rate_hz
    n_bins = spectra.transform_size(rate_hz)
    bins_hz = spectra.bin_frequencies_hz(n_bins, rate_hz)
    near = np.flatnonzero((bins_hz >= lower_hz - MARGIN_HZ) & (bins_hz <= upper_hz + MARGIN_HZ))
    power = spectra.power_map(iq, n_bins)[:, near]
    rows = power[: len(power) // STEPS_A_ROW * STEPS_A_ROW].reshape(-1, STEPS_A_ROW, near.size).mean(axis=1)
    levels = np.clip(np.rint((10 * np.log10(rows) - LOWEST_DB) / STEP_DB), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    told = {
        "step_s": STEPS_A_ROW * n_bins / rate_hz,
        "bin_hz": rate_hz / n_bins,
        "low_hz": float(bins_hz[near[0]]) + (tuning.centre_hz or 0.0),
        "lowest_db": LOWEST_DB,
        "step_db": STEP_DB,
    }
    np.savez_compressed(out, levels=levels, about=np.array(json.dumps(told | {"about": about})))
    return out.getvalue()


def read_clip(path: Path) -> PowerClip:
    """A clip of the power map from its file."""
    with np.load(path) as archive:
        told = json.loads(str(archive["about"]))
        power = (told.pop("lowest_db") + told.pop("step_db") * archive["levels"]).astype(np.float32)
    return PowerClip(power_dbfs=power, **told)


def iq_archive(data: bytes, metadata: dict[str, Any]) -> bytes:
    """Samples and their metadata as one SigMF archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for ending, content in (("sigmf-meta", json.dumps(metadata, indent=1).encode()), ("sigmf-data", data)):
            entry = tarfile.TarInfo(f"clip/clip.{ending}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Kept:
    """A block in memory, as bytes of the converter."""

    tuning: Tuning
    start: int
    stop: int
    data: bytes


class Evidence:
    """Makes the clips of one sensor.

    Parameters
    ----------
    ring
        Where they go.
    sensor
        Its name, which a clip bears.
    clock
        Tells the time in UTC, by which samples expire.
    keep_iq
        How long clips of samples are kept; none are made where this is None.
    """

    def __init__(
        self, ring: ClipRing, *, sensor: str, clock: Callable[[], datetime], keep_iq: timedelta | None = None
    ) -> None:
        self._ring = ring
        self._sensor = sensor
        self._clock = clock
        self._keep_iq = keep_iq
        self._memory: deque[Kept] = deque()
        self._full = False

    @property
    def full(self) -> bool:
        """Whether the last clip could not be kept."""
        return self._full

    def hear(self, block: IqBlock) -> None:
        """Remember a block for a while."""
        data = from_iq(block.samples, format_of(block.tuning))
        self._memory.append(Kept(block.tuning, block.start, block.stop, data))
        while self._memory[0].stop < block.stop - MEMORY_S * block.tuning.sample_rate_hz:
            self._memory.popleft()

    def keep(self, detection: Detection, tuning: Tuning, *, utc_of: Callable[[int], datetime]) -> None:
        """Make the clips of a detection, of as much of it as is remembered."""
        rate_hz = tuning.sample_rate_hz
        stop = detection.stop + round(MARGIN_S * rate_hz)
        start = max(detection.start - round(MARGIN_S * rate_hz), stop - round(CLIP_S * rate_hz))
        start, data = self._remembered(tuning, start, stop)
        if not data:
            return
        about = {
            "sensor": self._sensor,
            "start_utc": format_utc(utc_of(start)),
            "emission": detection.emission,
            "part": detection.part,
            "channel": None if detection.channel is None else str(detection.channel),
            "kinds": [str(kind) for kind in detection.kinds],
            "score": detection.score,
            "profile": detection.profile,
        }
        rest = f"{self._sensor}-e{detection.emission}-p{detection.part}"
        edges = {"lower_hz": detection.freq_lower_hz, "upper_hz": detection.freq_upper_hz}
        map_of = power_clip(to_iq(data, format_of(tuning)), tuning, **edges, about=about)
        self._full = not self._ring.put(clip_name(utc_of(start), rest, "npz"), map_of)
        if self._keep_iq is not None:
            self._ring.put(clip_name(utc_of(start), rest, "sigmf"), iq_archive(data, metadata(tuning, about)))

    def expire(self) -> None:
        """Delete the clips of samples whose time is over; all of them, where none are to be made."""
        kept = timedelta() if self._keep_iq is None else self._keep_iq
        self._ring.expire(self._clock() - kept, ending="sigmf")

    def _remembered(self, tuning: Tuning, start: int, stop: int) -> tuple[int, bytes]:
        """What is remembered without a gap up to a place, or as far as there is something: its start and its bytes."""
        size, begun = format_of(tuning).sample_bytes, stop
        pieces: list[bytes] = []
        for one in reversed(self._memory):
            if one.tuning != tuning or one.start >= stop:
                continue
            if pieces and one.stop != begun:
                break
            if one.stop <= start:
                break
            first, last = max(start, one.start), min(stop, one.stop)
            pieces.append(one.data[(first - one.start) * size : (last - one.start) * size])
            begun = max(one.start, first)
        return begun, b"".join(reversed(pieces))


def metadata(tuning: Tuning, about: dict[str, Any]) -> dict[str, Any]:
    """SigMF metadata of a clip of samples."""
    capture = {"core:sample_start": 0, "core:datetime": about["start_utc"]}
    capture |= {} if tuning.centre_hz is None else {"core:frequency": tuning.centre_hz}
    return {
        "global": {
            "core:version": "1.0.0",
            "core:datatype": format_of(tuning).name,
            "core:sample_rate": tuning.sample_rate_hz,
            "core:description": f"clip of emission {about['emission']}, part {about['part']}, at sensor {about['sensor']}",
        },
        "captures": [capture],
        "annotations": [],
    }
