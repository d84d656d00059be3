"""In which slots of its network's frame an emission was heard."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change; of what was heard before, no slots are known."""
    with op.batch_alter_table("emissions") as emissions:
        emissions.add_column(sa.Column("slots", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Undo the change."""
    with op.batch_alter_table("emissions") as emissions:
        emissions.drop_column("slots")
