"""`scripts/bank-smoke` makes one deposit and one withdrawal, and does nothing without a test key."""

import asyncio
import re
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

from tests.banking.stripe.customers import Customer

SCRIPT = Path(__file__).parents[3] / "scripts" / "bank-smoke"


@pytest.fixture
def smoke(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = spec_from_loader("bank_smoke", SourceFileLoader("bank_smoke", str(SCRIPT)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_it_makes_one_deposit_and_one_withdrawal_and_says_so(
    customer: Customer, smoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def say(text: str) -> None:
        """A person reads what the script says, and does it; the bank does its part."""
        said.append(text)
        if "open http" in text:
            opened = re.findall(r"open (\S+)", text)[0]
            if "checkout" in opened:
                customer.platform.act("checkout", opened.rsplit("/", 1)[1], "finish")
            else:
                customer.platform.act("accounts", customer.objects("account")[0]["id"], "onboard")

    async def settle_all() -> None:
        while len(said) < 8:
            for kind, verb in (("payment_intent", "settle"), ("payout", "pay")):
                for one in customer.objects(kind):
                    if one["status"] in ("processing", "pending"):
                        customer.platform.act(f"{kind}s", one["id"], verb)
            await asyncio.sleep(0)

    monkeypatch.setattr(smoke, "say", say)
    customer.platform.top_up(2_000)
    run = smoke.Smoke(customer.bank, customer.platform.client, seconds=60, pause=0)
    banks = asyncio.create_task(settle_all())
    assert await run.run()
    banks.cancel()
    assert [one for one in said if one.startswith("One ")][1::2] == [
        "One deposit: settled",
        "One withdrawal: settled",
    ]
    assert (len(customer.objects("payment_intent")), len(customer.objects("payout"))) == (1, 1)


@pytest.mark.parametrize(
    ("key", "code", "sentence"),
    [(None, 0, "There is no STRIPE_SECRET_KEY, so nothing was done"), ("sk_live_1", 1, "is not a test key")],
)
def test_without_a_test_key_it_does_nothing(
    smoke: Any,
    key: str | None,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("STRIPE_SECRET_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    assert smoke.main() == code
    assert sentence in "".join(capsys.readouterr())
