"""Links to a statement as a file: whoever holds one may read that statement, for five minutes.

A browser that saves a file, or a spreadsheet that fetches one, sends no token. So the link says whose statement it
is, of which month and until when, and an HMAC under a key made of the server's secret says that we said so: every
server with the same secret knows it, and nothing is kept.
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
from pocketpay.ledger.statement import Month

GOOD_FOR = timedelta(minutes=5)

PATH = "/statements/{month}.csv"

_FORGED = "This link is not valid."
_EXPIRED = "This link has expired: ask for a new one."


class BadLink(AccessDenied):
    """A link that opens nothing. Its text says why, to whoever holds it."""


class StatementLinks:
    """Signs links and reads them."""

    def __init__(self, secret: bytes) -> None:
        self._key = derived_key(secret, "statement links")

    def link(self, wallet_id: UUID, month: Month, *, now: datetime) -> str:
        """The link to that wallet's statement of that month: a path on this server."""
        wallet, expires = ids.encode(ids.WALLET, wallet_id), str(int((now + GOOD_FOR).timestamp()))
        signature = self._signature(wallet, str(month), expires)
        query = urlencode({"wallet": wallet, "expires": expires, "signature": signature})
        return f"{PATH.format(month=month)}?{query}"

    def read(self, month: str, said: Mapping[str, str], *, now: datetime) -> tuple[UUID, Month]:
        """Whose statement of which month a link opens. Raises BadLink when it is not ours, or has expired."""
        wallet, expires, signature = (said.get(name, "") for name in ("wallet", "expires", "signature"))
        ours = self._signature(wallet, month, expires)
        # As bytes: compare_digest refuses text that is not ASCII.
        if not hmac.compare_digest(ours.encode(), signature.encode("utf-8", "surrogatepass")):
            raise BadLink(_FORGED)
        if now.timestamp() >= int(expires):
            raise BadLink(_EXPIRED)
        wallet_id = ids.decode(ids.WALLET, wallet)
        assert wallet_id is not None, "what we signed is a wallet"  # noqa: S101 - the signature says so
        return wallet_id, Month.parse(month)

    def _signature(self, *said: str) -> str:
        signed = hmac.digest(self._key, "\n".join(said).encode("utf-8", "surrogatepass"), "sha256")
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
