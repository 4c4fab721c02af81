"""Fingerprints of email addresses. They are kept when the owner of an address has closed their wallet.

A fingerprint is an HMAC under a key derived from the server's secret: without the secret nobody can test addresses
against the stored fingerprints. After a change of SECRET_KEY the stored fingerprints no longer match anything.
"""

import hmac

from pocketpay.identity.tokens import derived_key


class EmailFingerprints:
    """Makes fingerprints. `secret` is the server's key, the same on every server."""

    def __init__(self, secret: bytes) -> None:
        self._key = derived_key(secret, "email fingerprints")

    def of(self, email: str) -> bytes:
        """Returns the fingerprint of an address: 32 bytes, the same for upper and lower case."""
        return hmac.digest(self._key, email.lower().encode(), "sha256")
