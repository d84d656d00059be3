"""A SigMF pair being written: its samples as they come, its metadata at the end, both under their names or neither.

A pair that was begun and not finished leaves nothing behind; one that is there is not written over unless that is asked for.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

__all__ = ["Pair", "check_free"]

ENDING: Final = ".sigmf-meta"
VERSION: Final = "1.0.0"


def check_free(path: Path, *, overwrite: bool) -> None:
    """Make sure that a pair can be written, before anything costly is begun for it.

    Raises
    ------
    ValueError
        If the path does not end in .sigmf-meta.
    FileNotFoundError
        If its folder is not there.
    FileExistsError
        If there is such a file already, and it may not be lost.
    """
    if path.suffix != ENDING:
        raise ValueError(f"{path}: the name of a recording ends in {ENDING}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent}: no such folder")
    for one in () if overwrite else (path, data_of(path)):
        if one.exists():
            raise FileExistsError(f"{one} is there already; remove it, or say --overwrite")


def data_of(path: Path) -> Path:
    """Where the samples of some metadata stand."""
    return path.with_suffix(".sigmf-data")


class Pair:
    """Metadata and samples, used as a context manager; an error inside leaves neither.

    Parameters
    ----------
    path
        The metadata, ``<name>.sigmf-meta``; the samples are written beside it.
    overwrite
        Whether a pair of this name may be lost.

    Raises
    ------
    ValueError, FileNotFoundError, FileExistsError
        As of :func:`check_free`.
    OSError
        If a file cannot be written.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        check_free(path, overwrite=overwrite)
        self._path = path
        self._data_path = data_of(path)
        self._partial = self._data_path.with_name(f".{self._data_path.name}.{os.getpid()}")
        self._digest = hashlib.sha512()
        self._file: IO[bytes] = self._partial.open("wb")

    def write(self, data: bytes) -> None:
        """Append samples."""
        self._file.write(data)
        self._digest.update(data)

    def finish(
        self,
        about: Mapping[str, Any],
        captures: Sequence[Mapping[str, Any]],
        annotations: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Write the metadata and give both their names; ``about`` is the global object but for version and hash."""
        self._file.close()
        whole = {"core:version": VERSION, "core:sha512": self._digest.hexdigest()} | dict(about)
        metadata = {"global": whole, "captures": list(captures), "annotations": list(annotations)}
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            partial.write_text(json.dumps(metadata, indent=1) + "\n")
            self._partial.replace(self._data_path)
            partial.replace(self._path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._file.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)
