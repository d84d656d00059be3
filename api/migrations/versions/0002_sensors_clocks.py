"""What is known of each sensor's clock."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = ("sent_us", "received_us", "offset_us")


def upgrade() -> None:
    """Make the change; what was known of a sensor counts as told by a clock that was right."""
    with op.batch_alter_table("sensors") as sensors:
        for name in COLUMNS:
            sensors.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE sensors SET sent_us = seen_us, received_us = seen_us")


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("sensors") as sensors:
        for name in reversed(COLUMNS):
            sensors.drop_column(name)
