"""What a sensor's heartbeat tells beyond its samples: losses, gain, clock, reference carrier, what it listened to."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBERS = ("gain_db", "noise_steps", "clock_error_s", "reference_hz", "reference_dbfs")


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("sensors") as sensors:
        for name in ("lost", "dropped"):
            sensors.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        for name in NUMBERS:
            sensors.add_column(sa.Column(name, sa.Double(), nullable=True))
        sensors.add_column(sa.Column("alarm", sa.String(), nullable=True))
        sensors.add_column(sa.Column("listened", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("sensors") as sensors:
        for name in ("listened", "alarm", *NUMBERS, "dropped", "lost"):
            sensors.drop_column(name)
