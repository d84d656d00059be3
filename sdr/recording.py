"""SigMF recordings as streams of blocks: pairs and archives, never whole in memory.

A recording comes from anywhere, so nothing in it is believed: the data must lie in the recording's own folder or archive,
sizes are held against what is there, and every fault is one line that names the file, the key and the value. Metadata is
read here rather than by a library, which would follow ``core:dataset`` anywhere and unpack archives into memory.
"""

import hashlib
import json
import math
import stat
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from detector.types import Iq, IqBlock, Tuning
from sdr.samples import FORMATS, SampleFormat, to_iq

__all__ = ["MIN_SAMPLE_RATE_HZ", "Capture", "Recording", "RecordingError", "blocks", "open_recording"]

MIN_SAMPLE_RATE_HZ: Final = 250e3
MAX_SAMPLE_RATE_HZ: Final = 125e6
MAX_METADATA_BYTES: Final = 64 << 20
MAX_MAGNITUDE: Final = 1e9
MAX_NUMBER: Final = 1e15
MAX_GAIN_DB: Final = 200.0
MAX_MEMBERS: Final = 1000
TAR_BLOCK: Final = 512
BLOCK_SAMPLES: Final = 1 << 16


class RecordingError(Exception):
    """A recording that cannot be read; the message is one line for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A stretch of one tuning, from ``start`` to the next capture's; the tuner's gain where the recording tells it."""

    start: int
    centre_hz: float | None
    gain_db: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a recording's metadata says, checked against its data.

    ``data`` is the file that holds the samples, ``offset`` the byte of it at which they begin (past 0 in an archive).
    """

    path: Path
    data: Path
    offset: int
    samples: int
    sample_rate_hz: float
    format: SampleFormat
    captures: tuple[Capture, ...]
    metadata: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples / self.sample_rate_hz

    def tuning(self, capture: Capture) -> Tuning:
        """The tuning of one of its captures."""
        return self.format.tuning(self.sample_rate_hz, capture.centre_hz)

    def capture_at(self, sample: int) -> Capture:
        """The capture that a sample lies in."""
        return next(one for one in reversed(self.captures) if one.start <= sample)


def open_recording(path: Path) -> Recording:
    """Read and check a recording's metadata.

    Parameters
    ----------
    path
        A ``.sigmf-meta`` beside its data, or a ``.sigmf`` archive (a tar file) of one recording.

    Raises
    ------
    RecordingError
        Naming what is wrong with which file, and what was expected.
    """
    opener = next((opener for ending, opener in OPENERS.items() if path.name.endswith(ending)), None)
    if opener is None:
        raise RecordingError(f"{path}: not a SigMF recording; expected a name ending in .sigmf-meta or .sigmf")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise RecordingError(f"{path}: not a regular file")
        return opener(path)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from error


def open_pair(path: Path) -> Recording:
    """A recording whose data file stands beside its metadata."""
    if path.stat().st_size > MAX_METADATA_BYTES:
        raise RecordingError(f"{path}: {path.stat().st_size} bytes of metadata; at most {MAX_METADATA_BYTES} are read")
    metadata = parse_metadata(path, path.read_bytes())
    name = metadata["global"].get("core:dataset")
    if name is None:
        data = path.with_name(path.name.removesuffix("-meta") + "-data")
    elif isinstance(name, str) and name.isprintable() and Path(name).name == name and name not in {"", ".", ".."}:
        data = path.with_name(name)
    else:
        raise RecordingError(f"{path}: core:dataset is {name!r}; expected the name of a file in the same folder")
    if data.resolve().parent != path.resolve().parent:
        raise RecordingError(f"{path}: {data.name} leads outside the recording's folder")
    if not data.is_file():
        raise RecordingError(f"{path}: its data file {data.name} is missing")
    return checked(path, data=data, offset=0, size=data.stat().st_size, metadata=metadata)


def open_archive(path: Path) -> Recording:
    """A recording in an uncompressed tar archive, read where it lies."""
    size = path.stat().st_size
    with path.open("rb") as file:
        members = {m.name: m for m in tar_members(path, file, size) if m.name.endswith((".sigmf-meta", ".sigmf-data"))}
        stems = {name.rsplit(".", 1)[0] for name in members}
        if len(members) != 2 or len(stems) != 1:
            raise RecordingError(f"{path}: expected an archive of one .sigmf-meta and its .sigmf-data")
        stem = stems.pop()
        meta, data = members[f"{stem}.sigmf-meta"], members[f"{stem}.sigmf-data"]
        if meta.size > MAX_METADATA_BYTES:
            raise RecordingError(f"{path}: {meta.size} bytes of metadata; at most {MAX_METADATA_BYTES} are read")
        file.seek(meta.offset)
        metadata = parse_metadata(path, file.read(meta.size))
    return checked(path, data=path, offset=data.offset, size=data.size, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file in a tar archive: where its bytes lie."""

    name: str
    offset: int
    size: int


def tar_members(path: Path, file: IO[bytes], size: int) -> Iterator[Member]:
    """The regular files of a tar archive (POSIX.1-1988 ustar), by its headers alone.

    The standard library's reader believes negative, sparse and overlong sizes; here the archive ends where it says
    something that cannot be.
    """
    place = 0
    for _ in range(MAX_MEMBERS):
        file.seek(place)
        header = file.read(TAR_BLOCK)
        if len(header) < TAR_BLOCK or not header.strip(b"\0"):
            return
        try:
            told = tarfile.TarInfo.frombuf(header, "utf-8", "replace")
        except tarfile.TarError as error:
            raise RecordingError(
                f"{path}: not a tar archive ({error}); compressed ones must be unpacked first"
            ) from error
        start = place + TAR_BLOCK
        if not 0 <= told.size <= size - start:
            raise RecordingError(
                f"{path}: {told.name!r} claims {told.size} bytes; {size - start} are left in the archive"
            )
        if told.type in {tarfile.REGTYPE, tarfile.AREGTYPE}:
            yield Member(told.name, start, told.size)
        elif told.type == tarfile.GNUTYPE_SPARSE:
            raise RecordingError(f"{path}: {told.name!r} is a sparse file; pack it without holes")
        place = start + -(-told.size // TAR_BLOCK) * TAR_BLOCK
    raise RecordingError(f"{path}: over {MAX_MEMBERS} files in the archive; expected one recording")


def parse_metadata(path: Path, raw: bytes) -> dict[str, Any]:
    """The metadata as JSON, with a ``global`` object and a list of ``captures``."""
    try:
        metadata = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{path}: its metadata is not JSON: {error}") from error
    if not isinstance(metadata, dict) or not isinstance(metadata.get("global"), dict):
        raise RecordingError(f"{path}: its metadata has no global object")
    captures = metadata.get("captures", [])
    if not isinstance(captures, list) or not all(isinstance(capture, dict) for capture in captures):
        raise RecordingError(f"{path}: captures is not a list of objects")
    return metadata


def checked(path: Path, *, data: Path, offset: int, size: int, metadata: dict[str, Any]) -> Recording:
    """Hold the metadata against what is understood and against the size of the data."""
    about = metadata["global"]
    fmt = FORMATS.get(str(about.get("core:datatype")))
    if fmt is None:
        raise RecordingError(
            f"{path}: core:datatype is {about.get('core:datatype')!r}; expected one of {', '.join(FORMATS)}"
        )
    rate = about.get("core:sample_rate")
    if not is_number(rate) or not MIN_SAMPLE_RATE_HZ <= rate <= MAX_SAMPLE_RATE_HZ:
        raise RecordingError(f"{path}: core:sample_rate is {rate!r}; expected 250e3 to {MAX_SAMPLE_RATE_HZ / 1e6:g}e6")
    for key in ("core:trailing_bytes", "core:metadata_only"):
        if about.get(key):
            raise RecordingError(f"{path}: {key} is {about[key]!r}, which is not understood; expected plain samples")
    if about.get("core:num_channels", 1) != 1:
        raise RecordingError(f"{path}: core:num_channels is {about['core:num_channels']!r}; expected 1")
    if size % fmt.sample_bytes:
        raise RecordingError(
            f"{path}: {data.name} is cut within a sample: {size} bytes are no multiple of {fmt.sample_bytes}"
        )
    samples = size // fmt.sample_bytes
    if not samples:
        raise RecordingError(f"{path}: {data.name} holds no samples")
    return Recording(
        path=path,
        data=data,
        offset=offset,
        samples=samples,
        sample_rate_hz=float(rate),
        format=fmt,
        captures=parse_captures(path, metadata.get("captures", []), samples),
        metadata=metadata,
    )


def parse_captures(path: Path, raw: list[dict[str, Any]], samples: int) -> tuple[Capture, ...]:
    """The captures in their order, the first of them from sample 0."""
    captures: list[Capture] = []
    for entry in raw:
        start, centre = entry.get("core:sample_start"), entry.get("core:frequency")
        last = captures[-1].start if captures else -1
        if not isinstance(start, int) or isinstance(start, bool) or not last < start < samples:
            raise RecordingError(f"{path}: core:sample_start is {start!r}; expected {last + 1} to {samples - 1}")
        if entry.get("core:header_bytes"):
            raise RecordingError(f"{path}: core:header_bytes is {entry['core:header_bytes']!r}; expected plain samples")
        if centre is not None and not (is_number(centre) and 0 <= centre < 1e12):
            raise RecordingError(f"{path}: core:frequency is {centre!r}; expected hertz")
        gain = entry.get("wingwatch:gain_db")
        if gain is not None and not (is_number(gain) and abs(gain) <= MAX_GAIN_DB):
            raise RecordingError(f"{path}: wingwatch:gain_db is {gain!r}; expected decibels")
        captures.append(
            Capture(
                start=start,
                centre_hz=float(centre) if centre else None,
                gain_db=None if gain is None else float(gain),
            )
        )
    if not captures or captures[0].start:
        captures.insert(0, Capture(start=0, centre_hz=None))
    return tuple(captures)


def is_number(value: object) -> bool:
    """Whether a JSON value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER


def blocks(recording: Recording, *, block_samples: int = BLOCK_SAMPLES) -> Iterator[IqBlock]:
    """The samples in blocks; a block does not cross captures, and the first of each capture begins a run.

    Raises
    ------
    RecordingError
        If the data ends early, holds what is not a number, or, behind its last block, is not what its hash says.
    """
    stops = [capture.start for capture in recording.captures[1:]] + [recording.samples]
    digest = hashlib.sha512()
    with opened(recording) as file:
        for capture, stop in zip(recording.captures, stops, strict=True):
            tuning = recording.tuning(capture)
            for start in range(capture.start, stop, block_samples):
                data = read_bytes(recording, file, start=start, count=min(block_samples, stop - start))
                digest.update(data)
                samples = finite(recording, to_iq(data, recording.format), start=start)
                yield IqBlock(tuning=tuning, start=start, samples=samples, fresh=start == capture.start)
    said = recording.metadata["global"].get("core:sha512")
    if said is not None and str(said).lower() != digest.hexdigest():
        raise RecordingError(f"{recording.path}: {recording.data.name} is cut or altered: its core:sha512 differs")


@contextmanager
def opened(recording: Recording) -> Iterator[IO[bytes]]:
    """The data file at its first sample."""
    try:
        with recording.data.open("rb") as file:
            file.seek(recording.offset)
            yield file
    except OSError as error:
        raise RecordingError(f"{recording.path}: {error.strerror or error}") from error


def read_bytes(recording: Recording, file: IO[bytes], *, start: int, count: int) -> bytes:
    """The next samples of an open data file, as they stand there."""
    size = recording.format.sample_bytes
    data = file.read(count * size)
    if len(data) < count * size:
        raise RecordingError(f"{recording.path}: {recording.data.name} ends at sample {start + len(data) // size}")
    return data


def finite(recording: Recording, iq: Iq, *, start: int) -> Iq:
    """The same samples, if they are numbers that a receiver can give."""
    if math.isinf(recording.format.limit):
        parts = np.abs(iq.view(np.float32))
        if not parts.max() < MAX_MAGNITUDE:
            wrong = start + int(np.argmin(parts < MAX_MAGNITUDE)) // 2
            raise RecordingError(f"{recording.path}: sample {wrong} is {iq[wrong - start]}; expected numbers near 1")
    return iq


OPENERS: Final = {".sigmf-meta": open_pair, ".sigmf": open_archive}
