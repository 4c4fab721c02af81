"""New ids, and the class of ids in the server."""

import pickle
import uuid
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from pocketpay.clearing.queue import Clearing
from pocketpay.database import uuids
from tests.clients import Client, client

__all__ = ["client"]

PAY = """mutation Pay($to: String!, $request: ID!) {
    transfer(input: { to: $to, amount: "1.00", idempotencyKey: "a transfer" }) { transaction { id } }
    simulateDeposit: deposit(input: { amount: "5.00", bankName: "Bank", idempotencyKey: "a deposit" }) {
        transaction { id }
    }
    cancelTransfer(id: $request) { errors { code } }
}"""


def test_a_new_id_sorts_after_the_one_before_and_equals_a_standard_uuid() -> None:
    ids = [uuids.uuid7() for _ in range(1_000)]
    assert ids == sorted(ids)
    assert all(type(id) is uuids.UUID and id.version == 7 for id in ids)
    standard = uuid.UUID(str(ids[0]))
    assert ids[0] == standard
    assert hash(ids[0]) == hash(standard)
    assert pickle.loads(pickle.dumps(ids[0])) == standard


def ids_in(value: Any) -> Iterator[uuid.UUID]:
    """All ids in a value and in the values it is made of."""
    if isinstance(value, uuid.UUID):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from ids_in(getattr(value, each.name, None))
    elif isinstance(value, dict):
        yield from ids_in([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from ids_in(one)


async def test_all_ids_of_an_instruction_are_of_the_drivers_class(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[Any] = []
    submit = Clearing.submit

    async def watched(clearing: Clearing, instruction: Any, **more: Any) -> Any:
        submitted.append(instruction)
        return await submit(clearing, instruction, **more)

    monkeypatch.setattr(Clearing, "submit", watched)
    ada, _ = await client.sign_up("ada"), await client.sign_up("bob")
    submitted.clear()
    variables = {"to": "bob", "request": "transaction_01k0000000e1a8000000000000"}
    await client.post(PAY, variables, by=ada)
    found = [id for instruction in submitted for id in ids_in([instruction, instruction.footprint])]
    assert len(submitted) == 3
    assert len(found) >= 12
    assert {type(id) for id in found} == {uuids.UUID}
