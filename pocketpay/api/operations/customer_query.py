"""Parses the text by which an operator looks up a customer or a transaction: a username, an email address, a phone
number, or an id.

An id can be the operators' id or the customers' id of an object. Customers quote the id on their own screen, and
older versions showed operators the customers' ids.
"""

from uuid import UUID

from pocketpay.api import ids
from pocketpay.identity import contacts
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.usernames import canonical
from pocketpay.operations.customers import CustomerQuery
from pocketpay.text.pasted import trimmed


def customer_query(typed: str) -> CustomerQuery:
    """Everything that the text can mean: an id, or a username, an email address and a phone number."""
    text = trimmed(typed)
    match ids.split_prefix(text):
        case (ids.USER | ids.CUSTOMER, id):
            return CustomerQuery(user_id=id)
        case (ids.WALLET | ids.CUSTOMER_WALLET, id):
            return CustomerQuery(wallet_id=id)
        case (ids.TRANSACTION | ids.CUSTOMER_TRANSACTION, id):
            return CustomerQuery(transaction_id=id)
    return CustomerQuery(username=canonical(text), email=_email(text), phone=_phone(text))


def transaction_uuid(typed: str) -> UUID | None:
    """The UUID in the id of a transaction; None when the text is not such an id."""
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
