"""A source's samples as a SigMF recording: as they came, with their gaps, their receiver and its gain.

Where a receiver stands is nobody's business but who asks for it to be written down: a place is left out unless it is given.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from detector import __version__
from detector.times import format_utc
from detector.types import IqBlock
from sdr.samples import SampleFormat, format_of, from_iq
from sdr.sigmf import Pair
from sdr.source import CapturedBlock, IqSource

__all__ = ["PlaceError", "Recorded", "parse_place", "record"]

EXTENSION: Final = {"name": "wingwatch", "version": "1.0.0", "optional": True}


class PlaceError(ValueError):
    """A place that is none; the message says what one looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was written: samples, gaps between them, and samples that were clipped."""

    samples: int
    gaps: int
    clipped: int


def parse_place(text: str) -> dict[str, Any]:
    """A place such as ``48.7639,2.3247`` (latitude, longitude in degrees) as GeoJSON.

    Raises
    ------
    PlaceError
        If it is none.
    """
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        latitude = longitude = math.nan
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise PlaceError(f"place={text!r} is no latitude and longitude, such as 48.7639,2.3247")
    return {"type": "Point", "coordinates": [longitude, latitude]}


def record(
    source: IqSource,
    path: Path,
    *,
    seconds: float,
    format: SampleFormat | None = None,  # noqa: A002 - the word of everybody else
    place: dict[str, Any] | None = None,
    overwrite: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Recorded:
    """Write what a source gives, until there is enough of it, it ends, or it is told to stop.

    Parameters
    ----------
    seconds
        How long.
    format
        How to store samples; that of the source's converter if left out.
    place
        Where the receiver stands, as GeoJSON.
    stopped
        Asked between blocks.

    Raises
    ------
    FileExistsError, OSError, ValueError
        As of :class:`sdr.sigmf.Pair`.
    SourceError
        If the source fails before it gave anything.
    """
    fmt = format or format_of(source.tuning)
    wanted = math.ceil(seconds * source.tuning.sample_rate_hz)
    written = clipped = 0
    captures: list[dict[str, Any]] = []
    stop: int | None = None
    with Pair(path, overwrite=overwrite) as pair:
        for block in source.blocks():
            if block.start != stop and block.samples.size:
                captures.append(capture(source, block, written))
            kept = block.samples[: wanted - written]
            pair.write(from_iq(kept, fmt))
            written += kept.size
            clipped += block.clipped if isinstance(block, CapturedBlock) else 0
            stop = block.stop
            if written >= wanted or stopped():
                break
        pair.finish(about(source, fmt, place), captures)
    return Recorded(samples=written, gaps=max(0, len(captures) - 1), clipped=clipped)


def about(source: IqSource, fmt: SampleFormat, place: dict[str, Any] | None) -> dict[str, Any]:
    """The metadata's global object."""
    told: dict[str, Any] = {
        "core:datatype": fmt.name,
        "core:sample_rate": source.tuning.sample_rate_hz,
        "core:recorder": f"wingwatch {__version__}",
        "core:extensions": [EXTENSION],
    }
    told |= {"core:hw": source.state.hardware} if source.state.hardware else {}
    return told | ({"core:geolocation": place} if place is not None else {})


def capture(source: IqSource, block: IqBlock, written: int) -> dict[str, Any]:
    """One stretch without a gap: where it begins in the file, on the source's count, and in time."""
    taken: datetime = block.utc if isinstance(block, CapturedBlock) else source.utc_of(block.start)
    told: dict[str, Any] = {
        "core:sample_start": written,
        "core:global_index": block.start,
        "core:datetime": format_utc(taken),
    }
    told |= {} if block.tuning.centre_hz is None else {"core:frequency": block.tuning.centre_hz}
    if isinstance(block, CapturedBlock):
        told["wingwatch:utc_error_s"] = round(block.utc_error_s, 6)
        told |= {} if block.gain_db is None else {"wingwatch:gain_db": block.gain_db}
    return told
