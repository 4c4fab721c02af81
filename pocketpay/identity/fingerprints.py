"""Fingerprints of email addresses: what may be kept of an address when its owner has left.

An HMAC under a key of the server's secret: without the secret nobody can try addresses against what is kept. Another
SECRET_KEY makes other fingerprints, and what was kept before means nothing then.
"""

import hmac

from pocketpay.identity.tokens import derived_key


class EmailFingerprints:
    """Makes them. `secret` is the server's key, the same on every server."""

    def __init__(self, secret: bytes) -> None:
        self._key = derived_key(secret, "email fingerprints")

    def of(self, email: str) -> bytes:
        """32 bytes, the same for all spellings by which an address is one person's: in any case."""
        return hmac.digest(self._key, email.lower().encode(), "sha256")
