"""Every query about announcing: what was announced, what is held back, standing alarms and shelves.

The part of the repository that alarm discipline works with. Rows to values and back; nothing here decides or commits.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, String, cast, func, insert, literal, or_, select, update

from api.alerts import Alert, AlertState, Outcome, Withheld
from api.channels.notice import Kind
from api.clocks import MAX_AHEAD_US
from api.discipline import Announced
from api.models import AlertRow, NoticeRow, ShelfRow, StandingRow
from api.places import Location
from api.rows import alert_of, shelf_columns, shelf_of, standing_columns, standing_of
from api.shelving import Shelf
from api.standing import Standing

__all__ = ["AlarmBook"]

HARMLESS = (Outcome.STAFF, Outcome.OUTSIDE)


class AlarmBook:
    """Queries on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- alerts

    def announced(self, *, since_us: int, now_us: int) -> dict[str | None, list[Announced]]:
        """What was announced of each wing since a time."""
        a = AlertRow
        within = a.announced_us.between(since_us, now_us + MAX_AHEAD_US)
        rows = self._connection.execute(
            select(a.wing, a.announced_us, a.priority).where(within, a.merged_into.is_(None))
        )
        found: dict[str | None, list[Announced]] = {}
        for row in rows:
            found.setdefault(row.wing, []).append((row.announced_us, row.priority))
        return found

    def undecided(self, *, realarm_before_us: int, limit: int) -> list[Alert]:
        """Open alerts of which time may decide: held back, or announced for the last time before a time; latest first.

        Those that a standing alarm stands for are among them only once their wing has none.
        """
        a, s = AlertRow, StandingRow
        busy = select(s.id).where(s.ended_us.is_(None), s.wing.is_not_distinct_from(a.wing)).exists()
        held_back = a.withheld.in_([Withheld.ON_DELAY, Withheld.SHELVED])
        left = (a.withheld == Withheld.STANDING) & a.active.is_(True) & ~busy
        again = (a.announced_us <= realarm_before_us) & a.active.is_(True)
        wanted = (a.state == AlertState.OPEN, or_(held_back, left, again))
        query = select(*a.__table__.columns).where(*wanted).order_by(a.updated_us.desc()).limit(limit)
        return [alert_of(row) for row in self._connection.execute(query)]

    def told_anew(self) -> list[Alert]:
        """Open alerts of which channels were told that they changed."""
        a, n = AlertRow, NoticeRow
        changed = (
            select(n.id).where(n.subject == literal("alert/") + cast(a.id, String), n.kind == Kind.CHANGED).exists()
        )
        wanted = (a.state == AlertState.OPEN, a.announced_us.is_not(None), changed)
        return [alert_of(row) for row in self._connection.execute(select(*a.__table__.columns).where(*wanted))]

    def alerts_of_cells(self, cells: Iterable[str], *, since_us: int) -> dict[str, int]:
        """How many alerts since a time had their phone most probably in each of some cells, harmless ones left out."""
        a = AlertRow
        wanted = (a.cell.in_(sorted(set(cells))), a.opened_us >= since_us, a.merged_into.is_(None))
        harmful = or_(a.outcome.is_(None), a.outcome.not_in(HARMLESS))
        rows = self._connection.execute(
            select(a.cell, func.count().label("alerts")).where(*wanted, harmful).group_by(a.cell)
        )
        return {row.cell: row.alerts for row in rows}

    def placed_alerts(self, *, since_us: int, limit: int) -> list[Alert]:
        """Alerts since a time whose cell can be told, latest first."""
        a = AlertRow
        wanted = (a.opened_us >= since_us, a.merged_into.is_(None), a.cell.is_not(None))
        query = select(*a.__table__.columns).where(*wanted).order_by(a.opened_us.desc()).limit(limit)
        return [alert_of(row) for row in self._connection.execute(query)]

    def outcomes(self, *, since_us: int) -> dict[tuple[str | None, Outcome | None], int]:
        """How many alerts since a time there were, by wing and outcome."""
        a = AlertRow
        wanted = (a.opened_us >= since_us, a.merged_into.is_(None))
        query = select(a.wing, a.outcome, func.count().label("alerts")).where(*wanted).group_by(a.wing, a.outcome)
        rows = self._connection.execute(query.order_by(a.wing, a.outcome))
        return {(row.wing, row.outcome): row.alerts for row in rows}

    # --- standing alarms

    def count_alerts(self, wing: str | None, *, since_us: int, until_us: int) -> int:
        """Alerts of a wing that began within a span."""
        a = AlertRow
        wanted = (a.wing.is_not_distinct_from(wing), a.opened_us >= since_us, a.opened_us < until_us)
        return self._connection.scalar(select(func.count()).where(*wanted, a.merged_into.is_(None))) or 0

    def first_alert_us(self) -> int | None:
        """When the first alert of all began."""
        return self._connection.scalar(select(func.min(AlertRow.opened_us)))

    def locations(self, wing: str | None, *, since_us: int, limit: int) -> list[Location]:
        """Where the phones of a wing's latest alerts probably are."""
        a = AlertRow
        wanted = (a.wing.is_not_distinct_from(wing), a.opened_us >= since_us, a.merged_into.is_(None))
        query = select(a.location).where(*wanted, a.cell.is_not(None)).order_by(a.opened_us.desc()).limit(limit)
        return [location for location in self._connection.scalars(query) if location is not None]

    def standing(self, *, open_only: bool, limit: int = 200) -> list[Standing]:
        """Standing alarms, latest first."""
        s = StandingRow
        query = select(*s.__table__.columns).order_by(s.began_us.desc(), s.id.desc()).limit(limit)
        if open_only:
            query = query.where(s.ended_us.is_(None))
        return [standing_of(row) for row in self._connection.execute(query)]

    def standing_alarm(self, number: int) -> Standing | None:
        """A standing alarm by its number."""
        row = self._connection.execute(select(*StandingRow.__table__.columns).where(StandingRow.id == number)).first()
        return None if row is None else standing_of(row)

    def add_standing(self, draft: Standing) -> Standing:
        """Store a new standing alarm; gives it with its number."""
        values = {name: value for name, value in standing_columns(draft).items() if name != "id"}
        key = self._connection.execute(insert(StandingRow), values).inserted_primary_key
        assert key is not None  # noqa: S101 - the table has one
        return replace(draft, id=key[0])

    def save_standing(self, alarm: Standing) -> None:
        """Store what became of a standing alarm."""
        self._connection.execute(
            update(StandingRow).where(StandingRow.id == alarm.id).values(**standing_columns(alarm))
        )

    # --- shelves

    def shelves(self, *, open_only: bool, limit: int = 500) -> list[Shelf]:
        """Shelves, latest first; of those that are not over alone."""
        s = ShelfRow
        query = select(*s.__table__.columns).order_by(s.asked_us.desc(), s.id.desc()).limit(limit)
        if open_only:
            query = query.where(s.ended_us.is_(None))
        return [shelf_of(row) for row in self._connection.execute(query)]

    def shelf(self, number: int) -> Shelf | None:
        """A shelf by its number."""
        row = self._connection.execute(select(*ShelfRow.__table__.columns).where(ShelfRow.id == number)).first()
        return None if row is None else shelf_of(row)

    def add_shelf(self, draft: Shelf) -> Shelf:
        """Store a new shelf; gives it with its number."""
        values = {name: value for name, value in shelf_columns(draft).items() if name != "id"}
        key = self._connection.execute(insert(ShelfRow), values).inserted_primary_key
        assert key is not None  # noqa: S101 - the table has one
        return replace(draft, id=key[0])

    def save_shelf(self, shelf: Shelf) -> None:
        """Store what became of a shelf."""
        self._connection.execute(update(ShelfRow).where(ShelfRow.id == shelf.id).values(**shelf_columns(shelf)))
