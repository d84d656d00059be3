"""The durable outbox between a sensor and the hub: what it took is on disk until the hub has acknowledged it.

A batch is opaque bytes under (boot, sequence). The outbox belongs to one sensor and is open in one process at a time. It is
bounded: when it is full it takes no more, and the caller counts what is lost; what waits is never dropped. What the hub
refused is kept apart, within a bound of its own. It knows nothing of HTTP.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Self

__all__ = ["Outbox", "OutboxError", "OutboxFullError", "Parcel"]

SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS parcel (
        place INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL,
        refused INTEGER NOT NULL DEFAULT 0, UNIQUE (boot, sequence));
    CREATE TABLE IF NOT EXISTS owner (sensor TEXT NOT NULL);
"""


class OutboxError(Exception):
    """An outbox that cannot be used; one line that names the file."""


class OutboxFullError(Exception):
    """The outbox, or its disk, holds as many bytes as it may; the parcel was not taken. ``word`` says which of the two."""

    def __init__(self, message: str, *, word: str) -> None:
        super().__init__(message)
        self.word = word


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One batch on its way; ``place`` is its place in the queue."""

    place: int
    boot: str
    sequence: int
    body: bytes


class Outbox:
    """A queue in a SQLite file, synced to disk before :meth:`put` returns.

    Parameters
    ----------
    path
        The file; made if it is not there. While it is open no other process can open it.
    sensor
        Whose batches it holds.
    max_bytes
        Sum of the waiting bodies from which further ones are not taken.
    max_refused_bytes
        Sum of the refused bodies from which the oldest of them go.

    Raises
    ------
    OutboxError
        If the file cannot be used, is in use, or holds another sensor's batches.
    """

    def __init__(
        self, path: Path, *, sensor: str, max_bytes: int = 256 << 20, max_refused_bytes: int = 16 << 20
    ) -> None:
        self._lock = Lock()
        self._path = path
        self._max_bytes = max_bytes
        self._max_refused_bytes = max_refused_bytes
        with told_in_one_line(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=0, check_same_thread=False, isolation_level=None)
            try:
                self._begin(path, sensor)
            except BaseException:
                self._db.close()
                raise

    def _begin(self, path: Path, sensor: str) -> None:
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)
        self._db.execute("INSERT INTO owner SELECT ? WHERE NOT EXISTS (SELECT * FROM owner)", (sensor,))
        (owner,) = self._db.execute("SELECT sensor FROM owner").fetchone()
        if owner != sensor:
            raise OutboxError(f"outbox {path}: it holds the batches of sensor {owner}; give {sensor} one of its own")
        self._bytes = self._size(refused=False)

    def _size(self, *, refused: bool) -> int:
        """Sum of the bodies [bytes] that wait, or that were refused."""
        query = "SELECT coalesce(sum(length(body)), 0) FROM parcel WHERE refused = ?"
        return int(self._db.execute(query, (refused,)).fetchone()[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many parcels wait."""
        with self._lock:
            (count,) = self._db.execute("SELECT count(*) FROM parcel WHERE NOT refused").fetchone()
        return int(count)

    def put(self, *, boot: str, sequence: int, body: bytes) -> None:
        """Take a parcel; when this returns it survives a power cut.

        Raises
        ------
        OutboxFullError
            If it would not fit, or the disk does not take it.
        """
        with self._lock:
            if self._bytes + len(body) > self._max_bytes:
                raise OutboxFullError(
                    f"the outbox holds {self._bytes} of {self._max_bytes} bytes: is the hub away?", word="outbox-full"
                )
            try:
                self._db.execute("INSERT INTO parcel (boot, sequence, body) VALUES (?, ?, ?)", (boot, sequence, body))
            except sqlite3.OperationalError as error:
                raise OutboxFullError(f"the outbox cannot be written: {error}", word="disk-full") from error
            self._bytes += len(body)

    def head(self) -> Parcel | None:
        """The oldest parcel that waits."""
        with self._lock:
            row = self._db.execute(
                "SELECT place, boot, sequence, body FROM parcel WHERE NOT refused ORDER BY place LIMIT 1"
            ).fetchone()
        return None if row is None else Parcel(place=row[0], boot=row[1], sequence=row[2], body=row[3])

    def done(self, parcel: Parcel) -> None:
        """Let go of a parcel that the hub has acknowledged.

        Raises
        ------
        OutboxError
            If the disk does not take that; the parcel then stays, and is sent again.
        """
        with self._lock, told_in_one_line(self._path):
            self._db.execute("DELETE FROM parcel WHERE place = ?", (parcel.place,))
            self._bytes -= len(parcel.body)

    def refuse(self, parcel: Parcel) -> int:
        """Set a parcel aside that the hub will never take; it stays on disk for an engineer to look at.

        Returns
        -------
        int
            How many parcels, refused earlier, had to go for it.

        Raises
        ------
        OutboxError
            As of :meth:`done`.
        """
        with self._lock, told_in_one_line(self._path):
            self._db.execute("UPDATE parcel SET refused = 1 WHERE place = ?", (parcel.place,))
            self._bytes -= len(parcel.body)
            return self._drop_refused()

    def _drop_refused(self) -> int:
        """Delete the oldest refused parcels until the others fit into their bound; how many went."""
        dropped = 0
        while self._size(refused=True) > self._max_refused_bytes:
            self._db.execute("DELETE FROM parcel WHERE place = (SELECT min(place) FROM parcel WHERE refused)")
            dropped += 1
        return dropped

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with self._lock:
            self._db.close()


@contextmanager
def told_in_one_line(path: Path) -> Iterator[None]:
    """What goes wrong with the file, as an :class:`OutboxError` that names it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise OutboxError(
                f"outbox {path}: another process uses it; is this sensor already running, or another one with its file?"
            ) from error
        raise OutboxError(f"outbox {path}: {error}") from error
    except sqlite3.Error as error:
        raise OutboxError(f"outbox {path}: {error}") from error
    except OSError as error:
        raise OutboxError(f"outbox {path}: {error.strerror or error}") from error
