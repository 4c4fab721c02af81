"""Checks one person of an export: returns a person who can be imported, or every error at once."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from pocketpay.identity import argon2_hashes, avatars, bcrypt_hashes, contacts, names, usernames
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.importing import phone
from pocketpay.importing.balance import opening_balance
from pocketpay.importing.finding import Finding, Severity
from pocketpay.importing.joined import Checker, Joined
from pocketpay.text.characters import category, nfkd

_DAMAGED = {
    "$argon2": "is a damaged argon2 hash, an argon2d hash, or a hash of an older argon2 version: export the hash "
    "again, or clear the value",
    "$2": "is a damaged bcrypt hash: export the hash again, or clear the value",
}
_TRUE = ("t", "true", "1", "yes")

FIRST_PASSWORD = "they set their first password by mail"  # noqa: S105 - a sentence
NOT_CONFIRMED = "an operator must verify their email address before they can set a password"
NO_EMAIL = "they have no email address, and cannot sign in"
"""The consequence for a person without a password, as the end of a note."""


@dataclass(frozen=True, slots=True)
class CheckedPerson:
    """A person's fields in their stored form, None for a missing or invalid one, and the findings."""

    username: str | None
    name: str | None
    email: str | None
    phone: str | None
    avatar_url: str | None
    password_hash: str = field(repr=False)
    currency: str | None
    opening: int
    created_at: datetime | None
    email_verified_at: datetime | None
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> bool:
        return any(finding.severity is Severity.WRONG for finding in self.findings)


def check_person(
    joined: Joined, served_currencies: Sequence[str], now: datetime, *, country: str | None = None
) -> CheckedPerson:
    """Checks every field of one person and adds a finding for each invalid one.

    `country` is the country of local phone numbers.
    """
    checker = Checker(joined)
    _check_eligible(checker, now)
    metadata = _metadata(joined.metadata)
    username = _username(checker, joined.username or metadata.get("username"), metadata)
    currency, opening = opening_balance(checker, served_currencies)
    email = checker.parsed(contacts.email_address, joined.email)
    verified_at = None if email is None else _confirmed(joined.email_confirmed_at, now)
    return CheckedPerson(
        username=username,
        name=_name(checker, joined.name or metadata.get("full_name") or metadata.get("name"), username),
        email=email,
        phone=_phone(checker, country),
        avatar_url=_avatar(checker, joined.avatar_url or metadata.get("avatar_url")),
        password_hash=_password(checker, without=_without_password(email, verified_at)),
        currency=currency,
        opening=opening,
        created_at=_time(checker, now),
        email_verified_at=verified_at,
        findings=tuple(checker.findings),
    )


def _check_eligible(checker: Checker, now: datetime) -> None:
    """Adds an error for a person whom Supabase would not let sign in, or who has several profiles or wallets."""
    joined = checker.joined
    if joined.deleted_at is not None:
        checker.wrong("deleted_at", "is set: this person was deleted in Supabase")
    if (joined.is_anonymous or "").lower() in _TRUE:
        checker.wrong("is_anonymous", "is true: this is an anonymous session, not a person")
    if joined.banned_until is not None:
        until = _moment(joined.banned_until)
        if until is None or until > now:
            checker.wrong(
                "banned_until",
                "is in the future: this person is banned. Clear the value to import the person, and freeze the "
                "wallet then",
            )
    if joined.profiles > 1:
        checker.wrong("id", f"has {joined.profiles} profiles")
    if joined.wallets > 1:
        checker.wrong("id", f"has {joined.wallets} wallets, and can have only one here")


def _username(checker: Checker, raw: str | None, metadata: dict[str, str]) -> str | None:
    joined = checker.joined
    if raw is not None and raw.strip():
        try:
            return usernames.chosen(raw)
        except InvalidProfile as refusal:
            checker.wrong("username", refusal.problem, raw, suggested(raw, joined.id))
            return None
    sources = (joined.name, metadata.get("full_name"), (joined.email or "").partition("@")[0])
    source = next((text for text in sources if text), "person")
    checker.wrong("username", "is missing", None, suggested(source, joined.id))
    return None


def suggested(like: str, id: UUID) -> tuple[str, ...]:
    """Returns valid usernames that are similar to a text. The last one is unlikely to be taken."""
    plain = nfkd(like[:100]).casefold()
    plain = "".join(char for char in plain if category(char)[0] != "M")
    stem = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", plain)).strip("_")[:25].rstrip("_") or "person"
    tried = (stem, f"{stem}_{id.hex[:4]}", f"person_{id.hex[:12]}")
    return tuple(name for name in tried if _may_be_chosen(name))


def _may_be_chosen(name: str) -> bool:
    try:
        usernames.chosen(name)
    except InvalidProfile:
        return False
    return True


def _name(checker: Checker, raw: str | None, username: str | None) -> str | None:
    if raw is None or not raw.strip():
        checker.note("name", "is missing: the username is shown instead")
        return username
    name = checker.parsed(names.well_formed, raw)
    problem = None if name is None else names.objection(name)
    if problem is None:
        return name
    checker.note("name", f"{problem}: the username is shown instead", raw)
    return username


def _phone(checker: Checker, country: str | None) -> str | None:
    joined = checker.joined
    if joined.phone is not None and joined.phone.strip():
        return checker.parsed(lambda raw: phone.from_supabase(raw, country), joined.phone)
    return checker.parsed(lambda raw: phone.from_profile(raw, country), joined.profile_phone)


def _avatar(checker: Checker, raw: str | None) -> str | None:
    if raw is None or not raw.strip():
        return None
    try:
        return avatars.picture_url(raw)
    except InvalidProfile as refusal:
        checker.note("avatar_url", f"{refusal.problem}: left out", raw)
        return None


def _without_password(email: str | None, verified_at: datetime | None) -> str:
    if email is None:
        return NO_EMAIL
    return NOT_CONFIRMED if verified_at is None else FIRST_PASSWORD


def _password(checker: Checker, *, without: str) -> str:
    """Returns the hash if we can verify passwords against it, and NO_PASSWORD otherwise.

    A hash of another kind adds a note, which ends with `without`. A damaged hash adds an error.
    """
    kept = (checker.joined.encrypted_password or "").strip()
    argon2, bcrypt = argon2_hashes.read(kept), bcrypt_hashes.SHAPE.fullmatch(kept)
    if bcrypt_hashes.cost_of(kept) is not None or (argon2 is not None and argon2.is_within_bounds):
        return kept
    if not kept:
        reason = "is empty"
    elif kept.startswith("$fbscrypt$"):
        reason = "is a Firebase scrypt hash, which cannot be compared here"
    elif argon2 is not None:
        reason = f"is an argon2 hash that costs too much ({argon2.kind})"
    elif bcrypt is not None:
        lowest, highest = bcrypt_hashes.MIN_COST, bcrypt_hashes.MAX_COST
        reason = f"is a bcrypt hash with cost {bcrypt[1]}, and {lowest} to {highest} are accepted"
    else:
        problem = next((text for sign, text in _DAMAGED.items() if kept.startswith(sign)), "is not a password hash")
        checker.wrong("encrypted_password", problem)
        return NO_PASSWORD
    checker.note("encrypted_password", f"{reason}: {without}")
    return NO_PASSWORD


def _time(checker: Checker, now: datetime) -> datetime | None:
    raw = checker.joined.created_at
    if raw is None or not raw.strip():
        return None
    moment = _moment(raw)
    if moment is None or moment > now:
        checker.note("created_at", "is not a time in the past: the time of the import is used", raw)
        return None
    return moment


def _confirmed(raw: str | None, now: datetime) -> datetime | None:
    """Returns when the address was confirmed in Supabase. A value that is not a time in the past is ignored."""
    moment = None if raw is None else _moment(raw)
    return None if moment is None or moment > now else moment


def _moment(raw: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(raw.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _metadata(raw: str | None) -> dict[str, str]:
    """Returns the texts in the metadata from a sign-in provider; empty when it is not a JSON object."""
    if not raw or len(raw) > 65_536:
        return {}
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {key: value for key, value in data.items() if isinstance(value, str) and "\0" not in value}
