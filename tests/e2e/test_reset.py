"""`make reset`: removes all data and creates the demo people again."""

import httpx

from pocketpay.onboarding.demo import PASSWORD
from tests.e2e.processes import Installation, Running

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }"
SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { errors { code } } }"
BALANCE = "{ wallet { available { amount } } }"
DEPOSIT = """mutation { deposit(input: {amount: "5.00", bankName: "A Bank", idempotencyKey: "a deposit"}) {
  errors { code } } }"""


def ask(server: Running, document: str, token: str | None = None, **variables: object) -> object:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"query": document, "variables": variables}
    answer = httpx.post(f"{server.url}/graphql", json=body, headers=headers, trust_env=False).json()
    (value,) = answer["data"].values()
    return value


def token_of(server: Running, username: str) -> str | None:
    signed_in = ask(server, SIGN_IN, input={"login": username, "password": PASSWORD})
    assert isinstance(signed_in, dict)
    tokens: dict[str, str] | None = signed_in["tokens"]
    return tokens["accessToken"] if tokens else None


def test_reset_waits_for_the_server_to_stop_and_then_creates_new_demo_people(installation: Installation) -> None:
    first = installation.start()
    old_token = token_of(first, "alice")
    assert ask(first, DEPOSIT, old_token) == {"errors": []}
    zoe = {"username": "zoe_1", "name": "Zoe", "password": PASSWORD, "email": "zoe@example.com"}
    assert ask(first, SIGN_UP, input=zoe) == {"errors": []}

    refused = installation.run("reset")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"A server is running on the data in {installation.data}: stop it, then try again.\n"
    assert ask(first, BALANCE, old_token) == {"available": {"amount": "1568.00"}}
    assert first.stop() == 0

    done = installation.run("reset")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Sign in as alice, bob or carol")
    assert installation.postgres() == []

    second = installation.start()
    assert ask(second, BALANCE, token_of(second, "alice")) == {"available": {"amount": "1563.00"}}
    assert ask(second, BALANCE, old_token) is None
    assert token_of(second, "zoe_1") is None
    assert second.stop() == 0


def test_reset_is_refused_without_demo_people(installation: Installation) -> None:
    for settings in ({"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, {"ENVIRONMENT": "production"}):
        refused = installation.run("reset", SECRET_KEY="a key for tests, thirty-two bytes or more", **settings)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
        assert refused.stderr.startswith("Demo users need development mode")
