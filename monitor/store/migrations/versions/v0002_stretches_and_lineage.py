"""What a packed block comes to without unpacking it, and which lot is an aliquot of which."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the columns (empty for blocks of before: those are unpacked), and the table from the log of events."""
    with op.batch_alter_table("series_block") as table:
        for name in ("low", "high", "last"):
            table.add_column(sa.Column(name, sa.Float(53)))
        table.add_column(sa.Column("longest", sa.BigInteger()))
    op.create_table(
        "aliquot",
        sa.Column("child", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("child", "parent"),
    )
    op.create_index("aliquot_by_parent", "aliquot", ["parent"])
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT subject, body FROM event WHERE scope = 'lot'"))
    pairs = {(child, subject) for subject, body in rows for child in json.loads(body).get("into") or ()}
    for child, parent in sorted(pairs):
        connection.execute(
            sa.text("INSERT INTO aliquot (child, parent) VALUES (:child, :parent)"),
            {"child": child, "parent": parent},
        )
