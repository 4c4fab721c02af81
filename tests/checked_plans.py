"""Compares plans with the executor: for each operation of a test, both must return the same data."""

import re
from inspect import isawaitable
from typing import Any, cast

import orjson
from graphql import ExecutionResult
from graphql.execution.execute import execute_subscription_event
from graphql.execution.values import VariableValues

from pocketpay.api.context import Context
from pocketpay.serving.documents import Operation
from pocketpay.serving.execution import Execution
from pocketpay.serving.executor import OperationExecutor, RootResult
from pocketpay.serving.plans import Plan, Run


def check_plans(execution: Execution) -> None:
    """Makes every operation that has a plan run by it, from its first run on, and compares the data with the
    executor's."""
    execution.runs_before_plan = 0
    plan_of = execution._plan

    def checked(operation: Operation) -> Plan | None:
        plan = plan_of(operation)
        return None if plan is None else cast(Plan, Checked(execution, operation, plan))

    async def checked_event(operation: Operation, executor: OperationExecutor, event: Any) -> bytes:
        payload = await Execution.event_payload(execution, operation, executor, event)
        if b'"errors"' not in payload:
            result: Any = execute_subscription_event(executor.build_per_event_executor(event))
            executed = cast(ExecutionResult, await result if isawaitable(result) else result)
            assert executed.errors is None
            assert payload == orjson.dumps({"data": executed.data}), "the plan of an event and the executor differ"
        return payload

    execution._plan = checked  # type: ignore[method-assign]
    execution.event_payload = checked_event  # type: ignore[method-assign]


def uncheck_plans(execution: Execution) -> None:
    """Switches the comparison off again, for tests that count reads."""
    del execution._plan, execution.event_payload


class Checked:
    """A plan whose data is compared with the executor's."""

    def __init__(self, execution: Execution, operation: Operation, plan: Plan) -> None:
        self._execution, self._operation, self._plan = execution, operation, plan

    async def data(self, context: Context, values: VariableValues) -> dict[str, Any] | RootResult | None:
        plan = self._plan
        taken: list[Any] = []

        def write(value: Any, run: Run) -> Any:
            taken.append(value)
            return plan._write(value, run)

        data = await Plan(plan._name, plan._resolve, plan._arguments, write).data(context, values)
        if isinstance(data, dict):
            result: Any = self._execution._executor(self._operation, values, context, RootResult(taken[0]))
            result = result.execute_operation()
            executed = cast(ExecutionResult, await result if isawaitable(result) else result)
            assert executed.errors is None
            assert _timeless(data) == _timeless(executed.data), "the plan and the executor differ"
            assert list(_keys(data)) == list(_keys(executed.data)), "they differ in the order of fields"
        return data


LIFETIME = re.compile(r"expires=\d+|signature=[^&]+")
"""The parts of a statement's link that change each second. A second may end between the plan and the executor."""


def _timeless(data: Any) -> Any:
    """Returns the data with links that never change."""
    if isinstance(data, dict):
        return {name: _timeless(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_timeless(value) for value in data]
    return LIFETIME.sub("", data) if isinstance(data, str) and data.startswith("/statements/") else data


def _keys(data: Any) -> Any:
    """Returns the names of all fields, in their order."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield name
            yield from _keys(value)
    elif isinstance(data, list):
        for value in data:
            yield from _keys(value)
