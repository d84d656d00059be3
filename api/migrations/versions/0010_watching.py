"""What is remembered of sensors, alarms about the system itself, test phones, and what could have been heard."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("sensors") as sensors:
        sensors.add_column(sa.Column("sequence", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "watches",
        sa.Column("sensor", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sensor"),
    )
    op.create_table(
        "pulses",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("awake_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    make_alarms()
    op.create_table(
        "phone_tests",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=False),
        sa.Column("heard", sa.Boolean(), nullable=False),
        sa.Column("judged_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "coverage",
        sa.Column("hour_us", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("wing", sa.String(), nullable=False),
        sa.Column("band", sa.String(), nullable=False),
        sa.Column("listened_share", sa.Double(), nullable=False),
        sa.Column("chances", sa.JSON(), nullable=False),
        sa.Column("healthy", sa.Double(), nullable=False),
        sa.Column("sensors", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour_us", "wing", "band"),
    )


def make_alarms() -> None:
    """The alarms, and what happened to them."""
    op.create_table(
        "alarms",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wing", sa.String(), nullable=True),
        sa.Column("bands", sa.JSON(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("raised_us", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_us", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.JSON(), nullable=True),
        sa.Column("cleared_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarms_cleared", "alarms", ["cleared_us"])
    op.create_table(
        "alarm_transitions",
        sa.Column("id", ID, nullable=False),
        sa.Column("alarm_id", ID, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alarm_transitions_alarm", "alarm_transitions", ["alarm_id", "id"])


def downgrade() -> None:
    """Undo the change."""
    for name in ("coverage", "phone_tests", "alarm_transitions", "alarms", "pulses", "watches"):
        op.drop_table(name)
    with op.batch_alter_table("sensors") as sensors:
        sensors.drop_column("sequence")
