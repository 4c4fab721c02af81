"""Through GraphQL an operator gets FORBIDDEN for their own wallet and its transactions; another operator does not."""

from typing import Any

from tests.api.operators import FREEZE, REVERSE, UNFREEZE, operate, operator
from tests.clients import Client
from tests.people import Owner

LATEST = "{ transactions(first: 1) { nodes { id } } }"


async def test_an_operator_cannot_act_on_their_own_wallet_or_its_transactions(client: Client, owner: Owner) -> None:
    olga, oscar = await operator(client), await operator(client, "oscar")
    own = (await client.data("{ wallet { id } }", by=olga))["wallet"]["id"]
    (bonus,) = (await client.data(LATEST, by=olga))["transactions"]["nodes"]
    tried: list[tuple[str, dict[str, Any], str]] = [
        (FREEZE, {"wallet": "@OLGA", "freeze": "ALL"}, "wallet"),
        (FREEZE, {"wallet": own, "freeze": "DEBITS"}, "wallet"),
        (UNFREEZE, {"wallet": "olga"}, "wallet"),
        (REVERSE, {"transactionId": bonus["id"]}, "transactionId"),
    ]
    for document, input, field in tried:
        payload = await operate(client, olga, document, input={**input, "reason": "Why"})
        (error,) = payload["errors"]
        assert (error["code"], error["path"], error["retryable"]) == ("FORBIDDEN", ["input", field], False)
    assert await owner.fetchval("select count(*) from operator_actions where action <> 'grant_role'") == 0
    for document, input, _ in tried:
        payload = await operate(client, oscar, document, input={**input, "reason": "Why"})
        assert payload["errors"] == []
