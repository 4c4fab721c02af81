"""Executes prepared operations with graphql-core and formats the response for the client."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, NamedTuple, cast

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema
from graphql.execution.execute import execute_subscription_event
from graphql.execution.executor import default_field_resolver, default_type_resolver
from graphql.execution.values import VariableValues
from strawberry.execution import optimized_is_awaitable

from pocketpay.api.bad_input import BAD_USER_INPUT, BadUserInput
from pocketpay.api.context import Context
from pocketpay.database.failures import ServiceBusy
from pocketpay.identity import networks
from pocketpay.serving.documents import Documents, Operation, PreparedDocument
from pocketpay.serving.executor import OperationExecutor, RootResult, plain_fields_of
from pocketpay.serving.failures import (
    DOCUMENT_NOT_TRUSTED,
    INTERNAL,
    SERVICE_BUSY,
    formatted,
    in_currency,
    is_about_an_amount,
)
from pocketpay.serving.new_documents import NewDocuments, Share, TooManyNewDocuments
from pocketpay.serving.plans import NO_VARIABLES, EventPlan, Plan, Plans
from pocketpay.serving.tags import OTHER, Tag
from pocketpay.serving.variables import Variables

NO_SUBSCRIPTIONS = BadUserInput(
    "Send subscriptions over a websocket with graphql-transport-ws, or by POST with `Accept: text/event-stream`."
)

NOT_TRUSTED = GraphQLError(
    "This server executes only the documents of its own clients. The requested document is not one of them.",
    extensions={"code": DOCUMENT_NOT_TRUSTED},
)

SIGNED_IN_SHARE = Share(share=1 / 10, burst_seconds=0.5)
ANONYMOUS_SHARE = Share(share=1 / 50, burst_seconds=0.1)
"""A new version of a client sends about ten new documents at once; preparing one takes 1 to 5 ms."""

RUNS_BEFORE_PLAN = 1
"""Requests of an operation before its plan is compiled. Compiling takes 100 to 500 µs, which is a few executions."""


class Answer(NamedTuple):
    """A response, and the tag of its operation for the metrics."""

    payload: dict[str, Any]
    tag: Tag


class Execution:
    """Executes GraphQL requests for one server."""

    def __init__(
        self,
        schema: GraphQLSchema,
        documents: Documents,
        *,
        turns: bool = False,
        only_trusted: bool = False,
        runs_before_plan: int = RUNS_BEFORE_PLAN,
    ) -> None:
        """`turns` limits the time spent on new documents, separately for signed-in and anonymous requests.
        `only_trusted` rejects all documents except the trusted ones."""
        self._schema, self.documents, self._only_trusted = schema, documents, only_trusted
        self.runs_before_plan = runs_before_plan
        self.pushes: Counter[str] = Counter()
        """The events of subscriptions that were sent, by the label of the operation."""
        self._plain_fields, self._plans = plain_fields_of(schema), Plans(schema)
        self._turns = (NewDocuments(**SIGNED_IN_SHARE), NewDocuments(**ANONYMOUS_SHARE)) if turns else None
        """The queues of signed-in and of anonymous requests."""

    async def answer(
        self,
        text: str,
        operation_name: str | None,
        variables: dict[str, Any] | None,
        context: Context,
        *,
        with_cost: bool = False,
    ) -> Answer:
        """Answers a query or a mutation; `with_cost` adds its cost. Raises no exception: errors are in the
        response."""
        try:
            operation = await self.find_operation(text, operation_name, variables, context)
        except Rejected as rejected:
            return rejected.answer(context.request_id)
        answer = await self.run(operation, variables, context)
        return self.add_cost(answer, operation, variables) if with_cost else answer

    def add_cost(self, answer: Answer, operation: Operation, variables: dict[str, Any] | None) -> Answer:
        """Returns the answer with the cost of its document, in `extensions.cost`."""
        answer.payload["extensions"] = {"cost": self.documents.cost(operation, variables)}
        return answer

    async def find_operation(
        self, text: str, name: str | None, variables: Mapping[str, Any] | None, context: Context
    ) -> Operation:
        """Returns the requested operation. A new document waits for its turn. Raises Rejected on any error."""
        prepared = self.documents.cached(text, anonymous=context.viewer is None)
        if prepared is None:
            prepared = await self._prepared(text, context)
        if prepared.errors:
            raise Rejected(await self.with_currency(prepared.errors, context))
        return self._operation(prepared, name, variables)

    async def with_currency(self, errors: list[GraphQLError], context: Context) -> list[GraphQLError]:
        """Returns the errors; messages about an Amount name the currency of the viewer's wallet."""
        if context.viewer is None or not any(is_about_an_amount(error) for error in errors):
            return errors
        try:
            currency = await context.services.desk.resolver.currency(context.viewer.wallet_id)
        except ServiceBusy:
            return errors
        return [in_currency(error, currency) for error in errors]

    async def run(self, operation: Operation, variables: dict[str, Any] | None, context: Context) -> Answer:
        """Executes a query or a mutation. Raises no exception: errors are in the response."""
        if operation.type == "subscription":
            return Rejected([NO_SUBSCRIPTIONS]).answer(context.request_id)
        values = self._values(operation, variables)
        if isinstance(values, list):
            rejected = Rejected(await self.with_currency(values, context))
            return rejected.answer(context.request_id, operation)
        return await self.execute(operation, values, context)

    async def execute(self, operation: Operation, values: VariableValues, context: Context) -> Answer:
        """The same as `run`, with variables that are already checked."""
        root_result = None
        plan = self._plan(operation)
        if plan is not None:
            data = await plan.data(context, values)
            if isinstance(data, dict):
                return Answer({"data": data}, operation.ok)
            root_result = data
        result = self._executor(operation, values, context, root_result).execute_operation()
        if isawaitable(result):
            result = await result
        return answer_from(cast(ExecutionResult, result), operation, context.request_id)

    async def _prepared(self, text: str, context: Context) -> PreparedDocument:
        """Prepares a new document at its turn. Raises Rejected when too many wait, or when it is not trusted."""
        if self._only_trusted:
            raise Rejected([NOT_TRUSTED])
        viewer = context.viewer
        prepare = partial(self.documents.prepared, text, anonymous=viewer is None)
        if self._turns is None:
            return prepare()
        signed_in, anonymous = self._turns
        try:
            if viewer is None:
                return await anonymous.turn(networks.network(context.address), prepare)
            return await signed_in.turn(viewer.user_id, prepare)
        except TooManyNewDocuments as error:
            raise Rejected([error]) from None

    def _operation(
        self, prepared: PreparedDocument, name: str | None, variables: Mapping[str, Any] | None
    ) -> Operation:
        """Returns the requested operation. Raises Rejected when there is none or it exceeds a limit."""
        try:
            operation = prepared.operation(name)
            if operation.recheck:
                self.documents.check_cost(operation, variables)
        except GraphQLError as error:
            raise Rejected([error]) from None
        return operation

    def executor(
        self, operation: Operation, variables: dict[str, Any] | None, context: Context
    ) -> OperationExecutor | list[GraphQLError]:
        """Returns an executor for one run of the operation, or the errors of its variables."""
        values = self._values(operation, variables)
        return values if isinstance(values, list) else self._executor(operation, values, context)

    def _values(self, operation: Operation, variables: dict[str, Any] | None) -> VariableValues | list[GraphQLError]:
        """Returns the variables of one run, or their errors."""
        if not operation.node.variable_definitions:
            return NO_VARIABLES
        if operation.variables is None:
            operation.variables = Variables(self._schema, operation.node.variable_definitions)
        return operation.variables.values(variables or {})

    async def event_payload(self, operation: Operation, executor: OperationExecutor, event: Any) -> bytes:
        """Returns the response to one event of a subscription as JSON, cached for other subscribers of the state."""
        self.pushes[operation.label] += 1
        plan = self._event_plan(operation)
        cached = None if plan is None else plan.cached_payload(event)
        if cached is not None:
            return cached
        answer = await self.event(plan, operation, executor, event)
        payload = orjson.dumps(answer.payload)
        if plan is not None and answer.tag.outcome == "ok":
            plan.cache(event, payload)
        return payload

    async def event(
        self, plan: EventPlan | None, operation: Operation, executor: OperationExecutor, event: Any
    ) -> Answer:
        """Returns the response to one event of a subscription."""
        context = executor.context_value
        if plan is not None:
            data = await plan.data(event, context.fresh(), executor.variable_values)
            if data is not None:
                return Answer({"data": data}, operation.ok)
        result = execute_subscription_event(executor.build_per_event_executor(event))
        if isawaitable(result):
            result = await result
        return answer_from(result, operation, context.request_id)

    def _plan(self, operation: Operation) -> Plan | None:
        """Returns the operation's plan, compiled for its second request: many documents are sent only once."""
        if self._should_compile(operation):
            operation.plan = self._plans.plan(operation)
        return operation.plan

    def _event_plan(self, operation: Operation) -> EventPlan | None:
        """Returns the plan for the events of a subscription. It is compiled for the second event."""
        if self._should_compile(operation):
            operation.event_plan = self._plans.event_plan(operation)
        return operation.event_plan

    def _should_compile(self, operation: Operation) -> bool:
        if operation.runs > self.runs_before_plan:
            return False
        operation.runs += 1
        return operation.runs > self.runs_before_plan

    def _executor(
        self, operation: Operation, values: VariableValues, context: Context, root_result: RootResult | None = None
    ) -> OperationExecutor:
        return OperationExecutor(
            self._schema,
            operation.fragment_definitions,
            operation.fragments,
            None,
            context,
            operation.node,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=True,
            plain_fields=self._plain_fields,
            selected=operation.selected,
            root_result=root_result,
        )


class Rejected(Exception):
    """Raised when a request is not executed; `errors` holds the reasons."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors

    def answer(self, request_id: str, operation: Operation | None = None) -> Answer:
        """Returns the response. `operation` is the one that is rejected, when it is known."""
        errors = formatted(self.errors, BAD_USER_INPUT, request_id)
        type_, label = ("none", OTHER) if operation is None else (operation.type, operation.label)
        return Answer({"errors": errors}, Tag(type_, label, "rejected", _code(errors)))


def answer_from(result: ExecutionResult, operation: Operation, request_id: str) -> Answer:
    """Returns the response for an execution's result."""
    if not result.errors:
        return Answer({"data": result.data}, operation.ok)
    errors = formatted(result.errors, BAD_USER_INPUT, request_id)
    return Answer({"data": result.data, "errors": errors}, tag_of(operation, errors))


def tag_of(operation: Operation, errors: list[dict[str, Any]]) -> Tag:
    """Returns the tag of an operation with these errors. The most severe error decides."""
    code = _code(errors)
    outcome = "internal" if code == INTERNAL else "busy" if code == SERVICE_BUSY else "errors"
    return Tag(operation.type, operation.label, outcome, code)


def _code(errors: list[dict[str, Any]]) -> str:
    """Returns the code of the most severe error."""
    codes = [str(error["extensions"]["code"]) for error in errors]
    return next((code for code in (INTERNAL, SERVICE_BUSY) if code in codes), codes[0])
