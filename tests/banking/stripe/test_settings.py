"""The settings of the bank on Stripe: what is missing or contradictory stops the start with one sentence."""

import re
from importlib import util
from pathlib import Path
from typing import Any

import pytest

import pocketpay
from pocketpay.banking import provider
from pocketpay.banking.provider import close_bank, open_bank
from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.banking.stripe.bank import StripeBank
from pocketpay.database.sessions import Database
from pocketpay.serving import redaction
from pocketpay.settings import Settings, SettingsError, changed, load

TEST_KEY, LIVE_KEY = "sk_test_51AbCdEf", "rk_live_51AbCdEf"
SECRETS = "whsec_one,whsec_two"
PACKAGE = Path(pocketpay.__path__[0])
AT_LOADING = re.compile(
    r"^(?:from|import) (?:stripe\b|pocketpay\.banking\.stripe\b|pocketpay\.serving\.stripe_webhooks\b)", re.MULTILINE
)
APP = {"public_url": "https://app.example.com"}


def settings(**more: Any) -> Settings:
    return load(_env_file=None, **({"stripe_secret_key": TEST_KEY} | APP | more))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"stripe_secret_key": "pk_test_1"}, "STRIPE_SECRET_KEY must begin with"),
        ({"stripe_secret_key": LIVE_KEY}, "is a live key"),
        ({"environment": "production"}, "is a test key: deposits would cost nothing"),
        (
            {"environment": "production", "stripe_test_mode": True},
            "STRIPE_WEBHOOK_SECRETS is missing. Production requires it",
        ),
        ({"environment": "production", "stripe_secret_key": LIVE_KEY}, "STRIPE_WEBHOOK_SECRETS is missing"),
        ({"simulated_bank": "slow"}, "SIMULATED_BANK and STRIPE_SECRET_KEY are both set. Set only one"),
        ({"public_url": None}, "PUBLIC_URL is missing. It is required with STRIPE_SECRET_KEY"),
        ({"stripe_secret_key": None, "stripe_webhook_secrets": SECRETS}, "STRIPE_SECRET_KEY is missing"),
        ({"stripe_webhook_secrets": "whsec_one,secret"}, "secrets that begin with whsec_"),
        ({"stripe_webhook_secrets": ",".join(f"whsec_{n}" for n in range(9))}, "at most 8 secrets"),
        ({"stripe_api_base": "https://api.stripe.com.example.com"}, "must be on this machine"),
        ({"stripe_api_base": "http://127.0.0.1:1@example.com"}, "must be on this machine"),
        ({"stripe_api_base": "http://10.0.0.1:80"}, "must be on this machine"),
    ],
)
def test_settings_that_cannot_be_meant_stop_the_start(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as refused:
        settings(**more)
    assert "_51AbCdEf" not in str(refused.value)


def test_valid_settings_are_accepted() -> None:
    production = {"environment": "production", "stripe_webhook_secrets": SECRETS}
    assert settings().webhook_secrets == ()
    assert settings(**production, stripe_secret_key=LIVE_KEY).webhook_secrets == ("whsec_one", "whsec_two")
    assert settings(**production, stripe_test_mode=True).stripe_api == "https://api.stripe.com"
    for base in ("http://127.0.0.1:12111", "http://localhost:12111/", "https://api.stripe.com/"):
        assert settings(stripe_api_base=base).stripe_api == base.rstrip("/")


def test_no_secret_of_stripe_is_shown_or_logged() -> None:
    made = settings(stripe_webhook_secrets=SECRETS)
    assert changed(made)["STRIPE_SECRET_KEY"] == changed(made)["STRIPE_WEBHOOK_SECRETS"] == "(set)"
    bank = open_bank(made, Database("postgresql://nowhere/nothing"))
    for text in (repr(made), repr(bank), repr(vars(bank)), str(changed(made))):
        assert not any(secret in text for secret in (TEST_KEY, "whsec_one", "whsec_two"))
    redaction.configure(made)
    assert redaction.redacted(f"key {TEST_KEY} of whsec_two") == "key [hidden] of [hidden]"


async def test_the_bank_is_the_one_of_the_settings() -> None:
    database = Database("postgresql://nowhere/nothing")
    assert isinstance(open_bank(load(_env_file=None), database), SimulatedBank)
    bank = open_bank(settings(), database)
    assert isinstance(bank, StripeBank)
    await close_bank(bank)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "find_spec", lambda name: None if name == "stripe" else util.find_spec(name))
    with pytest.raises(SettingsError, match=r"pip install 'pocketpay\[stripe\]'"):
        open_bank(settings(), Database("postgresql://nowhere/nothing"))


def test_only_the_provider_itself_imports_the_library_when_a_module_is_loaded() -> None:
    """A server with the simulated bank does not import it: that would take 0.3 s and 34 MB."""
    importing = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if AT_LOADING.search(path.read_text(encoding="utf-8")) and "banking/stripe" not in str(path)
    }
    assert importing == {"serving/stripe_webhooks.py"}
    assert AT_LOADING.search((PACKAGE / "banking" / "stripe" / "bank.py").read_text(encoding="utf-8"))
