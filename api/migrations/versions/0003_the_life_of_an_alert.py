"""What people do with alerts: versions, outcomes, who waits since when, and a record of every transition."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the change; alerts from before wait for nobody, so that none of them is escalated."""
    with op.batch_alter_table("alerts") as alerts:
        alerts.add_column(sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"))
        alerts.add_column(sa.Column("outcome", sa.String(), nullable=True))
        alerts.add_column(sa.Column("waiting_us", sa.BigInteger(), nullable=True))
        alerts.add_column(sa.Column("escalated_us", sa.BigInteger(), nullable=True))
    op.create_index("ix_alerts_waiting", "alerts", ["state", "escalated_us", "waiting_us"])
    op.create_table(
        "transitions",
        sa.Column("id", ID, nullable=False),
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_verified", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("cell", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_transitions_alert", "transitions", ["alert_id", "id"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("transitions")
    op.drop_index("ix_alerts_waiting", "alerts")
    with op.batch_alter_table("alerts") as alerts:
        for name in ("escalated_us", "waiting_us", "outcome", "version"):
            alerts.drop_column(name)
