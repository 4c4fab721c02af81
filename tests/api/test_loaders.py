"""Fields that load the same key at the same time do not affect each other when one fails or is cancelled."""

import asyncio
from uuid import UUID

import pytest

from pocketpay.api.loaders import Loader
from tests.clients import Client

REFUSED = "transactions(first: 1000) { nodes { id } }"
"""A page that is too large: the field fails, and its wallet is null."""


async def test_cancelling_one_load_does_not_cancel_another_load_of_the_same_key() -> None:
    release = asyncio.Event()

    async def load(keys: list[UUID]) -> list[str]:
        await release.wait()
        return ["found" for _ in keys]

    loader = Loader[UUID, str](load_fn=load)
    one, other = (asyncio.ensure_future(loader.load(UUID(int=1))) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.sleep(0)
    release.set()
    assert await other == "found"


@pytest.mark.parametrize("read", ["limits { used { amount } }", 'balanceAt(time: "2020-01-01T00:00:00Z") { amount }'])
async def test_a_failed_field_does_not_fail_the_same_field_in_another_branch(client: Client, read: str) -> None:
    ada = await client.sign_up("ada")
    answer = await client.post(f"{{ a: wallet {{ {read} {REFUSED} }} b: wallet {{ {read} }} }}", by=ada)
    assert answer["data"]["a"] is None
    assert answer["data"]["b"] is not None
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["a", "transactions"], "BAD_USER_INPUT")
    ]
