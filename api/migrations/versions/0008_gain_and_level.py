"""The gain that each detection was heard at, and its power at the antenna."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = ("gain_db", "power_dbm")


def upgrade() -> None:
    """Make the change; of what was stored before, neither is known."""
    with op.batch_alter_table("detections") as detections:
        for name in COLUMNS:
            detections.add_column(sa.Column(name, sa.Double(), nullable=True))


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("detections") as detections:
        for name in reversed(COLUMNS):
            detections.drop_column(name)
