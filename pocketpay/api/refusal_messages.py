"""The message of every refusal, with its facts in braces, and whether the same request can succeed later.

`errors.py` adds the GraphQL type of each. The commands for operators use only the messages, so this module does not
import the schema. A test fails when a refusal is missing.
"""

from dataclasses import dataclass

from pocketpay import errors
from pocketpay.bank_accounts import errors as bank_accounts
from pocketpay.cards import errors as cards
from pocketpay.identity import errors as identity
from pocketpay.operations import errors as operations
from pocketpay.operator_log import errors as operator_log
from pocketpay.requests import errors as requests
from pocketpay.transactions import errors as transactions


@dataclass(frozen=True, slots=True)
class Message:
    """The message of one class of refusals, with the refusal's facts in braces."""

    template: str
    retryable: bool = False

    def of(self, refusal: errors.Refusal) -> str:
        """Returns the message of a refusal."""
        return self.template.format_map(_Facts(refusal)) if "{" in self.template else self.template


class _Facts(dict[str, object]):
    """The facts of a refusal by name."""

    def __init__(self, refusal: errors.Refusal) -> None:
        super().__init__()
        self._refusal = refusal

    def __missing__(self, name: str) -> object:
        return getattr(self._refusal, name)


MESSAGES: dict[type[errors.Refusal], Message] = {
    identity.InvalidProfile: Message("{field} {problem}."),
    identity.WeakPassword: Message("{field} {problem}."),
    identity.UsernameTaken: Message("This username is already taken."),
    identity.EmailTaken: Message("Another user has verified this email address."),
    identity.PhoneTaken: Message("Another user has verified this phone number."),
    identity.InvalidCredentials: Message("The login or the password is wrong."),
    identity.WrongPassword: Message("The current password is missing or wrong."),
    identity.InvalidToken: Message("This refresh token is no longer valid. Sign in again."),
    identity.InvalidCode: Message("This code is wrong, used or expired. Request a new one."),
    identity.EmailMissing: Message("Set an email address first."),
    identity.PhoneMissing: Message("Set a phone number first."),
    identity.MailUnavailable: Message("This server sends no mail."),
    identity.TextMessagesUnavailable: Message("This server sends no text messages."),
    identity.NoSuchSession: Message("No session has this id."),
    identity.RateLimited: Message("Too many attempts. Try again in {wait}.", retryable=True),
    transactions.InvalidInput: Message("{field} {problem}."),
    transactions.InvalidAmount: Message("{field} {problem}."),
    transactions.NotFound: Message("No {thing} has this {key}."),
    transactions.RecipientNotFound: Message("No user with this username can be paid now."),
    requests.PayerNotFound: Message("{problem}."),
    transactions.SelfTransfer: Message("You cannot pay yourself or ask yourself for money."),
    transactions.CurrencyMismatch: Message("The other wallet has a different currency than yours."),
    transactions.WalletFrozen: Message("Your wallet is frozen."),
    transactions.WalletClosed: Message("The wallet is closed."),
    transactions.InsufficientFunds: Message(
        "The payment needs {required} {required.currency}, but only {available} {available.currency} is available.",
    ),
    transactions.LimitExceeded: Message(
        "The limit is {limit.total} {limit.total.currency} within 24 hours. {limit.remaining} "
        "{limit.total.currency} is left.",
        retryable=True,
    ),
    transactions.TooManyPending: Message(
        "You already have {most} payments that wait for confirmation. Confirm or cancel some first.",
        retryable=True,
    ),
    requests.TooManyOpenRequests: Message(
        "@{username} already has {most} unanswered requests from you. Try again when some are answered.",
        retryable=True,
    ),
    requests.TooManyRequests: Message(
        "You can create at most {most} money requests within 24 hours. Try again later.", retryable=True
    ),
    transactions.RiskBlocked: Message("This payment is blocked by a rule that protects your wallet."),
    transactions.BankDeclined: Message("The bank declined the deposit or withdrawal. No money has moved."),
    transactions.PayerGone: Message(
        "This transaction cannot be refunded now, because the person who paid cannot receive money."
    ),
    transactions.AlreadyRefunded: Message("This transaction is already fully refunded."),
    transactions.RefundTooLarge: Message("At most {left} {left.currency} can still be refunded."),
    transactions.BalanceNotZero: Message(
        "Your wallet is not empty, or some payments are not finished. Withdraw the money and wait for those "
        "payments.",
        retryable=True,
    ),
    transactions.WrongState: Message("This action is not possible, because the status is {status.value}."),
    transactions.KeyReused: Message("This idempotency key was used before with a different input."),
    operations.EmailNotVerified: Message("The customer has no verified email address, so no mail can be sent."),
    operations.CustomerFrozen: Message("The customer's wallet is frozen for all payments. Unfreeze it first."),
    operations.NoEmail: Message("The customer has no email address."),
    operations.NotTheirEmail: Message("This is not the customer's email address."),
    operator_log.OwnWallet: Message(
        "You cannot act on your own account, wallet or transactions. Another operator must do it."
    ),
    cards.TooManyCards: Message("You already have {most} open cards. Close one first.", retryable=True),
    bank_accounts.TooManyBankAccounts: Message(
        "You already have {most} linked bank accounts. Remove one first.", retryable=True
    ),
    bank_accounts.BankAccountPending: Message("This bank account is not active yet.", retryable=True),
    bank_accounts.BankAccountEnded: Message("This bank account can no longer be used. Link the account again."),
    bank_accounts.WrongBankUse: Message("This bank account cannot be used for a {use.value}."),
    bank_accounts.BankNotReachable: Message("The bank did not answer in time. Try again.", retryable=True),
    cards.CardClosed: Message("This card is closed."),
    cards.CardFrozen: Message("This card is frozen. Unfreeze it first.", retryable=True),
    cards.CardExpired: Message("This card has expired."),
    cards.AbovePaymentLimit: Message("This card can pay at most {limit} {limit.currency} per payment."),
    cards.AboveMonthlyLimit: Message(
        "This card can pay at most {limit} {limit.currency} a month. {remaining} {limit.currency} is left this "
        "month.",
        retryable=True,
    ),
}
