"""One recording through the production pipeline: its detections as they come, and its bursts as annotations."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from detector.bands import BandPlan
from detector.pipeline import Pipeline
from detector.profile import Profile
from detector.types import EMPTY_OUTPUT, Burst, Detection, Output, Tuning
from detector.wire import detection_fields
from sdr.recording import Recording, RecordingError, blocks, open_recording

__all__ = ["Progress", "annotation", "annotation_file", "detect_recording", "write_annotations"]

Progress = Callable[[int, int], None]
"""Called with how many samples were read, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one run of a recording gave, with the tuning that its frequencies are offsets from and the gain it had."""

    tuning: Tuning
    output: Output
    gain_db: float | None


def detect_recording(
    path: Path,
    *,
    profile: Profile,
    plan: BandPlan,
    day: date | None = None,
    annotations: Path | None = None,
    progress: Progress | None = None,
) -> Iterator[dict[str, Any]]:
    """Search a recording for phones.

    Parameters
    ----------
    day
        Which entries of the plan are active; None for all.
    annotations
        Folder into which ``<name>.sigmf-meta`` with one annotation per burst is written once the recording was read.

    Yields
    ------
    dict
        A detection, as soon as the evidence suffices; the fields of :func:`detector.wire.detection_fields` and the
        recording's name; the gain that it was heard at and its power at the antenna, where they are known.

    Raises
    ------
    RecordingError
        If the recording cannot be read.
    """
    recording = open_recording(path)
    target = None if annotations is None else annotation_file(path, annotations)
    bursts: list[dict[str, Any]] = []
    for heard in hear(recording, pipeline=Pipeline(profile=profile, plan=plan, day=day), progress=progress):
        for detection in heard.output.detections:
            told = detection_fields(detection, tuning=heard.tuning)
            yield {"recording": path.name} | told | levels_of(detection, heard, profile)
        if target is not None:
            bursts += [annotation(burst, heard.tuning) for burst in heard.output.bursts]
    if target is not None:
        write_annotations(recording, bursts, target)


def hear(recording: Recording, *, pipeline: Pipeline, progress: Progress | None = None) -> Iterator[Heard]:
    """A recording's outputs, flushed at the end of each capture so that each belongs to one tuning."""
    heard: Heard | None = None
    for block in blocks(recording):
        if block.fresh:
            if heard is not None:
                yield replace(heard, output=pipeline.flush())
            gain_db = recording.capture_at(block.start).gain_db
            heard = Heard(tuning=block.tuning, output=EMPTY_OUTPUT, gain_db=gain_db)
        if heard is not None:
            yield replace(heard, output=pipeline.push(block))
        if progress is not None:
            progress(block.stop, recording.samples)
    if heard is not None:
        yield replace(heard, output=pipeline.flush())


def levels_of(detection: Detection, heard: Heard, profile: Profile) -> dict[str, float]:
    """The gain that a detection was heard at, and its power at the antenna, where they are known."""
    power_dbm = profile.receiver.power_dbm(detection.power_dbfs, heard.gain_db)
    told = {"gain_db": heard.gain_db, "power_dbm": None if power_dbm is None else round(power_dbm, 1)}
    return {name: value for name, value in told.items() if value is not None}


def annotation(burst: Burst, tuning: Tuning) -> dict[str, Any]:
    """A burst as a SigMF annotation; its edges are absolute where the tuning tells its centre."""
    centre = tuning.centre_hz or 0.0
    fields: dict[str, Any] = {
        "core:sample_start": burst.start,
        "core:sample_count": burst.count,
        "core:freq_lower_edge": round(burst.freq_lower_hz + centre, 1),
        "core:freq_upper_edge": round(burst.freq_upper_hz + centre, 1),
        "core:label": str(burst.label),
        "wingwatch:snr_db": round(burst.snr_db, 1),
        "wingwatch:power_dbfs": round(burst.power_dbfs, 1),
    }
    fields |= {"wingwatch:inferred": True} if burst.inferred else {}
    fields |= {"wingwatch:clipped": True} if burst.clipped else {}
    fields |= {} if burst.emission is None else {"wingwatch:emission": burst.emission}
    return fields | {f"wingwatch:{name}": value for name, value in burst.detail.items()}


def annotation_file(path: Path, folder: Path) -> Path:
    """The file that a recording's annotations go to.

    Raises
    ------
    RecordingError
        If that is the recording itself.
    """
    target = folder / (path.name.removesuffix("-meta") + "-meta")
    if target.resolve() == path.resolve() or (target.exists() and target.samefile(path)):
        raise RecordingError(f"{path}: its own metadata would be overwritten; choose another folder for annotations")
    return target


def write_annotations(recording: Recording, bursts: list[dict[str, Any]], target: Path) -> None:
    """Write a copy of a recording's metadata whose annotations are the found bursts, in order of time."""
    about = {key: value for key, value in recording.metadata["global"].items() if key != "core:dataset"}
    extension = {"name": "wingwatch", "version": "1.0.0", "optional": True}
    known = about.get("core:extensions", [])
    about["core:extensions"] = [*(known if isinstance(known, list) else []), extension]
    metadata = {
        "global": about,
        "captures": recording.metadata.get("captures", []),
        "annotations": sorted(bursts, key=lambda burst: burst["core:sample_start"]),
    }
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(metadata, indent=1) + "\n")
        unfinished.replace(target)
    except OSError as error:
        raise RecordingError(f"{target}: {error.strerror or error}") from error
