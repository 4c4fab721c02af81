"""Fingerprints of email addresses. They are kept when the owner of an address has closed their wallet.

A fingerprint is an HMAC under a key derived from a secret key: without it nobody can test addresses against the
stored fingerprints. With several secret keys an address has several fingerprints. All of them are stored,
and an address is recognised by any of them. When a key is removed, its fingerprints no longer match any address.

Decision 62 gives the reasons.
"""

import hmac

from pocketpay.identity.tokens import derived_keys
from pocketpay.settings import SecretKeys


class EmailFingerprints:
    """Makes fingerprints under each of the server's secret keys."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._keys = derived_keys(secret_keys, "email fingerprints")

    def of(self, email: str) -> tuple[bytes, ...]:
        """Returns the fingerprints of an address: 32 bytes each, the same for upper and lower case.

        They are sorted, so that servers insert them in the same order, even when the order of their keys differs.
        """
        address = email.lower().encode()
        return tuple(sorted(hmac.digest(key, address, "sha256") for key in self._keys))
