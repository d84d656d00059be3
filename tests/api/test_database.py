import pytest
from alembic import command
from sqlalchemy import inspect, text

from api.database import Database, alembic_config, connect, migrate
from api.models import Base


@pytest.fixture
def engine(tmp_path):
    engine = connect(f"sqlite:///{tmp_path}/deep/hub.sqlite")
    yield engine
    engine.dispose()


def test_models_and_migrated_schema_are_the_same(engine):
    migrate(engine)
    with engine.connect() as connection:
        command.check(alembic_config(connection))


def test_numbers_of_the_feed_are_never_given_twice(engine):
    migrate(engine)
    with engine.connect() as connection:
        made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'changes'"))
    assert "AUTOINCREMENT" in made


def test_migrating_again_changes_nothing_and_the_way_back_leaves_nothing(engine):
    migrate(engine)
    migrate(engine)
    assert {*Base.metadata.tables} <= {*inspect(engine).get_table_names()}
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_a_transaction_that_fails_leaves_nothing(engine):
    migrate(engine)
    database = Database(engine)
    with pytest.raises(RuntimeError), database.writing() as connection:
        connection.execute(text("INSERT INTO changes (kind, at_us, data) VALUES ('x', 0, '')"))
        raise RuntimeError
    with database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM changes")) == 0


def test_readers_see_what_was_there_when_they_began(engine):
    migrate(engine)
    database = Database(engine)
    with database.reading() as reader:
        assert reader.scalar(text("SELECT count(*) FROM changes")) == 0
        with database.writing() as writer:
            writer.execute(text("INSERT INTO changes (kind, at_us, data) VALUES ('x', 0, '')"))
        assert reader.scalar(text("SELECT count(*) FROM changes")) == 0
    with database.reading() as reader:
        assert reader.scalar(text("SELECT count(*) FROM changes")) == 1
