"""Pays a user, and confirms the payment when it is risky. Needs only the standard library.

    python examples/pay.py alice pocket-pay-demo carol 25.00

Because of the idempotency key, the payment can be sent again after a lost answer: it moves money only once.
"""

import uuid

from client import Failed, ask, sign_in
from command_line import arguments, failures_printed

OUTCOME = "{ transaction { id status riskReasons { message } } wallet { available { amount } } errors { message } }"

PAY = f"""mutation ($to: String!, $amount: Amount!, $key: String!) {{
  transfer(input: {{to: $to, amount: $amount, description: "From the example", idempotencyKey: $key}}) {OUTCOME} }}"""

CONFIRM = f"mutation ($id: ID!) {{ confirmTransfer(id: $id) {OUTCOME} }}"


def pay(url: str, token: str, to: str, amount: str) -> None:
    paid = ask(url, PAY, token, to=to, amount=amount, key=str(uuid.uuid4()))
    if paid["transaction"]["status"] == "PENDING_CONFIRMATION":
        for reason in paid["transaction"]["riskReasons"]:
            print(reason["message"])
        if not says_yes(f"Pay {to} {amount}? [y/N] "):
            raise Failed("Not confirmed: the money is held until the payment expires.")
        paid = ask(url, CONFIRM, token, id=paid["transaction"]["id"])
    print(f"{paid['transaction']['status']}: {paid['wallet']['available']['amount']} left to spend.")


def says_yes(question: str) -> bool:
    try:
        return input(question).strip().lower() == "y"
    except (EOFError, KeyboardInterrupt):
        return False


if __name__ == "__main__":
    login, password, to, amount, url = arguments(__doc__, "login", "password", "to", "amount")
    with failures_printed():
        pay(url, sign_in(url, login, password), to, amount)
