"""The URL of a profile picture. The server never fetches it; the browsers of people who see the profile do."""

import re
from urllib.parse import urlsplit

from pocketpay.identity.errors import InvalidProfile

LONGEST_URL = 500

_URL = re.compile(r"https://[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]+", re.ASCII | re.IGNORECASE)
"""Only the characters of RFC 3986: a browser would read a backslash as a slash, and remove line breaks."""

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.ASCII)
"""A host name with a dot whose last part is not a number. So IP addresses and "localhost" are refused."""


def picture_url(typed: str) -> str:
    """Returns the URL with its scheme and host in lower case.

    Raises InvalidProfile when the URL is not https, or contains a username or password.
    """
    url = typed.strip()
    if len(url) > LONGEST_URL:
        raise InvalidProfile("avatarUrl", f"must have at most {LONGEST_URL} characters")
    if _URL.fullmatch(url) is None:
        raise InvalidProfile("avatarUrl", "must be a URL that begins with https://, as a browser shows it")
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise InvalidProfile("avatarUrl", "must not contain a username or password")
    host = parts.netloc.lower().removesuffix(":443")
    if _HOST.fullmatch(host) is None:
        raise InvalidProfile("avatarUrl", "must have a public host, like https://pictures.example.com/me.png")
    return parts._replace(scheme="https", netloc=host).geturl()
