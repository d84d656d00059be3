"""What is announced and what is held back: priorities, standing alarms and shelves."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEXES = {
    "ix_alerts_announced": ["announced_us"],
    "ix_alerts_withheld": ["state", "withheld"],
    "ix_alerts_cell": ["cell", "opened_us"],
    "ix_alerts_wing_opened": ["wing", "opened_us"],
}


def upgrade() -> None:
    """Make the change; alerts from before were announced when they were opened."""
    with op.batch_alter_table("alerts") as alerts:
        alerts.add_column(sa.Column("cell", sa.String(), nullable=True))
        alerts.add_column(sa.Column("priority", sa.String(), nullable=False, server_default="low"))
        alerts.add_column(sa.Column("priority_why", sa.String(), nullable=False, server_default=""))
        alerts.add_column(sa.Column("announced_us", sa.BigInteger(), nullable=True))
        alerts.add_column(sa.Column("announcements", sa.BigInteger(), nullable=False, server_default="0"))
        alerts.add_column(sa.Column("withheld", sa.String(), nullable=True))
    op.execute("UPDATE alerts SET announced_us = opened_us, announcements = 1")
    for name, columns in INDEXES.items():
        op.create_index(name, "alerts", columns)
    op.create_table(
        "standing_alarms",
        sa.Column("id", ID, nullable=False),
        sa.Column("wing", sa.String(), nullable=True),
        sa.Column("began_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_us", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.JSON(), nullable=True),
        sa.Column("escalated_us", sa.BigInteger(), nullable=True),
        sa.Column("busyness", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_standing_ended", "standing_alarms", ["ended_us", "wing"])
    op.create_table(
        "shelves",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.JSON(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.JSON(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_shelves_ended", "shelves", ["ended_us"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("shelves")
    op.drop_table("standing_alarms")
    for name in INDEXES:
        op.drop_index(name, "alerts")
    with op.batch_alter_table("alerts") as alerts:
        for name in ("withheld", "announcements", "announced_us", "priority_why", "priority", "cell"):
            alerts.drop_column(name)
