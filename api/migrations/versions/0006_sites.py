"""Versions of the site, and the ground that what was learned holds for."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change; what was learned before is learned anew."""
    op.execute("DELETE FROM learned")
    op.execute("UPDATE alerts SET taught = 0")
    with op.batch_alter_table("learned") as learned:
        learned.add_column(sa.Column("key", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "sites",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_table("sites")
    with op.batch_alter_table("learned") as learned:
        learned.drop_column("key")
