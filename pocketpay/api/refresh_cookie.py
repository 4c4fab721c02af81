"""The refresh token in a browser's cookie, during one request: the token that the browser sent, and the cookie to
set.

A context has a RefreshCookie when the server supports cookies and the request may use them. `serving/cookies.py`
decides that and writes the header. Decision 41 gives the reasons.
"""

from pocketpay.identity.tokens import Tokens


class RefreshCookie:
    """The refresh cookie of one request. `sent` is the token that the browser sent, or None. When both `keep` and
    `remove` are called, the last call counts."""

    __slots__ = ("kept", "removed", "sent")

    def __init__(self, sent: str | None) -> None:
        self.sent = sent
        self.kept: Tokens | None = None
        self.removed = False

    def keep(self, tokens: Tokens) -> None:
        """Makes the response set a cookie with the refresh token of these tokens."""
        self.kept, self.removed = tokens, False

    def remove(self) -> None:
        """Makes the response delete the cookie."""
        self.kept, self.removed = None, True
