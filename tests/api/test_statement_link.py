"""A signed link opens the statement of one wallet and month for five minutes. Any change makes it invalid."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import uuid_utils.compat as uuids

from pocketpay.api import ids
from pocketpay.api.statement_link import LIFETIME, BadLink, StatementLinks
from pocketpay.identity.tokens import derived_keys
from pocketpay.ledger import time_zones
from pocketpay.ledger.month import Month
from tests.people import SECRET

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WALLET = uuids.uuid7()
NOVEMBER = Month(2026, 11)


def parts(link: str) -> tuple[str, dict[str, str]]:
    """The month in the path of a link, and its query parameters."""
    split = urlsplit(link)
    return split.path.removeprefix("/statements/").removesuffix(".csv"), dict(parse_qsl(split.query))


def signed() -> tuple[str, dict[str, str]]:
    return parts(StatementLinks(SECRET).link(WALLET, NOVEMBER, now=NOW))


def test_a_statement_link_works_on_every_server_with_the_same_secret() -> None:
    month, parameters = signed()
    assert StatementLinks((bytes(SECRET[0]),)).read(month, parameters, now=NOW) == (WALLET, NOVEMBER)
    with pytest.raises(BadLink):
        StatementLinks((b"another secret of thirty-two bytes or more",)).read(month, parameters, now=NOW)


@pytest.mark.parametrize(("seconds", "opens"), [(0, True), (299, True), (300, False), (301, False), (86_400, False)])
def test_a_statement_link_is_valid_for_five_minutes(seconds: int, opens: bool) -> None:
    assert timedelta(minutes=5) == LIFETIME
    month, parameters = signed()
    later = NOW + timedelta(seconds=seconds)
    if opens:
        assert StatementLinks(SECRET).read(month, parameters, now=later) == (WALLET, NOVEMBER)
    else:
        with pytest.raises(BadLink, match="expired"):
            StatementLinks(SECRET).read(month, parameters, now=later)


BERLIN = Month(2026, 11, "Europe/Berlin")


def signed_in_berlin() -> tuple[str, dict[str, str]]:
    return parts(StatementLinks(SECRET).link(WALLET, BERLIN, now=NOW))


def test_a_statement_link_opens_the_month_of_its_own_time_zone() -> None:
    month, parameters = signed_in_berlin()
    assert parameters["timeZone"] == "Europe/Berlin"
    assert StatementLinks(SECRET).read(month, parameters, now=NOW) == (WALLET, BERLIN)


def test_a_utc_statement_link_has_the_signature_of_older_servers() -> None:
    """While servers are replaced one by one, old and new ones must accept each other's links."""
    month, parameters = signed()
    text = f"{parameters['wallet']}\n{month}\n{parameters['expires']}".encode()
    digest = hmac.digest(derived_keys(SECRET, "statement links")[0], text, "sha256")
    assert parameters.keys() == {"wallet", "expires", "signature"}
    assert parameters["signature"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changed",
    [
        {"timeZone": "Europe/Paris"},
        {"timeZone": "UTC"},
        {"timeZone": ""},
        {"timeZone": "Europe/Berlin\n"},
        {"timeZone": None},
        # The same characters, divided between the fields in another way.
        {"timeZone": None, "expires": "{expires}\nEurope/Berlin"},
        {"timeZone": "lin", "expires": "{expires}\nEurope/Ber"},
    ],
)
def test_a_statement_link_with_a_changed_time_zone_is_refused(changed: dict[str, str | None]) -> None:
    month, parameters = signed_in_berlin()
    for name, text in changed.items():
        if text is None:
            del parameters[name]
        else:
            parameters[name] = text.format(expires=parameters["expires"])
    with pytest.raises(BadLink, match="not valid"):
        StatementLinks(SECRET).read(month, parameters, now=NOW)


def test_a_statement_link_with_an_unknown_time_zone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    month, parameters = signed_in_berlin()
    monkeypatch.setattr(time_zones, "_names", lambda: frozenset({"UTC"}))
    with pytest.raises(BadLink, match="ask for a new one"):
        StatementLinks(SECRET).read(month, parameters, now=NOW)


_MONTH, _SAID = signed()
_SIGNATURE = _SAID["signature"]


@pytest.mark.parametrize(
    ("month", "changed"),
    [
        ("2026-10", {}),
        ("2026-11\n", {}),
        ("", {}),
        (_MONTH, {"wallet": ids.encode(ids.WALLET, uuids.uuid7())}),
        (_MONTH, {"wallet": _SAID["wallet"].upper()}),
        (_MONTH, {"wallet": ids.encode(ids.PROFILE, WALLET)}),
        (_MONTH, {"wallet": ""}),
        (_MONTH, {"expires": str(int(_SAID["expires"]) + 1)}),
        (_MONTH, {"expires": "0" + _SAID["expires"]}),
        (_MONTH, {"expires": " " + _SAID["expires"]}),
        (_MONTH, {"expires": "never"}),
        (_MONTH, {"expires": ""}),
        (_MONTH, {"signature": ""}),
        (_MONTH, {"signature": _SIGNATURE[:-1]}),
        (_MONTH, {"signature": _SIGNATURE + "="}),
        (_MONTH, {"signature": _SIGNATURE.swapcase()}),
        (_MONTH, {"signature": _SIGNATURE[::-1]}),
        (_MONTH, {"signature": "é" * 43}),
        (_MONTH, {"signature": "\ud800"}),
        (_MONTH, {"signature": "A" * 100_000}),
        # The same characters, divided between the fields in another way.
        (_MONTH[:-1], {"expires": _MONTH[-1] + _SAID["expires"]}),
        (_MONTH, {"wallet": _SAID["wallet"] + "\n" + _MONTH, "expires": _SAID["expires"]}),
    ],
)
def test_a_changed_statement_link_is_refused(month: str, changed: dict[str, str]) -> None:
    with pytest.raises(BadLink, match="link is not valid"):
        StatementLinks(SECRET).read(month, _SAID | changed, now=NOW)


@pytest.mark.parametrize("missing", ["wallet", "expires", "signature"])
def test_a_statement_link_with_a_missing_part_is_refused(missing: str) -> None:
    with pytest.raises(BadLink):
        StatementLinks(SECRET).read(
            _MONTH, {name: parameters for name, parameters in _SAID.items() if name != missing}, now=NOW
        )


def test_a_statement_link_is_a_path_of_printable_ascii() -> None:
    link = StatementLinks(SECRET).link(WALLET, NOVEMBER, now=NOW)
    assert link == f"/statements/2026-11.csv?{urlencode(_SAID)}"
    assert link.isascii()
    assert link.isprintable()
