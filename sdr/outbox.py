"""The durable outbox between a sensor and the hub: what it took is on disk until the hub has acknowledged it.

A batch is opaque bytes under (boot, sequence). The outbox is bounded: when it is full it refuses, and the caller counts
what was refused; it never drops what it took. It knows nothing of HTTP.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Self

__all__ = ["Outbox", "OutboxFullError", "Parcel"]

SCHEMA: Final = """
    CREATE TABLE IF NOT EXISTS parcel (
        place INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, sequence INTEGER NOT NULL, body BLOB NOT NULL,
        refused INTEGER NOT NULL DEFAULT 0, UNIQUE (boot, sequence))
"""


class OutboxFullError(Exception):
    """The outbox holds as many bytes as it may; the parcel was not taken."""


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
        The file; made if it is not there.
    max_bytes
        Sum of the bodies from which further ones are refused.
    """

    def __init__(self, path: Path, *, max_bytes: int = 256 << 20) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._max_bytes = max_bytes
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(SCHEMA)
        (self._bytes,) = self._db.execute("SELECT coalesce(sum(length(body)), 0) FROM parcel").fetchone()

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
            If it would not fit.
        """
        with self._lock:
            if self._bytes + len(body) > self._max_bytes:
                raise OutboxFullError(f"the outbox holds {self._bytes} of {self._max_bytes} bytes: is the hub away?")
            self._db.execute("INSERT INTO parcel (boot, sequence, body) VALUES (?, ?, ?)", (boot, sequence, body))
            self._bytes += len(body)

    def head(self) -> Parcel | None:
        """The oldest parcel that waits."""
        with self._lock:
            row = self._db.execute(
                "SELECT place, boot, sequence, body FROM parcel WHERE NOT refused ORDER BY place LIMIT 1"
            ).fetchone()
        return None if row is None else Parcel(place=row[0], boot=row[1], sequence=row[2], body=row[3])

    def done(self, parcel: Parcel) -> None:
        """Let go of a parcel that the hub has acknowledged."""
        with self._lock:
            self._db.execute("DELETE FROM parcel WHERE place = ?", (parcel.place,))
            self._bytes -= len(parcel.body)

    def refuse(self, parcel: Parcel) -> None:
        """Set a parcel aside that the hub will never take; it stays on disk for an engineer to look at."""
        with self._lock:
            self._db.execute("UPDATE parcel SET refused = 1 WHERE place = ?", (parcel.place,))

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with self._lock:
            self._db.close()
