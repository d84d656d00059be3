"""The feed as server-sent events: durable messages in their order, from any place, to any number of readers.

Messages are rows; a reader holds nothing but the number of the last one that it sent, so a slow reader costs nobody
anything and a broken connection goes on where it stopped, also after the hub was started anew.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from anyio.to_thread import run_sync
from fastapi.sse import format_sse_event

from api.database import Database
from api.repository import Repository
from api.rows import Change

__all__ = ["HEARTBEAT_S", "Feed"]

HEARTBEAT_S: Final = 10.0
"""A silent connection says this often that it lives."""

CHUNK: Final = 500
RETRY_MS: Final = 2000


class Feed:
    """Wakes the readers of the feed when there is something new.

    ``open`` and ``close`` belong to the event loop; ``wake`` may be called from any thread. ``heart`` gives what a silent
    connection says: the hub's own pulse, as JSON.
    """

    def __init__(
        self, database: Database, *, heartbeat_s: float = HEARTBEAT_S, heart: Callable[[], str] = lambda: "{}"
    ) -> None:
        self._database = database
        self._heart = heart
        self._heartbeat_s = heartbeat_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._closed = False
        self._others: list[Callable[[], None]] = []

    def open(self) -> None:
        """Begin to wake readers on the running loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Let every reader end its stream."""
        self._closed = True
        self._renew()

    def also_wake(self, other: Callable[[], None]) -> None:
        """Call somebody, from any thread and without waiting, whenever there is something new."""
        self._others.append(other)

    def wake(self) -> None:
        """Tell the readers that there is something new."""
        for other in self._others:
            other()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._renew)

    def _renew(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def stream(self, last: int | None) -> AsyncIterator[bytes]:
        """Messages behind a number, then each new one, as they go over the wire; ends when the feed is closed.

        Parameters
        ----------
        last
            The number of the last message that the reader has; None to begin with what comes now. If messages behind it
            are forgotten, or were never written, the first event is ``reset``: the lists must be read again.
        """
        at, lost = await run_sync(self._place, last)
        yield format_sse_event(retry=RETRY_MS, comment="wingwatch")
        if lost:
            yield format_sse_event(event="reset", data_str="{}", id=str(at))
        while not self._closed:
            # Taken before the look, so that what comes during the look is not missed.
            news = self._news
            if changes := await run_sync(self._behind, at):
                at = changes[-1].id
                yield encoded(changes)
            elif not await happens(news, within_s=self._heartbeat_s):
                yield format_sse_event(event="heartbeat", data_str=self._heart())

    def _place(self, last: int | None) -> tuple[int, bool]:
        with self._database.reading() as connection:
            oldest, newest = Repository(connection).change_range()
        if last is None:
            return newest, False
        lost = not oldest - 1 <= last <= newest
        return (newest if lost else last), lost

    def _behind(self, last: int) -> list[Change]:
        with self._database.reading() as connection:
            return Repository(connection).changes(last, limit=CHUNK)


def encoded(changes: Iterable[Change]) -> bytes:
    """Messages as they go over the wire."""
    return b"".join(format_sse_event(event=c.kind, data_str=c.data, id=str(c.id)) for c in changes)


async def happens(event: asyncio.Event, *, within_s: float) -> bool:
    """Wait for an event; False if it did not happen in time."""
    try:
        await asyncio.wait_for(event.wait(), within_s)
    except TimeoutError:
        return False
    return True
