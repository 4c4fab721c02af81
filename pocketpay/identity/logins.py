"""What somebody signs in by, in one spelling: a username, an email address, or a text that is nobody's.

The law of the counters: *what a stranger is told follows from the text of the login alone.* Attempts are counted by
`Login.key`, which is computed from the text and from nothing that is stored. So

    all spellings that reach one username or one email address have one key: case, width, spaces, "@", punycode,
        invisible marks around it
    a login that is nobody's has a key like any other, and is counted and refused in the same way
    a username and the email address of one person have two keys: sharing one would tell that they belong together

A person is only looked up by the fields of a Login, so no spelling reaches a person under another key.
"""

from dataclasses import dataclass

from pocketpay.identity import contacts, usernames
from pocketpay.identity.errors import InvalidProfile
from pocketpay.text.characters import nfkc
from pocketpay.text.pasted import trimmed

LONGEST = 320
"""Characters looked at: the longest email address."""


@dataclass(frozen=True, slots=True)
class Login:
    """Either a canonical `username` or a canonical `email`; both None for a text that can be nobody's."""

    username: str | None
    email: str | None
    typed: str

    @property
    def key(self) -> str:
        """What its attempts are counted by."""
        if self.username is not None:
            return f"username {self.username}"
        if self.email is not None:
            return f"email {self.email}"
        return f"nobody {self.typed}"


def read(typed: str) -> Login:
    """The login that somebody typed. Never raises."""
    text = trimmed(trimmed(typed)[:LONGEST])
    username = usernames.canonical(text)
    email = None if username is not None else _email(text)
    return Login(username, email, nfkc(text).casefold())


def _email(text: str) -> str | None:
    """The address in lower case. What sign-up would not keep can be nobody's."""
    try:
        return contacts.email_address(text).lower()
    except InvalidProfile:
        return None
