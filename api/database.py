"""The database: one writer at a time, any number of readers, and a schema that is brought up to date at the start.

SQLite runs in WAL mode with synchronous=FULL, so that what was acknowledged outlives a power cut. The commit is here
and nowhere else.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url

__all__ = ["Database", "alembic_config", "connect", "migrate"]


class Database:
    """Transactions on one engine.

    Writers wait for each other here rather than in SQLite, which would poll.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writers = engine.execution_options(writes=True)
        self._one_writer = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot of the database."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable once this returns, and is undone by any error."""
        with self._one_writer, self._writers.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()


def connect(url: str) -> Engine:
    """An engine for an SQLite address; the folder of its file is made."""
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30.0})
    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def prepare(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
    """Set a fresh connection up; transactions are begun by :func:`begin`, not by the driver."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def begin(connection: Connection) -> None:
    """Begin a transaction; a writer takes its lock at once, so that it cannot fail half way."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for the migrations of this package, on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("api") / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(engine: Engine) -> None:
    """Bring the schema up to date, all or nothing."""
    with engine.execution_options(writes=True).begin() as connection:
        command.upgrade(alembic_config(connection), "head")
