"""The login that a user signs in with: a username, an email address or a phone number, in canonical form.

The rule of the counters: *the answer to a stranger depends only on the text of the login.* Attempts are counted by
`Login.key`, which is computed from the text alone and never from stored data. So

    all spellings of one username, email address or phone number have one key: case, width, spaces, "@", punycode,
        invisible characters around it, digits of any script, hyphens in a number
    a login of an unknown user has a key like any other, and is counted and refused in the same way
    the username, the email address and the phone number of one user have three keys: a shared key would reveal that
        they belong together

A phone number begins with "+" and its country code, so no text is both a number and a username (decision 33).

Users are looked up only by the fields of a Login, so no spelling finds a user under another key.
"""

from dataclasses import dataclass

from pocketpay.identity import contacts, usernames
from pocketpay.identity.errors import InvalidProfile
from pocketpay.text.characters import nfkc
from pocketpay.text.pasted import trimmed

LONGEST = 320
"""In characters: the length of the longest email address. The rest of a longer text is ignored."""


@dataclass(frozen=True, slots=True)
class Login:
    """A canonical `username`, `email` or `phone`. One of them is set; all are None for a text that is none of these.

    `typed` is the text itself, folded.
    """

    username: str | None
    email: str | None
    typed: str
    phone: str | None = None

    @property
    def key(self) -> str:
        """The key that attempts with this login are counted under."""
        if self.username is not None:
            return f"username {self.username}"
        if self.email is not None:
            return f"email {self.email}"
        if self.phone is not None:
            return f"phone {self.phone}"
        return f"nobody {self.typed}"


def read(typed: str) -> Login:
    """Parses a typed login. Never raises."""
    text = trimmed(trimmed(typed)[:LONGEST])
    typed = nfkc(text).casefold()
    username = usernames.canonical(text)
    if username is not None:
        return Login(username, None, typed)
    email = _email(text)
    return Login(None, email, typed, None if email is not None else _phone(text))


def _email(text: str) -> str | None:
    """Returns the address in lower case, or None for an address that sign-up would refuse."""
    try:
        return contacts.email_address(text).lower()
    except InvalidProfile:
        return None


def _phone(text: str) -> str | None:
    """Returns the number in E.164, or None for a number that sign-up would refuse."""
    try:
        return contacts.phone_number(text)
    except InvalidProfile:
        return None
