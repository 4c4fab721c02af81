"""The refresh token in a browser's cookie, during one request: what the browser sent, and what it is to keep.

A context has one where the server offers cookies and the request may use them; `serving/cookies.py` decides that and
writes the header. Decision 41 gives the reasons.
"""

from pocketpay.identity.tokens import Tokens


class RefreshCookie:
    """`sent` is the token that came, None without one. Of `keep` and `remove` the last one counts."""

    __slots__ = ("kept", "removed", "sent")

    def __init__(self, sent: str | None) -> None:
        self.sent = sent
        self.kept: Tokens | None = None
        self.removed = False

    def keep(self, tokens: Tokens) -> None:
        """The browser keeps that session's refresh token from now on."""
        self.kept, self.removed = tokens, False

    def remove(self) -> None:
        """The browser forgets the token that it has."""
        self.kept, self.removed = None, True
