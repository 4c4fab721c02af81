"""The tables of users, their sessions, and the counters of sign-in attempts."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, LargeBinary, literal_column, text
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, count, datetime, key, moment
from pocketpay.identity.names import WORDS_FOUND


class UserRow(SQLModel, table=True):
    __tablename__ = "users"
    __table_args__ = (
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        CheckConstraint("username ~ '^[a-z0-9_]{3,30}$'", name="username_canonical"),
        CheckConstraint("role in ('member', 'operator')", name="role_known"),
        CheckConstraint(
            "closed_at is null or (email is null and phone is null and avatar_url is null)",
            name="whoever_left_is_nobody",
        ),
        CheckConstraint("email_verified_at is null or email is not null", name="only_an_email_is_verified"),
        CheckConstraint("phone_verified_at is null or phone is not null", name="only_a_phone_is_verified"),
        Index("uq_users_username", "username", unique=True),
        Index("ix_users_username_prefix", "username", postgresql_ops={"username": "text_pattern_ops"}),
        Index(
            "ix_users_name_prefix",
            literal_column("lower(name)").label("lower_name"),
            postgresql_ops={"lower_name": "text_pattern_ops"},
        ),
        Index(
            "ix_users_name_key",
            literal_column("name_key(name)").label("name_key"),
            postgresql_ops={"name_key": "text_pattern_ops"},
        ),
        *(
            Index(
                f"ix_users_name_word_{place}",
                literal_column(f"name_from_word(name, {place})").label("name_from_word"),
                postgresql_ops={"name_from_word": "text_pattern_ops"},
                postgresql_where=text("closed_at is null"),
            )
            for place in WORDS_FOUND
        ),
        Index("ix_users_email", text("lower(email)")),
        Index(
            "uq_users_verified_email",
            text("lower(email)"),
            unique=True,
            postgresql_where=text("email_verified_at is not null"),
        ),
        Index("ix_users_phone", "phone"),
        Index(
            "uq_users_verified_phone", "phone", unique=True, postgresql_where=text("phone_verified_at is not null")
        ),
        Index("uq_users_wallet_id", "wallet_id", unique=True),
        Index(
            "ix_users_bcrypt",
            text("substr(password_hash, 5, 2)"),
            postgresql_where=text("password_hash like '$2%' and closed_at is null"),
        ),
        Index(
            "ix_users_brought_argon2",
            text("ltrim(regexp_substr(password_hash, '^[$]argon2[^$]*[$][^$]*[$][^$]*'), '$')"),
            postgresql_where=text(
                "password_hash like '$argon2%' and closed_at is null "
                "and password_hash not like '$argon2id$v=19$m=19456,t=2,p=1$%'"
            ),
        ),
    )

    id: UUID = key()
    username: str
    name: str
    email: str | None = None
    phone: str | None = None
    avatar_url: str | None = None
    password_hash: str
    role: str
    wallet_id: UUID
    created_at: datetime = moment()
    updated_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    email_verified_at: datetime | None = moment(nullable=True)
    email_set_at: datetime | None = moment(nullable=True)
    phone_verified_at: datetime | None = moment(nullable=True)
    phone_set_at: datetime | None = moment(nullable=True)


class OneTimeChallengeRow(SQLModel, table=True):
    """A challenge, from which a one-time code is derived. No code is stored; `tries` counts wrong codes."""

    __tablename__ = "one_time_challenges"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"]),
        CheckConstraint("tries >= 0", name="tries_not_negative"),
        Index("ix_one_time_challenges_user", "user_id", "purpose", "created_at"),
        Index("ix_one_time_challenges_expires_at", "expires_at"),
    )

    id: UUID = key()
    user_id: UUID
    purpose: str
    address: str
    tries: int
    created_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)


class RetiredUsernameRow(SQLModel, table=True):
    """A username that no other user can get: the SHA-256 of the username of a user who closed their wallet."""

    __tablename__ = "retired_usernames"
    __table_args__ = (CheckConstraint("length(fingerprint) = 32", name="fingerprint_is_sha256"),)

    fingerprint: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    retired_at: datetime = moment()


class WelcomedEmailRow(SQLModel, table=True):
    """The fingerprint, under the server's key, of an email address that gets no welcome bonus: its owner already had
    one, or has closed their wallet."""

    __tablename__ = "welcomed_emails"
    __table_args__ = (CheckConstraint("length(fingerprint) = 32", name="fingerprint_is_hmac_sha256"),)

    fingerprint: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    welcomed_at: datetime = moment()


class SessionRow(SQLModel, table=True):
    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"]),
        Index("ix_sessions_user_live", "user_id", "created_at", postgresql_where=text("revoked_at is null")),
        Index("ix_sessions_ended", text("least(revoked_at, expires_at)")),
    )

    id: UUID = key()
    user_id: UUID
    user_agent: str | None = None
    created_at: datetime = moment()
    last_used_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)


class RefreshTokenRow(SQLModel, table=True):
    """The SHA-256 of one refresh token of a session. Each token is used once."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["session_id"], ["sessions.id"]),
        Index("ix_refresh_tokens_session_id", "session_id"),
    )

    hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    session_id: UUID
    issued_at: datetime = moment()
    used_at: datetime | None = moment(nullable=True)


class ThrottleRow(SQLModel, table=True):
    """A counter that all servers share: sign-ins and sign-ups from an address, failures of an account."""

    __tablename__ = "throttles"
    __table_args__ = (Index("ix_throttles_expires_at", "expires_at"), {"prefixes": ["UNLOGGED"]})

    bucket: str = Field(primary_key=True)
    hits: int = count()
    window_started_at: datetime = moment()
    blocked_until: datetime | None = moment(nullable=True)
    expires_at: datetime = moment()


class KnownAddressRow(SQLModel, table=True):
    """An address where a user has given their password, stored as the SHA-256 of the user id and the address.

    The table is logged, so it survives a crash of PostgreSQL. Otherwise strangers could keep the user out after a
    crash.
    """

    __tablename__ = "known_addresses"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"]),
        CheckConstraint("length(address) = 32", name="address_is_sha256"),
        Index("ix_known_addresses_expires_at", "expires_at"),
    )

    user_id: UUID = key()
    address: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    used_at: datetime = moment()
    expires_at: datetime = moment()


class SignInLaneRow(SQLModel, table=True):
    """When the next free turn of each calendar in a login's lane begins (lane.py). The login is stored as SHA-256."""

    __tablename__ = "sign_in_lanes"
    __table_args__ = (
        CheckConstraint("length(lane) = 32", name="lane_is_sha256"),
        Index("ix_sign_in_lanes_expires_at", "expires_at"),
        {"prefixes": ["UNLOGGED"]},
    )

    lane: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    first_at: datetime = moment()
    crowded_at: datetime = moment()
    further_at: datetime = moment()
    expires_at: datetime = moment()


class SignInTurnRow(SQLModel, table=True):
    """A stranger's turn in a login's lane (lane.py). Provider, network and address are stored as SHA-256 of each with
    the login."""

    __tablename__ = "sign_in_turns"
    __table_args__ = (
        CheckConstraint("calendar in ('first', 'crowded', 'further')", name="calendar_known"),
        Index("ix_sign_in_turns_expires_at", "expires_at"),
        {"prefixes": ["UNLOGGED"]},
    )

    lane: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    provider: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    network: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    address: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    calendar: str
    begins_at: datetime = moment()
    ends_at: datetime = moment()
    guess_id: UUID | None = None
    expires_at: datetime = moment()
