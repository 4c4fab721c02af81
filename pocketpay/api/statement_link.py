"""Links to a statement as a file: whoever holds one may read that statement, for five minutes.

A browser that saves a file, or a spreadsheet that fetches one, sends no token. So the link says whose statement it
is, of which month in which time zone and until when, and an HMAC under a key made of the server's secret says that
we said so: every server with the same secret knows it, and nothing is kept.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from pocketpay.api import ids
from pocketpay.errors import AccessDenied
from pocketpay.identity.tokens import derived_key
from pocketpay.ledger.month import Month
from pocketpay.ledger.time_zones import UTC_NAME, UnknownTimeZone

GOOD_FOR = timedelta(minutes=5)

PATH = "/statements/{month}.csv"

_FORGED = "This link is not valid."
_EXPIRED = "This link has expired: ask for a new one."


class BadLink(AccessDenied):
    """A link that opens nothing. Its text says why, to whoever holds it."""


class StatementLinks:
    """Signs links and reads them."""

    def __init__(self, secret: bytes) -> None:
        # A link in UTC is signed without a zone, as before there were zones. So that no other link is taken for one
        # of these, it has a key of its own.
        self._key = derived_key(secret, "statement links")
        self._zone_key = derived_key(secret, "statement links in a time zone")

    def link(self, wallet_id: UUID, month: Month, *, now: datetime) -> str:
        """The link to that wallet's statement of that month: a path on this server."""
        wallet, expires = ids.encode(ids.WALLET, wallet_id), str(int((now + GOOD_FOR).timestamp()))
        zone = None if month.zone_name == UTC_NAME else month.zone_name
        query = {"wallet": wallet, "expires": expires} | ({} if zone is None else {"timeZone": zone})
        query["signature"] = self._signature(wallet, str(month), expires, zone)
        return f"{PATH.format(month=month)}?{urlencode(query)}"

    def read(self, month: str, said: Mapping[str, str], *, now: datetime) -> tuple[UUID, Month]:
        """Whose statement of which month a link opens. Raises BadLink when it is not ours, or has expired."""
        wallet, expires, signature = (said.get(name, "") for name in ("wallet", "expires", "signature"))
        zone = said.get("timeZone")
        ours = self._signature(wallet, month, expires, zone)
        # As bytes: compare_digest refuses text that is not ASCII.
        if not hmac.compare_digest(ours.encode(), signature.encode("utf-8", "surrogatepass")):
            raise BadLink(_FORGED)
        if now.timestamp() >= int(expires):
            raise BadLink(_EXPIRED)
        wallet_id = ids.decode(ids.WALLET, wallet)
        assert wallet_id is not None, "what we signed is a wallet"  # noqa: S101 - the signature says so
        try:
            return wallet_id, Month.parse(month, UTC_NAME if zone is None else zone)
        except UnknownTimeZone:  # to this server; the one that signed it has newer zones
            raise BadLink(_EXPIRED) from None

    def _signature(self, wallet: str, month: str, expires: str, zone: str | None) -> str:
        key, said = (self._key, []) if zone is None else (self._zone_key, [zone])
        text = "\n".join([wallet, month, expires, *said])
        signed = hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256")
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
