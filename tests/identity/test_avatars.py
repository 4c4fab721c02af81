"""Avatar URLs: https, a public host, no login, a limited length; a browser reads an accepted URL in the same way."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity.avatars import LONGEST_URL, picture_url
from pocketpay.identity.errors import InvalidProfile

PICTURE = "https://pictures.example.com/ada.png"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (PICTURE, PICTURE),
        (
            "  HTTPS://Pictures.Example.COM:443/Ada.png?size=64#face ",
            "https://pictures.example.com/Ada.png?size=64#face",
        ),
        ("https://xn--bcher-kva.example/a%20b@c", "https://xn--bcher-kva.example/a%20b@c"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/" + "a" * 480, "https://example.com/" + "a" * 480),
    ],
)
def test_a_url_is_stored_with_its_scheme_and_host_in_lower_case(typed: str, kept: str) -> None:
    assert picture_url(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "me.png",
        "//example.com/me.png",
        "http://example.com/me.png",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https://ada:secret@example.com/me.png",
        "https://ada@example.com/me.png",
        "https://@example.com/me.png",
        "https://example.com\\@elsewhere.example/me.png",
        "https:\\\\example.com/me.png",
        "https://example.com/a b",
        "https://example.com/a\nb",
        "https://example.com/\x00",
        "https://example.com/\ud800",
        "https://bücher.example/",
        'https://example.com/"onerror=',
        "https://example.com/<script>",
        "https://localhost/me.png",
        "https://127.0.0.1/me.png",
        "https://[::1]/me.png",
        "https://0x7f.1/me.png",
        "https://example.com:8443/me.png",
        "https://example..com/",
        "https://example.com./",
        "https://-example.com/",
        "https:///me.png",
        "https://example.com/" + "a" * 481,
    ],
)
def test_any_other_url_is_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        picture_url(typed)
    assert (refused.value.code, refused.value.field) == ("INVALID_INPUT", "avatarUrl")


LETTERS = st.sampled_from([*"ab.-:/@?#%\\ \t\n[]1é<\"'", "https://", "HTTPS:", "example.com", "\x00", "\ud800"])


@given(
    st.one_of(st.text(), st.lists(LETTERS, max_size=12).map("".join), st.text().map("https://example.com/".__add__))
)
def test_any_text_is_refused_or_is_a_valid_url_for_a_browser(typed: str) -> None:
    try:
        kept = picture_url(typed)
    except InvalidProfile:
        return
    parts = urlsplit(kept)
    assert (parts.scheme, parts.username, parts.password, parts.port) == ("https", None, None, None)
    assert "." in (parts.hostname or "")
    assert len(kept) <= LONGEST_URL
    assert kept.isascii()
    assert not set(kept) & set('\\"<> \t\r\n\0')
    assert picture_url(kept) == kept
