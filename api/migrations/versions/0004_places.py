"""Where phones probably are, and what was learned of the site."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change; an alert from before was in the wing of its loudest sensor, and teaches nothing."""
    with op.batch_alter_table("alerts") as alerts:
        alerts.add_column(sa.Column("heard_wing", sa.String(), nullable=True))
        alerts.add_column(sa.Column("location", sa.JSON(), nullable=True))
        alerts.add_column(sa.Column("taught", sa.Boolean(), nullable=False, server_default="0"))
    op.execute("UPDATE alerts SET heard_wing = wing")
    op.create_index("ix_alerts_taught", "alerts", ["taught", "active", "id"])
    op.create_table(
        "learned",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("learned")
    op.drop_index("ix_alerts_taught", "alerts")
    with op.batch_alter_table("alerts") as alerts:
        for name in ("taught", "location", "heard_wing"):
            alerts.drop_column(name)
