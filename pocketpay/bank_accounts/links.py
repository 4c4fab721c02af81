"""The link of a bank account as a provider gets it: with the owner's email address, for the hosted flow."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount, Provider
from pocketpay.bank_accounts.repository import accounts, orders
from pocketpay.banking.bank import Link
from pocketpay.database.sessions import Session
from pocketpay.identity.repository import people


@dataclass(frozen=True, slots=True)
class UsedLink:
    """The link that an order uses, and the provider that has it."""

    provider: Provider
    link: Link


async def link_of(session: Session, account: BankAccount) -> Link:
    """Returns the link of a bank account."""
    owner = (await people.users(session, [account.user_id])).get(account.user_id)
    return account.link("" if owner is None else owner.email or "")


async def account(session: Session, id: UUID) -> BankAccount | None:
    """Returns the bank account with this id, of any owner, or None."""
    return (await accounts.by_ids(session, [id])).get(id)


async def id_of(session: Session, provider: Provider, reference: str) -> UUID | None:
    """Returns the id of the bank account with the provider's reference, or None."""
    return await accounts.by_reference(session, provider, reference)


async def links_of_orders(session: Session, transaction_ids: Iterable[UUID]) -> dict[UUID, UsedLink]:
    """Returns the link that each order uses, by transaction id. Omits orders with only the name of a bank."""
    used = await orders.accounts_of(session, transaction_ids)
    owners = await people.users(session, {one.user_id for one in used.values()}) if used else {}
    emails = {id: owner.email or "" for id, owner in owners.items()}
    return {id: UsedLink(one.provider, one.link(emails.get(one.user_id, ""))) for id, one in used.items()}


async def removed_at_provider(session: Session, id: UUID) -> None:
    """Notes that the provider has removed the link of a removed bank account."""
    await accounts.removed_at_provider(session, id)
