"""Runs the snippets of docs/clients.md and docs/event-streams.md, and the client that the first one names, and tests
its rule about idempotency keys."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import customer
from tests.e2e.customer import DEPOSIT, TRANSFER, Customer
from tests.e2e.node import NODE, needs_node
from tests.e2e.processes import Installation, Running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
EVENT_STREAMS = (ROOT / "docs" / "event-streams.md").read_text(encoding="utf-8")
CLIENT = ROOT / "examples" / "pocketpay.js"
ADDRESS = "http://127.0.0.1:8000"
HAS = "1563.00 USD\n"
"""The balance of alice's wallet."""


GRAPHQL_SSE = ROOT / "examples" / "typescript" / "node_modules" / "graphql-sse"
DEPOSIT_ONE = "mutation ($input: DepositInput!) { deposit(input: $input) { errors { code } } }"


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start()
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []


def block(kind: str, having: str, page: str = PAGE) -> str:
    """Returns the page's only fenced block of that kind that contains this text."""
    found: list[str] = re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)
    (one,) = (text for text in found if having in text)
    return one


def run(command: list[str], script: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        command, input=script, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def in_node(script: str, folder: Path) -> str:
    """Runs a JavaScript module next to the client. Returns its output."""
    shutil.copy(CLIENT, folder / "pocketpay.js")
    (folder / "package.json").write_text('{"type": "module"}')
    return run([*NODE, "--input-type=module"], script, folder)


def started_in_node(script: str, folder: Path) -> "subprocess.Popen[str]":
    """Starts a JavaScript module next to the client. Its output is a pipe."""
    shutil.copy(CLIENT, folder / "pocketpay.js")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "main.js").write_text(script)
    return subprocess.Popen([*NODE, "main.js"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page asks with curl")
def test_the_curl_examples_return_the_printed_responses(server: Running, tmp_path: Path) -> None:
    script = block("sh", "signIn").replace(ADDRESS, server.url)
    assert run(["bash", "-e"], script, tmp_path) == block("text", "UNAUTHENTICATED")


def test_the_python_snippet_reads_the_wallet(server: Running, tmp_path: Path) -> None:
    assert run([sys.executable, "-"], block("python", "httpx").replace(ADDRESS, server.url), tmp_path) == HAS


@needs_node
def test_the_javascript_snippet_watches_the_wallet(server: Running, tmp_path: Path) -> None:
    assert in_node(block("js", "from './pocketpay.js'").replace(ADDRESS, server.url), tmp_path) == HAS


@needs_node
@pytest.mark.skipif(not GRAPHQL_SSE.exists(), reason="graphql-sse is not installed: make examples")
def test_the_event_stream_snippet_prints_the_balance_and_its_changes(server: Running, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(GRAPHQL_SSE.parent)
    snippet = block("js", "graphql-sse", EVENT_STREAMS).replace(ADDRESS, server.url)
    imported, snippet = snippet.split("\n", 1)
    script = f"""
    {imported}
    const accessToken = data.signIn.tokens.accessToken, seen = [];
    pay.signedIn(data.signIn.tokens);
    console.log = async (amount) => {{
      seen.push(Number(amount));
      if (seen.length === 1) {{
        const input = {{ amount: '1.00', bankName: 'First Bank', idempotencyKey: crypto.randomUUID() }};
        await pay.ask('{DEPOSIT_ONE}', {{ input }});
      }} else if (amount - seen[0] >= 1) {{
        process.stdout.write('paid\\n', () => process.exit(0));
      }}
    }};
    {snippet}
    """
    assert in_node(SIGNED_IN.replace("ADDRESS", server.url) + script, tmp_path) == "paid\n"


@needs_node
@pytest.mark.skipif(not GRAPHQL_SSE.exists(), reason="graphql-sse is not installed: make examples")
def test_graphql_sse_completes_queries_and_mutations_and_reports_errors(server: Running, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(GRAPHQL_SSE.parent)
    script = """
    import { createClient } from 'graphql-sse';
    const headers = { Authorization: `Bearer ${data.signIn.tokens.accessToken}` };
    const events = createClient({ url: 'ADDRESS/graphql', headers, retryAttempts: 0 });
    const results = async (query, variables) => {
      const found = [];
      for await (const result of events.iterate({ query, variables })) found.push(result);
      return found;
    };
    const [query] = await results('{ viewer { username } }');
    const [unknown] = await results('{ unknown }');
    const [anonymous] = await results('mutation { revokeSession(id: "session_1") { errors { code } } }');
    end([query.data.viewer.username, unknown.errors[0].extensions.code, Object.keys(anonymous)[0]].join());
    """.replace("ADDRESS", server.url)
    found = in_node(SIGNED_IN.replace("ADDRESS", server.url) + script, tmp_path)
    assert found == "bob,GRAPHQL_VALIDATION_FAILED,data\n"


@needs_node
@pytest.mark.skipif(not GRAPHQL_SSE.exists(), reason="graphql-sse is not installed: make examples")
def test_graphql_sse_connects_again_when_the_server_has_restarted(installation: Installation, tmp_path: Path) -> None:
    """The server stops when the client has its first event, and starts again at the same port."""
    first = installation.start()
    script = """
    import { createClient } from 'graphql-sse';
    const headers = { Authorization: `Bearer ${data.signIn.tokens.accessToken}` };
    const retry = () => new Promise((again) => setTimeout(again, 100));
    const events = createClient({ url: 'ADDRESS/graphql', headers, retryAttempts: 600, retry });
    let seen = 0;
    for await (const { data } of events.iterate({ query: 'subscription { balanceChanged { version } }' })) {
      console.log(data.balanceChanged.version > 0);
      if (++seen === 2) process.exit(0);
    }
    """.replace("ADDRESS", first.url)
    (tmp_path / "node_modules").symlink_to(GRAPHQL_SSE.parent)
    client = started_in_node(SIGNED_IN.replace("ADDRESS", first.url) + script, tmp_path)
    try:
        assert client.stdout is not None
        assert client.stdout.readline() == "true\n"
        assert first.stop() == 0
        again = installation.start(PORT=first.url.rpartition(":")[2])
        assert client.communicate(timeout=60) == ("true\n", "")
        assert client.returncode == 0
    finally:
        client.kill()
        client.wait()
    assert again.stop() == 0
    assert first.tracebacks() + again.tracebacks() == []


SIGNED_IN = """
import { pocketPay } from './pocketpay.js';
const sent = [], post = globalThis.fetch;
globalThis.fetch = (url, options) => { sent.push(options.body); return post(url, options); };
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken refreshToken } } }';
const pay = pocketPay('ADDRESS/graphql');
const { data } = await pay.ask(SIGN_IN, { input: { login: 'bob', password: 'pocket-pay-demo' } });
const { refreshToken } = data.signIn.tokens;
const refreshes = () => sent.filter((body) => body.includes('refreshSession')).length;
const end = (what) => { console.log(what); process.exit(0); };
"""


@needs_node
def test_javascript_refreshes_once_for_all_requests_that_need_it(server: Running, tmp_path: Path) -> None:
    script = """
    pay.signedIn({ accessToken: 'expired', refreshToken });
    const answers = await Promise.all(Array.from({ length: 5 }, () => pay.ask('{ viewer { username } }')));
    end([...answers.map(({ data }) => data.viewer.username), refreshes()].join());
    """
    assert in_node(SIGNED_IN.replace("ADDRESS", server.url) + script, tmp_path) == "bob,bob,bob,bob,bob,1\n"


@needs_node
def test_javascript_reconnects_with_a_fresh_token_but_not_for_a_revoked_session(
    server: Running, tmp_path: Path
) -> None:
    """An invalid token closes the socket with 4403; signing out closes it with 4401."""
    script = """
    pay.signedIn({ accessToken: 'expired', refreshToken });
    pay.subscribe('subscription { balanceChanged { version } }', () => {
      console.log(refreshes());
      pay.ask('mutation { signOut { errors { code } } }');
    }, end);
    """
    assert in_node(SIGNED_IN.replace("ADDRESS", server.url) + script, tmp_path) == "1\n4401\n"


@needs_node
def test_javascript_asks_to_sign_in_again_when_the_refresh_token_is_not_valid(
    server: Running, tmp_path: Path
) -> None:
    script = """
    pay.signedIn({ accessToken: 'expired', refreshToken: 'unknown' });
    pay.subscribe('subscription { balanceChanged { version } }', console.log, end);
    """
    assert in_node(SIGNED_IN.replace("ADDRESS", server.url) + script, tmp_path) == "INVALID_TOKEN\n"


@needs_node
def test_javascript_receives_the_changes_of_the_time_it_was_disconnected(server: Running, tmp_path: Path) -> None:
    """The test closes the snippet's first socket. Until a deposit is made, connecting fails at least once."""
    script = f"""
    const MADE = 'mutation ($input: DepositInput!) {{ deposit(input: $input) {{ transaction {{ id }} }} }}';
    const Plain = globalThis.WebSocket;
    let away = false, failed = 0, socket;
    globalThis.WebSocket = class extends Plain {{
      constructor(url, protocol) {{
        super(away ? 'ws://127.0.0.1:9' : url, protocol);
        socket = this;
        if (away) this.addEventListener('error', () => failed++);
      }}
    }};
    pay.signedIn(data.signIn.tokens);
    {block("js", "transactionUpdated")}
    while (!transactions.size) await new Promise((again) => setTimeout(again, 20));
    const before = since;
    away = true;
    socket.close();
    while (!failed) await new Promise((again) => setTimeout(again, 20));
    const input = {{ amount: '1.00', bankName: 'First Bank', idempotencyKey: crypto.randomUUID() }};
    const {{ id }} = (await pay.ask(MADE, {{ input }})).data.deposit.transaction;
    away = false;
    while (!transactions.has(id)) await new Promise((again) => setTimeout(again, 20));
    end([transactions.get(id).status, since > before].join());
    """
    assert in_node(SIGNED_IN.replace("ADDRESS", server.url) + script, tmp_path) == "COMPLETED,true\n"


# ------------------------------------------------------------ keys

REQUEST = """mutation ($input: RequestMoneyInput!) {
  requestMoney(input: $input) { moneyRequest { id } errors { code } } }"""
CARD = "mutation ($input: IssueCardInput!) { issueCard(input: $input) { card { id } errors { code } } }"
WITHDRAW = """mutation ($input: WithdrawInput!) {
  withdraw(input: $input) { transaction { status } errors { code } } }"""
BATCH = """mutation ($input: TransferBatchInput!) {
  transferBatch(input: $input) { results { transaction { status } errors { code } } errors { code } } }"""


async def first_code(who: Customer, document: str, key: str, **input: Any) -> tuple[str | None, bool]:
    """Sends a mutation. Returns the code of its first error, and whether it created something."""
    payload = await who.ask(document, input={"idempotencyKey": key, **input})
    results = payload.get("results") or [payload]
    codes = [error["code"] for one in (payload, *results) for error in one["errors"]]
    made = [one.get(name) for one in results for name in ("transaction", "moneyRequest", "card")]
    return (codes[0] if codes else None), any(made)


Case = tuple[str, str, dict[str, Any], dict[str, Any]]
"""A mutation, the expected code for the first input, that input, and a valid input."""

FREE: dict[str, Case] = {
    "a transfer to an unknown user": (
        TRANSFER,
        "RECIPIENT_NOT_FOUND",
        {"to": "nobody_here", "amount": "1.00", "description": "x"},
        {"to": "bob", "amount": "1.00", "description": "x"},
    ),
    "a transfer of zero": (
        TRANSFER,
        "INVALID_AMOUNT",
        {"to": "bob", "amount": "0.00", "description": "x"},
        {"to": "bob", "amount": "1.00", "description": "x"},
    ),
    "a deposit above the limit": (
        DEPOSIT,
        "LIMIT_EXCEEDED",
        {"amount": "10000.01", "bankName": "First Bank"},
        {"amount": "1.00", "bankName": "First Bank"},
    ),
    "a request to an unknown user": (
        REQUEST,
        "RECIPIENT_NOT_FOUND",
        {"from": "nobody_here", "amount": "1.00", "description": "x"},
        {"from": "bob", "amount": "1.00", "description": "x"},
    ),
    "a card without a name": (CARD, "INVALID_INPUT", {"label": " "}, {"label": "Books"}),
    "a batch without a successful item": (
        BATCH,
        "RECIPIENT_NOT_FOUND",
        {"transfers": [{"to": "nobody_here", "amount": "1.00", "description": "x"}]},
        {"transfers": [{"to": "bob", "amount": "1.00", "description": "x"}]},
    ),
}
USED: dict[str, Case] = {
    "a transfer without funds": (
        TRANSFER,
        "INSUFFICIENT_FUNDS",
        {"to": "bob", "amount": "5000.00", "description": "x"},
        {"to": "bob", "amount": "1.00", "description": "x"},
    ),
    "a withdrawal without funds": (
        WITHDRAW,
        "INSUFFICIENT_FUNDS",
        {"amount": "4000.00", "bankName": "First Bank"},
        {"amount": "1.00", "bankName": "First Bank"},
    ),
    "a batch with one successful item": (
        BATCH,
        "RECIPIENT_NOT_FOUND",
        {
            "transfers": [
                {"to": "bob", "amount": "1.00", "description": "x"},
                {"to": "nobody_here", "amount": "1.00", "description": "x"},
            ]
        },
        {"transfers": [{"to": "bob", "amount": "1.00", "description": "x"}]},
    ),
}


@pytest.mark.parametrize("case", FREE)
async def test_the_key_of_a_request_that_created_nothing_can_be_used_again(server: Running, case: str) -> None:
    document, code, wrong, right = FREE[case]
    async with customer.at(server.url) as http:
        someone, key = await customer.sign_up(http), customer.key()
        assert await first_code(someone, document, key, **wrong) == (code, False)
        assert await first_code(someone, document, key, **right) == (None, True)


@pytest.mark.parametrize("case", USED)
async def test_the_key_of_a_request_that_created_something_cannot_be_used_again(server: Running, case: str) -> None:
    document, code, wrong, right = USED[case]
    async with customer.at(server.url) as http:
        someone, key = await customer.sign_up(http), customer.key()
        assert await first_code(someone, document, key, **wrong) == (code, True)
        assert await first_code(someone, document, key, **right) == ("IDEMPOTENCY_KEY_REUSED", False)
        assert await first_code(someone, document, key, **wrong) == (code, True)
