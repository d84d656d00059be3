"""The first tables: batches, detections, emissions, alerts, sensors, changes and what was told."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wing", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("technology", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("freq_lower_hz", sa.Double(), nullable=False),
        sa.Column("freq_upper_hz", sa.Double(), nullable=False),
        sa.Column("snr_db", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("sensors", sa.JSON(), nullable=False),
        sa.Column("emissions", sa.BigInteger(), nullable=False),
        sa.Column("detections", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("merged_into", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["merged_into"], ["alerts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_active", "alerts", ["active", "wing"])
    op.create_index("ix_alerts_state", "alerts", ["state", "wing"])
    op.create_index("ix_alerts_wing", "alerts", ["wing", "updated_us"])
    op.create_index("ix_alerts_opened", "alerts", ["opened_us", "id"])
    op.create_table(
        "batches",
        sa.Column("sensor", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("detections", sa.BigInteger(), nullable=False),
        sa.Column("sent_us", sa.BigInteger(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sensor", "boot", "sequence"),
    )
    op.create_index("ix_batches_received", "batches", ["detections", "received_us"])
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "detections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sensor", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("technology", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("freq_lower_hz", sa.Double(), nullable=False),
        sa.Column("freq_upper_hz", sa.Double(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("bursts", sa.BigInteger(), nullable=False),
        sa.Column("snr_db", sa.Double(), nullable=False),
        sa.Column("power_dbfs", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("clipped", sa.Boolean(), nullable=False),
        sa.Column("emission", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.Boolean(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sensor", "boot", "sequence", "position", name="uq_detections_origin"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_detections_sensor", "detections", ["sensor", "start_us", "id"])
    op.create_index("ix_detections_start", "detections", ["start_us", "id"])
    op.create_table(
        "sensors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("seen_us", sa.BigInteger(), nullable=False),
        sa.Column("flowed_us", sa.BigInteger(), nullable=True),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("sample_rate_hz", sa.Double(), nullable=False),
        sa.Column("centre_hz", sa.Double(), nullable=True),
        sa.Column("noise_floor_dbfs", sa.Double(), nullable=True),
        sa.Column("gaps", sa.BigInteger(), nullable=False),
        sa.Column("clipped_share", sa.Double(), nullable=False),
        sa.Column("queue", sa.BigInteger(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "told",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("essence", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name"),
    )
    op.create_table(
        "emissions",
        sa.Column("sensor", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("emission", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wing", sa.String(), nullable=True),
        sa.Column("technology", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("freq_lower_hz", sa.Double(), nullable=False),
        sa.Column("freq_upper_hz", sa.Double(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("bursts", sa.BigInteger(), nullable=False),
        sa.Column("snr_db", sa.Double(), nullable=False),
        sa.Column("power_dbfs", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("detections", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"]),
        sa.PrimaryKeyConstraint("sensor", "boot", "emission"),
    )
    op.create_index("ix_emissions_alert", "emissions", ["alert_id"])
    op.create_index("ix_emissions_end", "emissions", ["technology", "end_us"])


def downgrade() -> None:
    """Take the change back."""
    for table in ("emissions", "told", "sensors", "detections", "changes", "batches", "alerts"):
        op.drop_table(table)
