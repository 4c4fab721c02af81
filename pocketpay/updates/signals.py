"""Signals: the message that a unit of work sends to all servers at its commit, and its format.

    payload   "all", or items joined by ","; ids are 32 hexadecimal digits, versions hexadecimal
    item      w<wallet>.<version>
              t<transaction><source wallet><destination wallet>.<version>     32 "-" for a missing wallet
              m<request><requester wallet><payer wallet>.<version>            a money request
              b<bank account><wallet>.<version>
              s<session>                                                      the session has ended
              r                                                               risk settings have changed

A payload of 8,000 bytes would be an error inside the unit of work that moves the money. So a larger signal is split
into several payloads. A signal that needs more than MAX_PAYLOADS is sent as "all": every subscriber then reads again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from pocketpay.database import uuids

CHANNEL = "pocketpay"

MAX_PAYLOAD_BYTES = 7_499
"""PostgreSQL refuses 8,000; the difference is a safety margin."""

MAX_PAYLOADS = 8
"""Enough for about 490 transfers in one unit of work, four times the largest batch. Above it, reading everything
again is cheaper."""

ALL = "all"


class TransactionSignal(NamedTuple):
    """A transaction's new version and its wallets. They are enough to find the watches to notify, so the transaction
    is not read."""

    version: int
    source_wallet_id: UUID | None
    destination_wallet_id: UUID | None


class RequestSignal(NamedTuple):
    """A money request's new version, and its two wallets."""

    version: int
    requester_wallet_id: UUID
    payer_wallet_id: UUID


class BankAccountSignal(NamedTuple):
    """A bank account's new version, and its wallet."""

    version: int
    wallet_id: UUID


@dataclass(frozen=True, slots=True)
class Signal:
    """The changes of one commit: wallets, transactions, money requests and bank accounts by id with their new
    version; sessions that have ended; whether risk settings have changed.

    `everything` means that the other fields are incomplete: anything may have changed.
    """

    wallets: Mapping[UUID, int] = field(default_factory=dict)
    transactions: Mapping[UUID, TransactionSignal] = field(default_factory=dict)
    sessions: Collection[UUID] = ()
    requests: Mapping[UUID, RequestSignal] = field(default_factory=dict)
    risk_settings: bool = False
    everything: bool = False
    bank_accounts: Mapping[UUID, BankAccountSignal] = field(default_factory=dict)


EVERYTHING = Signal(everything=True)


def payloads(signal: Signal) -> list[str]:
    """Returns the payloads of the signal: none when nothing changed, at most MAX_PAYLOADS, each below 7,500 bytes.

    It runs in the unit of work that moves the money, and takes less than a microsecond for each item.
    """
    if signal.everything:
        return [ALL]
    items = [f"s{session.hex}" for session in signal.sessions]
    items += [f"w{wallet.hex}.{version:x}" for wallet, version in signal.wallets.items()]
    items += [
        f"t{transaction.hex}{_hex(source)}{_hex(destination)}.{version:x}"
        for transaction, (version, source, destination) in signal.transactions.items()
    ]
    items += [
        f"m{request.hex}{requester.hex}{payer.hex}.{version:x}"
        for request, (version, requester, payer) in signal.requests.items()
    ]
    if signal.bank_accounts:
        items += [
            f"b{account.hex}{wallet.hex}.{version:x}" for account, (version, wallet) in signal.bank_accounts.items()
        ]
    if signal.risk_settings:
        items.append("r")
    return _split(",".join(items))


def read(payload: str) -> Signal:
    """Returns the signal in a payload. A payload in an unknown format (from a newer server or another program) is
    EVERYTHING."""
    wallets: dict[UUID, int] = {}
    transactions: dict[UUID, TransactionSignal] = {}
    sessions: list[UUID] = []
    requests: dict[UUID, RequestSignal] = {}
    bank_accounts: dict[UUID, BankAccountSignal] = {}
    risk_settings = False
    try:
        for item in payload.split(","):
            if item == "r":
                risk_settings = True
                continue
            kind, key = item[:1], uuids.UUID(item[1:33])
            if kind == "w" and item[33] == ".":
                wallets[key] = int(item[34:], 16)
            elif kind == "t" and item[97] == ".":
                whose = _wallet(item[33:65]), _wallet(item[65:97])
                transactions[key] = TransactionSignal(int(item[98:], 16), *whose)
            elif kind == "m" and item[97] == ".":
                between = uuids.UUID(item[33:65]), uuids.UUID(item[65:97])
                requests[key] = RequestSignal(int(item[98:], 16), *between)
            elif kind == "b" and item[65] == ".":
                bank_accounts[key] = BankAccountSignal(int(item[66:], 16), uuids.UUID(item[33:65]))
            elif kind == "s" and len(item) == 33:
                sessions.append(key)
            else:
                return EVERYTHING
    except (ValueError, IndexError):
        return EVERYTHING
    return Signal(wallets, transactions, sessions, requests, risk_settings, bank_accounts=bank_accounts)


_NO_WALLET = "-" * 32


def _hex(wallet_id: UUID | None) -> str:
    return _NO_WALLET if wallet_id is None else wallet_id.hex


def _wallet(written: str) -> UUID | None:
    return None if written == _NO_WALLET else uuids.UUID(written)


def _split(text: str) -> list[str]:
    """Splits `text` between items into as few payloads as possible. The text is ASCII, so a character is a byte."""
    if not text:
        return []
    cut: list[str] = []
    start = 0
    while len(text) - start > MAX_PAYLOAD_BYTES:
        if len(cut) == MAX_PAYLOADS - 1:
            return [ALL]
        end = text.rindex(",", start, start + MAX_PAYLOAD_BYTES + 1)
        cut.append(text[start:end])
        start = end + 1
    return [*cut, text[start:]]
