"""Every query about what people did: the part of the repository that the evidence does not reach.

Rows to values and back, on a connection whose transaction belongs to the caller. Nothing here decides or commits.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from api.actors import ActorKind
from api.alerts import Outcome
from api.alerts_life import Transition
from api.models import SiteRow, TransitionRow
from api.rows import SiteVersion, site_columns, site_of, transition_columns, transition_of

__all__ = ["Journal"]


class Journal:
    """Queries on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_transitions(self, transitions: Iterable[Transition]) -> None:
        """Record what was done to alerts."""
        if rows := [transition_columns(transition) for transition in transitions]:
            self._connection.execute(insert(TransitionRow), rows)

    def transitions(self, alert: int, *, after_version: int = -1) -> list[Transition]:
        """What was done to an alert, in its order; of those alone that made it newer than a version."""
        t = TransitionRow
        wanted = select(*t.__table__.columns).where(t.alert_id == alert, t.version > after_version).order_by(t.id)
        return [transition_of(row) for row in self._connection.execute(wanted)]

    def transitions_since(self, since_us: int, *, limit: int) -> list[Transition]:
        """What people did since a time, the latest first; what the hub did of its own accord is left out."""
        t = TransitionRow
        wanted = (t.at_us >= since_us, t.actor_kind == ActorKind.PERSON)
        query = select(*t.__table__.columns).where(*wanted).order_by(t.id.desc()).limit(limit)
        return [transition_of(row) for row in self._connection.execute(query)]

    def finds(self, *, since_us: int) -> dict[int, str]:
        """The cell in which a phone was found, of each alert closed since a time of which somebody said so."""
        t = TransitionRow
        wanted = (t.at_us >= since_us, t.outcome == Outcome.FOUND, t.cell.is_not(None))
        rows = self._connection.execute(select(t.alert_id, t.cell).where(*wanted).order_by(t.id))
        return {row.alert_id: row.cell for row in rows}

    def add_site(self, version: SiteVersion) -> None:
        """Keep a further version of the site."""
        self._connection.execute(insert(SiteRow), site_columns(version))

    def latest_site(self, *, source: str | None = None) -> SiteVersion | None:
        """The latest version of the site, of those from one source alone if it is named."""
        found = self.sites(source=source, limit=1)
        return found[0] if found else None

    def sites(self, *, source: str | None = None, limit: int = 500) -> list[SiteVersion]:
        """Versions of the site, latest first."""
        query = select(*SiteRow.__table__.columns).order_by(SiteRow.id.desc()).limit(limit)
        if source is not None:
            query = query.where(SiteRow.source == source)
        return [site_of(row) for row in self._connection.execute(query)]
