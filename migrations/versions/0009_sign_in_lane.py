"""Reserved sign-in attempts for unknown addresses, and known addresses that survive a crash.

known_addresses   addresses from which a user has signed in with their password. A server of the previous revision
                  stores them in `throttles`; they are still read there for the 30 days that they are valid
sign_in_lanes     for each login, the next free times for attempts from unknown addresses
sign_in_turns     for each unknown address, its reserved attempt at a login and the time of the attempt

This revision only adds tables, so a server of the previous revision continues to work.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "known_addresses",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(address) = 32", name=op.f("ck_known_addresses_address_is_sha256")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_known_addresses_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "address", name=op.f("pk_known_addresses")),
    )
    op.create_index("ix_known_addresses_expires_at", "known_addresses", ["expires_at"])
    op.create_table(
        "sign_in_lanes",
        sa.Column("lane", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("crowded_at", MOMENT, nullable=False),
        sa.Column("further_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(lane) = 32", name=op.f("ck_sign_in_lanes_lane_is_sha256")),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_sign_in_lanes")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_sign_in_lanes_expires_at", "sign_in_lanes", ["expires_at"])
    op.create_table(
        "sign_in_turns",
        sa.Column("lane", sa.LargeBinary(), nullable=False),
        sa.Column("provider", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("guess_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "calendar in ('first', 'crowded', 'further')", name=op.f("ck_sign_in_turns_calendar_known")
        ),
        sa.PrimaryKeyConstraint("lane", "provider", "network", "address", name=op.f("pk_sign_in_turns")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_sign_in_turns_expires_at", "sign_in_turns", ["expires_at"])
    op.execute(
        "grant select, insert, update, delete on known_addresses, sign_in_lanes, sign_in_turns to pocketpay_server"
    )


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
