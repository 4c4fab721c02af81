"""What an operator may type to name somebody: a username, an email address, a phone number, an id."""

from pocketpay.api import ids
from pocketpay.identity import contacts
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.usernames import canonical
from pocketpay.operations.customers import Sought
from pocketpay.text.pasted import trimmed


def sought(typed: str) -> Sought:
    """Everything that the text may mean."""
    text = trimmed(typed)
    split = ids.split_prefix(text)
    if split is not None and split[0] in (ids.WALLET, ids.TRANSACTION):
        wallet_id, transaction_id = (split[1], None) if split[0] == ids.WALLET else (None, split[1])
        return Sought(wallet_id=wallet_id, transaction_id=transaction_id)
    return Sought(username=canonical(text), email=_email(text), phone=_phone(text))


def _email(text: str) -> str | None:
    try:
        return contacts.email_address(text)
    except InvalidProfile:
        return None


def _phone(text: str) -> str | None:
    try:
        return contacts.phone_number(text)
    except InvalidProfile:
        return None
