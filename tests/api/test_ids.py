"""Ids as clients see them, and the UUIDs behind them."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typeid import TypeID

from pocketpay.api import ids
from pocketpay.database import uuids


@given(st.uuids())
def test_an_id_is_encoded_as_a_typeid_and_decoded_as_a_uuid_of_the_driver(uuid: UUID) -> None:
    text = ids.encode(ids.WALLET, uuid)
    assert TypeID.from_string(text).uuid_bytes == uuid.bytes
    found = ids.decode(ids.WALLET, text)
    assert type(found) is uuids.UUID
    assert found == uuid
    assert ids.decode(ids.USER, text) is None


@pytest.mark.parametrize(
    "text",
    ["", "wallet", "wallet_", "wallet_x", "wallet_8" + "0" * 25, "wallet_" + "0" * 27, "wallet_" + "u" * 26,
     "Wallet_" + "0" * 26, "wallet_" + "0" * 25 + "\0", "x" * 100_000, "wallet__" + "0" * 26],
)  # fmt: skip
def test_a_malformed_id_decodes_to_none(text: str) -> None:
    assert ids.decode(ids.WALLET, text) is None


@given(st.text())
def test_decoding_an_id_never_raises(text: str) -> None:
    ids.decode(ids.WALLET, text)
    ids.decode(ids.WALLET, "wallet_" + text)
    ids.split_prefix(text)


def test_every_type_has_its_own_id_prefix() -> None:
    prefixes = [value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str)]
    assert len(prefixes) >= 12
    assert len(set(prefixes)) == len(prefixes)


@given(st.uuids())
def test_an_id_decodes_only_with_its_own_prefix_even_if_prefixes_overlap(uuid: UUID) -> None:
    for prefix in (ids.CUSTOMER, ids.CUSTOMER_WALLET, ids.CUSTOMER_TRANSACTION, ids.WALLET, ids.TRANSACTION):
        text = ids.encode(prefix, uuid)
        assert ids.split_prefix(text) == (prefix, uuid)
        assert len(text) <= ids.MAX_LENGTH
        for other in (ids.CUSTOMER, ids.CUSTOMER_WALLET, ids.CUSTOMER_TRANSACTION, ids.WALLET, ids.TRANSACTION):
            assert ids.decode(other, text) == (uuid if other == prefix else None)
