"""Every query about notices on their way out: the part of the repository that the couriers work with.

Rows to values and back, on a connection whose transaction belongs to the caller. Nothing here decides or commits.
"""

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.orm import aliased

from api.alerts import Priority
from api.channels.notice import Kind, Notice, Parcel
from api.delivery import Fate, Health, State
from api.models import ChannelRow, NoticeRow
from api.rows import picked

__all__ = ["Outgoing", "Tally"]

HEALTH: Final = tuple(column.name for column in ChannelRow.__table__.columns)

CHUNK: Final = 200
"""Subjects asked for at once, far below SQLite's limit of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many notices of a channel wait, since when the first of them, and how many it will never deliver."""

    waiting: int = 0
    oldest_us: int | None = None
    lost: int = 0


class Told(NamedTuple):
    """What people were last told of something, and when they were last told that it changed [us]."""

    wing: str | None
    priority: Priority
    changed_us: int | None


class Outgoing:
    """Queries on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notice: Notice, channels: Collection[str], *, now_us: int, first: bool = False) -> int:
        """Put a notice into the queues of some channels that did not have it; gives in how many that was.

        Parameters
        ----------
        first
            Whether it is to go before all that waits.
        """
        n = NoticeRow
        had = set(self._connection.scalars(select(n.channel).where(n.channel.in_(channels), n.key == notice.key)))
        fresh = [channel for channel in channels if channel not in had]
        for channel in fresh:
            last = self._connection.scalar(select(func.max(n.number)).where(n.channel == channel)) or 0
            self._connection.execute(insert(n), row_of(notice, channel, number=last + 1, due_us=0 if first else now_us))
        return len(fresh)

    def told_of(self, subjects: Collection[str]) -> dict[str, set[str]]:
        """The channels that had a notice about each of some subjects."""
        n = NoticeRow
        found: dict[str, set[str]] = {}
        for chunk in chunks(sorted(subjects)):
            query = select(n.subject, n.channel).where(n.subject.in_(chunk)).distinct()
            for row in self._connection.execute(query):
                found.setdefault(row.subject, set()).add(row.channel)
        return found

    def last_told(self, subjects: Collection[str]) -> dict[str, Told]:
        """What the last notice about each of some subjects told."""
        n = NoticeRow
        found: dict[str, Told] = {}
        for chunk in chunks(sorted(subjects)):
            query = select(n.subject, n.wing, n.priority, n.kind, n.at_us).where(n.subject.in_(chunk))
            for row in self._connection.execute(query.order_by(n.at_us, n.number)):
                before = found.get(row.subject)
                earlier_us = None if before is None else before.changed_us
                changed_us = row.at_us if row.kind is Kind.CHANGED else earlier_us
                found[row.subject] = Told(row.wing, row.priority, changed_us)
        return found

    def head(self, channel: str) -> Parcel | None:
        """The notice that a channel is to deliver next, which may be due only later: of each subject the oldest alone."""
        n, earlier = NoticeRow, aliased(NoticeRow)
        blocked = select(earlier.number).where(
            earlier.channel == channel,
            earlier.subject == n.subject,
            earlier.number < n.number,
            earlier.state == State.WAITING,
        )
        query = select(*n.__table__.columns).where(n.channel == channel, n.state == State.WAITING, ~blocked.exists())
        row = self._connection.execute(query.order_by(n.due_us, n.number).limit(1)).first()
        return None if row is None else parcel_of(row)

    def settle(self, parcel: Parcel, fate: Fate, *, now_us: int) -> None:
        """Store what became of a notice after an attempt."""
        n = NoticeRow
        self._connection.execute(
            update(n)
            .where(n.channel == parcel.channel, n.number == parcel.number)
            .values(
                state=fate.state,
                due_us=fate.due_us,
                attempts=fate.attempts,
                why=fate.why,
                done_us=None if fate.state is State.WAITING else now_us,
            )
        )

    def fate(self, channel: str, key: str) -> Fate | None:
        """What became of a notice in a channel."""
        n = NoticeRow
        row = self._connection.execute(
            select(n.state, n.due_us, n.attempts, n.why).where(n.channel == channel, n.key == key)
        ).first()
        return None if row is None else Fate(state=row.state, due_us=row.due_us, attempts=row.attempts, why=row.why)

    def hurry(self, channel: str, *, now_us: int) -> None:
        """Make everything that waits for a channel due now."""
        n = NoticeRow
        self._connection.execute(
            update(n).where(n.channel == channel, n.state == State.WAITING, n.due_us > now_us).values(due_us=now_us)
        )

    def drop_all_but(self, channels: Collection[str], *, now_us: int) -> int:
        """Give up what waits for channels that are no more, and forget how they fared; gives how many notices."""
        n = NoticeRow
        gone = self._connection.execute(
            update(n)
            .where(n.state == State.WAITING, n.channel.not_in(channels))
            .values(state=State.GIVEN_UP, done_us=now_us, why="the channel is no longer in the settings")
        )
        self._connection.execute(delete(ChannelRow).where(ChannelRow.channel.not_in(channels)))
        return gone.rowcount

    def tally(self, channel: str) -> Tally:
        """How many notices of a channel wait, and how many it will never deliver."""
        n = NoticeRow
        rows = self._connection.execute(
            select(n.state, func.count().label("count"), func.min(n.at_us).label("oldest_us"))
            .where(n.channel == channel)
            .group_by(n.state)
        )
        by_state = {row.state: (row[1], row.oldest_us) for row in rows}
        waiting, oldest_us = by_state.get(State.WAITING, (0, None))
        lost = sum(by_state.get(state, (0, None))[0] for state in (State.REFUSED, State.GIVEN_UP, State.PARTLY))
        return Tally(waiting=waiting, oldest_us=oldest_us, lost=lost)

    def health(self, channel: str) -> Health:
        """How a channel fares."""
        row = self._connection.execute(
            select(*ChannelRow.__table__.columns).where(ChannelRow.channel == channel)
        ).first()
        return Health(channel=channel) if row is None else Health(**picked(row, HEALTH))

    def save_health(self, health: Health) -> None:
        """Store how a channel fares."""
        self._connection.execute(delete(ChannelRow).where(ChannelRow.channel == health.channel))
        self._connection.execute(insert(ChannelRow), picked(health, HEALTH))


def row_of(notice: Notice, channel: str, *, number: int, due_us: int) -> dict[str, Any]:
    """A new notice of a channel as a row."""
    return {
        "channel": channel,
        "number": number,
        "id": f"msg_{secrets.token_hex(16)}",
        "key": notice.key,
        "kind": notice.kind,
        "subject": notice.subject,
        "wing": notice.wing,
        "priority": notice.priority,
        "at_us": notice.at_us,
        "data": notice.model_dump_json(),
        "state": State.WAITING,
        "due_us": due_us,
        "attempts": 0,
        "done_us": None,
        "why": "",
    }


def parcel_of(row: Row[Any]) -> Parcel:
    """A notice on its way from its row."""
    return Parcel(
        channel=row.channel,
        number=row.number,
        id=row.id,
        notice=Notice.model_validate_json(row.data),
        due_us=row.due_us,
        attempts=row.attempts,
    )


def chunks(subjects: Sequence[str]) -> Iterator[Sequence[str]]:
    """Subjects in pieces that one query may bear."""
    for begin in range(0, len(subjects), CHUNK):
        yield subjects[begin : begin + CHUNK]
