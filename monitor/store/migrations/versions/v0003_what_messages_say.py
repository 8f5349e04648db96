"""What a message says of its alarm, and which messages were no longer true before anybody got them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the columns; of earlier messages the kind stands in their ids."""
    with op.batch_alter_table("notification") as table:
        table.add_column(sa.Column("kind", sa.Text(), nullable=False, server_default="notice"))
        table.add_column(sa.Column("run", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("withdrawn_at", sa.BigInteger()))
    op.create_index("notification_about", "notification", ["about"])
    for kind in ("opened", "closed", "digest"):
        op.get_bind().execute(
            sa.text("UPDATE notification SET kind = :kind WHERE id LIKE :like"),
            {"kind": kind, "like": f"%:{kind}:%"},
        )
