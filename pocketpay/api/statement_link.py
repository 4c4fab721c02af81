"""Signed links to a statement as a file. Everybody who has a link can read that statement for five minutes.

A browser or a spreadsheet that downloads a file sends no token. So the link contains the wallet, the month, the time
zone and the expiry time, signed with an HMAC. The key is derived from SECRET_KEY, so every server with this
secret key can check a link, and no link is stored.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from pocketpay.api import ids
from pocketpay.errors import AccessDenied
from pocketpay.identity.tokens import derived_keys
from pocketpay.ledger.month import Month
from pocketpay.ledger.time_zones import UTC_NAME, UnknownTimeZone
from pocketpay.settings import SecretKeys

LIFETIME = timedelta(minutes=5)

PATH = "/statements/{month}.csv"

_NOT_VALID = "This link is not valid."
_EXPIRED = "This link has expired: ask for a new one."


class BadLink(AccessDenied):
    """A link that is not valid or has expired. The message says which, for the person who opened the link."""


class StatementLinks:
    """Creates and checks signed links."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        # A link in UTC is signed without a time zone, as in older versions. Links in other time zones have their own
        # key, so that one can never be taken for a link in UTC.
        self._keys = derived_keys(secret_keys, "statement links")
        self._zone_keys = derived_keys(secret_keys, "statement links in a time zone")

    def link(self, wallet_id: UUID, month: Month, *, now: datetime) -> str:
        """The link to a wallet's statement of one month: a path on this server, valid for LIFETIME from `now`."""
        wallet, expires = ids.encode(ids.WALLET, wallet_id), str(int((now + LIFETIME).timestamp()))
        zone = None if month.zone_name == UTC_NAME else month.zone_name
        query = {"wallet": wallet, "expires": expires} | ({} if zone is None else {"timeZone": zone})
        query["signature"] = self._signatures(wallet, str(month), expires, zone)[0]
        return f"{PATH.format(month=month)}?{urlencode(query)}"

    def read(self, month: str, query: Mapping[str, str], *, now: datetime) -> tuple[UUID, Month]:
        """The wallet and the month of a link. `query` has the parameters of the link's query string. Raises BadLink
        when the signature is not valid, or the link has expired."""
        wallet, expires, signature = (query.get(name, "") for name in ("wallet", "expires", "signature"))
        zone = query.get("timeZone")
        given = signature.encode("utf-8", "surrogatepass")  # compare_digest refuses text that is not ASCII
        signatures = self._signatures(wallet, month, expires, zone)
        if not any(hmac.compare_digest(expected.encode(), given) for expected in signatures):
            raise BadLink(_NOT_VALID)
        if now.timestamp() >= int(expires):
            raise BadLink(_EXPIRED)
        wallet_id = ids.decode(ids.WALLET, wallet)
        assert wallet_id is not None, "a signed link has a wallet id"  # noqa: S101 - the signature was checked
        try:
            return wallet_id, Month.parse(month, UTC_NAME if zone is None else zone)
        except UnknownTimeZone:  # the server that signed the link has a newer time zone database
            raise BadLink(_EXPIRED) from None

    def _signatures(self, wallet: str, month: str, expires: str, zone: str | None) -> list[str]:
        """The signatures of a link with each of the keys. The first one is put into new links."""
        keys, zone_lines = (self._keys, []) if zone is None else (self._zone_keys, [zone])
        text = "\n".join([wallet, month, expires, *zone_lines]).encode("utf-8", "surrogatepass")
        signed = (hmac.digest(key, text, "sha256") for key in keys)
        return [base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in signed]
