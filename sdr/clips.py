"""Clips on disk: a ring of files, bounded in bytes, the oldest of which make room for new ones.

A clip's name begins with its time, so that names order as times do. The folder may hold other files, which are left alone.
A disk that takes no more costs the oldest clips, then the new one, and never raises.
"""

import errno
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["ClipRing", "ClipsError", "clip_name", "time_of"]

TIME: Final = "%Y%m%dT%H%M%S.%fZ"
NAME: Final = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[A-Za-z0-9._:-]+\.(npz|sigmf)")

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class ClipsError(Exception):
    """A folder that cannot hold clips; one line that names it."""


def clip_name(taken: datetime, rest: str, ending: str) -> str:
    """The name of a clip that was taken at a time (UTC)."""
    return f"{taken.astimezone(UTC).strftime(TIME)}-{rest}.{ending}"


def time_of(name: str) -> datetime | None:
    """When a clip was taken, by its name; None for what is no clip's name."""
    found = NAME.fullmatch(name)
    return None if found is None else datetime.strptime(found[1], TIME).replace(tzinfo=UTC)


class ClipRing:
    """The clips in one folder.

    Parameters
    ----------
    folder
        Made if it is not there; what clips it holds already belong to the ring.
    max_bytes
        Sum of their sizes, which is never exceeded.
    write
        Writes a whole file.

    Raises
    ------
    ClipsError
        If the folder cannot be used.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int, write: Callable[[Path, bytes], object] = Path.write_bytes
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._write = write
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._sizes = {one.name: one.stat().st_size for one in sorted(folder.iterdir()) if time_of(one.name)}
        except OSError as error:
            raise ClipsError(f"clips {folder}: {error.strerror or error}") from error
        self._make_room(0)

    @property
    def size(self) -> int:
        """Sum of the clips' sizes [bytes]."""
        return sum(self._sizes.values())

    def put(self, name: str, data: bytes) -> bool:
        """Keep a clip; whether it was kept.

        Where the disk takes no more, as many bytes of the oldest clips go as the new one has, and it is tried once more.
        """
        if time_of(name) is None:
            raise ValueError(f"name={name!r} does not begin with a time")
        if len(data) > self._max_bytes:
            return False
        self._make_room(len(data))
        wrong = self._write_whole(name, data)
        if wrong in FULL and self._give_up(len(data)):
            wrong = self._write_whole(name, data)
        return wrong is None

    def expire(self, before: datetime, *, ending: str) -> None:
        """Delete the clips of an ending that were taken before a time."""
        for name in [name for name in self._sizes if name.endswith(f".{ending}")]:
            taken = time_of(name)
            if taken is not None and taken < before:
                self._drop(name)

    def _write_whole(self, name: str, data: bytes) -> int | None:
        """Write a file whole or not at all; the number of what went wrong."""
        partial = self._folder / f".{name}.{os.getpid()}"
        try:
            self._write(partial, data)
            partial.replace(self._folder / name)
        except OSError as error:
            with_no_error(partial)
            return error.errno or errno.EIO
        self._sizes[name] = len(data)
        return None

    def _make_room(self, wanted: int) -> None:
        while self._sizes and self.size + wanted > self._max_bytes:
            self._drop(min(self._sizes))

    def _give_up(self, wanted: int) -> bool:
        """Delete so many bytes of the oldest clips; whether there were any."""
        freed = 0
        while self._sizes and freed < wanted:
            freed += self._drop(min(self._sizes))
        return freed > 0

    def _drop(self, name: str) -> int:
        with_no_error(self._folder / name)
        return self._sizes.pop(name)


def with_no_error(path: Path) -> None:
    """Delete a file, if that can be done."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
