"""Executing an operation without a server."""

import gc
from typing import Any, cast

from pocketpay.api.context import Context
from pocketpay.app import SERVED_SCHEMA
from pocketpay.serving.documents import Documents
from pocketpay.serving.execution import Execution
from pocketpay.serving.limits import Limits
from tests.people import made

EXECUTION = Execution(SERVED_SCHEMA, Documents(SERVED_SCHEMA, Limits.of(made()), introspection=True))


async def ask(text: str) -> dict[str, Any]:
    answer = await EXECUTION.answer(text, None, {}, Context(cast(Any, None)))
    return answer.payload


async def test_an_operation_creates_no_reference_cycles() -> None:
    await ask("{ __typename again: __typename }")
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await ask("{ __typename again: __typename }")
        assert gc.collect() < 20
    finally:
        gc.enable()
