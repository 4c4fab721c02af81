"""Direct pushes: a subscriber receives, byte for byte, the messages that its subscription's task would send."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from pocketpay.api.schema import schema
from pocketpay.payments import deposit
from pocketpay.serving.connections.protocol import protocol_of
from pocketpay.serving.connections.websocket import Events, WebSocketProtocol
from tests.checked_plans import uncheck_plans
from tests.clients import Client, Listening, Person, listening, serving
from tests.conftest import Dsns

CHANGES = 3

LOADED = (
    "id __typename",
    "limits { kind }",
    "transactions(first: 1) { edges { node { id } } }",
    "version @skip(if: false)",
)
"""Selections whose responses depend on more than the wallet, or that have no plan."""


def _leaves(type_: GraphQLObjectType) -> Iterator[str]:
    for name, field in type_.fields.items():
        if not any(is_required_argument(argument) for argument in field.args.values()) and is_leaf_type(
            get_named_type(field.type)
        ):
            yield name


def _selections() -> Iterator[str]:
    """Every field of a wallet that needs no argument, alone and together with others."""
    wallet = schema._schema.type_map["Wallet"]
    assert isinstance(wallet, GraphQLObjectType)
    yield from _leaves(wallet)
    for name in ("balance", "held", "available"):
        type_ = get_named_type(wallet.fields[name].type)
        assert isinstance(type_, GraphQLObjectType)
        yield f"{name} {{ {' '.join(_leaves(type_))} }}"
    yield " ".join(_leaves(wallet))


DIRECT = [
    *(f"subscription {{ balanceChanged {{ {selection} }} }}" for selection in _selections()),
    "subscription S { mine: balanceChanged { b: balance { amount } v: version } }",
    "subscription { balanceChanged { ...F __typename } } fragment F on Wallet { version ... on Wallet { id } }",
]
OTHERS = [f"subscription {{ balanceChanged {{ {selection} }} }}" for selection in LOADED[1:]]

IDS = ["1", "", '"\\\n', "é", "☃" * 30, *("x" * size for size in (20, 40, 60, 80, 125, 126, 127, 60_000))]
"""Ids of operations. With them the frames have all three forms of a length, and JSON has escapes."""


@asynccontextmanager
async def acknowledged(server: Listening, by: Person) -> AsyncIterator[ClientConnection]:
    uri, protocols = f"ws://127.0.0.1:{server.port}/graphql", [Subprotocol("graphql-transport-ws")]
    async with connect(uri, subprotocols=protocols, compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"token": by.token}}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        yield socket


async def follow(sockets: list[ClientConnection], documents: list[tuple[str, str]]) -> list[list[str]]:
    """Subscribes on each socket with these ids and documents, changes nothing. Returns the first messages."""
    for socket in sockets:
        for id, query in documents:
            await socket.send(json.dumps({"type": "subscribe", "id": id, "payload": {"query": query}}))
    return await messages(sockets, len(documents))


async def messages(sockets: list[ClientConnection], count: int) -> list[list[str]]:
    """The next `count` messages of each socket, sorted: subscriptions are served in any order."""

    async def read(socket: ClientConnection) -> list[str]:
        async with asyncio.timeout(10):
            return sorted([str(await socket.recv()) for _ in range(count)])

    return [await read(socket) for socket in sockets]


async def pay_in(client: Client, whose: Person, number: int) -> None:
    viewer = await client.services.identity.gate.viewer(whose.token)
    assert viewer is not None
    await deposit.deposit(
        client.services.desk, viewer.wallet_id, raw_amount="1.00", raw_bank_name="Bank", raw_key=f"deposit-{number}"
    )


class Written:
    """The texts that were written directly."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        write = WebSocketProtocol.write_text

        def record(protocol: WebSocketProtocol, text: bytes) -> bool:
            done = write(protocol, text)
            if done:
                self.texts.append(text.decode())
            return done

        monkeypatch.setattr(WebSocketProtocol, "write_text", record)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    return Written(monkeypatch)


@asynccontextmanager
async def both(dsn: str) -> AsyncIterator[tuple[Client, Listening, Listening]]:
    """One server behind two ports: with the product's protocol, and with uvicorn's, which pushes nothing directly."""
    many = {"socket_subscriptions": 200, "sockets_per_user": 10}
    async with serving(dsn, **many) as client, AsyncExitStack() as open_:
        state = client.app.state
        direct = await open_.enter_async_context(
            listening(client, http=protocol_of(state.connections, state.responder))
        )
        yield client, direct, await open_.enter_async_context(listening(client))


async def test_direct_pushes_are_byte_for_byte_those_of_the_task(database_dsn: Dsns, written: Written) -> None:
    documents = [(f"d{number}", query) for number, query in enumerate(DIRECT)]
    documents += [(id, DIRECT[-3]) for id in IDS]
    others = [(f"o{number}", query) for number, query in enumerate(OTHERS)]
    async with both(database_dsn.server) as (client, direct, ordinary):
        ada = await client.sign_up("ada")
        async with acknowledged(direct, ada) as here, acknowledged(ordinary, ada) as there:
            sockets = [here, there]
            one, other = await follow(sockets, documents + others)
            assert one == other
            for number in range(CHANGES):
                written.texts.clear()
                await pay_in(client, ada, number)
                one, other = await messages(sockets, len(documents + others))
                assert one == other
                pushed = sorted(json.loads(text)["id"] for text in written.texts)
                assert pushed == sorted(id for id, _ in documents)


async def test_a_document_is_pushed_directly_from_its_third_event_on_and_every_event_is_counted(
    database_dsn: Dsns, written: Written
) -> None:
    """The second event compiles the plan."""
    async with both(database_dsn.server) as (client, direct, _):
        execution = client.app.state.server_context.execution
        uncheck_plans(execution)
        execution.runs_before_plan = 1
        ada = await client.sign_up("ada")
        async with acknowledged(direct, ada) as socket:
            ((first,),) = await follow([socket], [("1", "subscription { balanceChanged { version } }")])
            for number in range(CHANGES):
                await pay_in(client, ada, number)
                await messages([socket], 1)
            version = json.loads(first)["payload"]["data"]["balanceChanged"]["version"]
        pushed = [json.loads(text)["payload"]["data"]["balanceChanged"]["version"] for text in written.texts]
        assert pushed == [version + 2, version + 3]
        assert sum(execution.pushes.values()) == 1 + CHANGES


async def test_each_customer_is_pushed_the_own_balance_only(database_dsn: Dsns, written: Written) -> None:
    async with both(database_dsn.server) as (client, direct, _):
        people = [await client.sign_up(name) for name in ("ada", "bob")]
        async with acknowledged(direct, people[0]) as adas, acknowledged(direct, people[1]) as bobs:
            await follow([adas, bobs], [("1", "subscription { balanceChanged { balance { amount } } }")])
            for number, (who, socket) in enumerate(zip(people * 2, [adas, bobs] * 2, strict=True)):
                await pay_in(client, who, number)
                ((message,),) = await messages([socket], 1)
                amount = json.loads(message)["payload"]["data"]["balanceChanged"]["balance"]["amount"]
                assert amount == f"{100 + 1 + number // 2}.00"
        assert len(written.texts) == 4


@pytest.mark.parametrize("ending", ["the transport is closed", "aborted", "stopped", "closed", "unread"])
async def test_a_websocket_that_is_not_open_or_not_read_takes_no_text_and_raises_nothing(
    database_dsn: Dsns, ending: str
) -> None:
    async with both(database_dsn.server) as (client, direct, _):
        ada = await client.sign_up("ada")
        async with acknowledged(direct, ada) as socket:
            (protocol,) = direct.server.server_state.connections
            assert isinstance(protocol, WebSocketProtocol)
            assert protocol.write_text(b'{"type":"pong"}')
            assert await socket.recv() == '{"type":"pong"}'
            match ending:
                case "the transport is closed":
                    protocol.transport.close()
                case "aborted":
                    protocol.transport.abort()
                case "stopped":
                    protocol.shutdown()
                case "closed":
                    await protocol.send({"type": "websocket.close", "code": 4401, "reason": "Session revoked"})
                case "unread":
                    protocol.pause_writing()
            assert not protocol.write_text(b"{}")
            if ending == "unread":
                protocol.resume_writing()
                assert protocol.write_text(b"{}")
            else:
                with pytest.raises(ConnectionClosed):
                    await socket.recv()


async def test_a_reader_gets_all_events_of_a_websocket_in_order_even_when_it_was_cancelled() -> None:
    events = Events()
    cancelled = asyncio.create_task(events.get())
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    reader = asyncio.create_task(events.get())
    await asyncio.sleep(0)
    for text in ("1", "2", "3"):
        events.put_nowait({"type": "websocket.receive", "text": text})
    assert [(await event)["text"] for event in (reader, events.get())] == ["1", "2"]  # type: ignore[typeddict-item]
    assert not events.empty()
    await events.get()
    assert events.empty()
