"""What an operator may type to name somebody or a transaction: a username, an email address, a phone number, an id.

An id may be the one that operators see or the one that its owner knows. Operators saw the owner's ids before, and a
customer quotes the one on their own screen.
"""

from uuid import UUID

from pocketpay.api import ids
from pocketpay.identity import contacts
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.usernames import canonical
from pocketpay.operations.customers import CustomerQuery
from pocketpay.text.pasted import trimmed


def sought(typed: str) -> CustomerQuery:
    """Everything that the text may mean."""
    text = trimmed(typed)
    match ids.split_prefix(text):
        case (ids.USER | ids.CUSTOMER, id):
            return CustomerQuery(user_id=id)
        case (ids.WALLET | ids.CUSTOMER_WALLET, id):
            return CustomerQuery(wallet_id=id)
        case (ids.TRANSACTION | ids.CUSTOMER_TRANSACTION, id):
            return CustomerQuery(transaction_id=id)
    return CustomerQuery(username=canonical(text), email=_email(text), phone=_phone(text))


def sought_transaction(typed: str) -> UUID | None:
    """The transaction with that id, or None where it is the id of none."""
    match ids.split_prefix(trimmed(typed)):
        case (ids.TRANSACTION | ids.CUSTOMER_TRANSACTION, id):
            return id
    return None


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
