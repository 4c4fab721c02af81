"""Pays somebody, and answers when the server asks. The standard library is all it needs.

    python examples/pay.py alice pocket-pay-demo carol 25.00

The key makes it safe to send the payment again after a lost answer: it moves money once.
"""

import json
import sys
import urllib.request
import uuid
from typing import Any

URL = "http://127.0.0.1:8000/graphql"

SIGN_IN = """mutation ($login: String!, $password: String!) {
  signIn(input: {login: $login, password: $password}) { tokens { accessToken } errors { message } } }"""

OUTCOME = "{ transaction { id status riskReasons { message } } wallet { available { amount } } errors { message } }"

PAY = f"""mutation ($to: String!, $amount: Amount!, $key: String!) {{
  transfer(input: {{to: $to, amount: $amount, description: "From the example", idempotencyKey: $key}}) {OUTCOME} }}"""

CONFIRM = f"mutation ($id: ID!) {{ confirmTransfer(id: $id) {OUTCOME} }}"


def ask(url: str, document: str, token: str | None = None, **variables: str) -> Any:
    """What the document's one field answers; what the product refuses ends the program with its words."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=15) as response:
        answer = json.load(response)
    if "errors" in answer:
        sys.exit(answer["errors"][0]["message"])
    (payload,) = answer["data"].values()
    if payload["errors"]:
        sys.exit(payload["errors"][0]["message"])
    return payload


def main(login: str, password: str, to: str, amount: str, url: str = URL) -> None:
    token = ask(url, SIGN_IN, login=login, password=password)["tokens"]["accessToken"]
    paid = ask(url, PAY, token, to=to, amount=amount, key=str(uuid.uuid4()))
    if paid["transaction"]["status"] == "PENDING_CONFIRMATION":
        for reason in paid["transaction"]["riskReasons"]:
            print(reason["message"])
        if input(f"Pay {to} {amount}? [y/N] ").strip().lower() != "y":
            sys.exit("Not confirmed: the money is held until the payment expires.")
        paid = ask(url, CONFIRM, token, id=paid["transaction"]["id"])
    print(f"{paid['transaction']['status']}: {paid['wallet']['available']['amount']} left to spend.")


if __name__ == "__main__":
    main(*sys.argv[1:])
