"""The model of account recovery: passwords, sessions, addresses and numbers, codes, and the mails about them.

A reply is "ok" or the code of a refusal. Rate limits are not modelled.
"""

from dataclasses import dataclass, field

from tests.model.recovery_orders import (
    ChangePassword,
    Give,
    Login,
    RecoveryOrder,
    RequestCode,
    RequestReset,
    Reset,
    ShowCode,
    Shown,
    SignIn,
    SignOut,
    TimePasses,
)

MINUTES = {"verify_email": 15, "verify_phone": 10, "reset_password": 30}
WRONG_CODES = 5
RESET_MAILS, RESET_WINDOW = 2, 15
"""The number of mails with a password reset that are sent within that many minutes."""


@dataclass
class Contact:
    """An email address or a phone number of a user. `since` is the step in which they gave it."""

    address: str | None = None
    verified: bool = False
    since: int = 0


@dataclass
class Account:
    password: str
    contacts: dict[str, Contact] = field(default_factory=lambda: {"email": Contact(), "phone": Contact()})
    sessions: set[int] = field(default_factory=set)


@dataclass
class Challenge:
    """The challenge of a code that was sent. `age` is in minutes."""

    who: str
    purpose: str
    address: str
    tries: int = 0
    used: bool = False
    age: int = 0

    @property
    def over(self) -> bool:
        return self.age >= MINUTES[self.purpose]


@dataclass
class Recovery:
    """All users, challenges and mails. `mails` are the (kind, recipient) pairs in the outbox."""

    accounts: dict[str, Account]
    challenges: list[Challenge] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    sessions: int = 0
    step: int = 0

    def carry_out(self, order: RecoveryOrder) -> str:
        """Executes the order. Returns the reply."""
        self.step += 1
        match order:
            case SignIn():
                return self._sign_in(order)
            case SignOut():
                self.accounts[order.who].sessions.discard(order.session)
            case ChangePassword():
                return self._change_password(order)
            case Give():
                return self._give(order)
            case RequestCode():
                return self._request_code(order)
            case ShowCode():
                return self._show_code(order)
            case RequestReset():
                self._request_reset(order)
            case Reset():
                return self._reset(order)
            case TimePasses():
                for challenge in self.challenges:
                    challenge.age += order.minutes
        return "ok"

    def named(self, login: Login) -> str | None:
        """Returns the user of a login: the one who verified the address or number, otherwise the one who gave it
        first."""
        if login.kind == "username":
            return login.text if login.text in self.accounts else None
        found = [
            (not contact.verified, contact.since, name)
            for name, account in self.accounts.items()
            if (contact := account.contacts[login.kind]).address == login.text
        ]
        return min(found)[2] if found else None

    def open_session(self, who: str) -> int:
        """Opens a session. Returns its number."""
        self.sessions += 1
        self.accounts[who].sessions.add(self.sessions)
        return self.sessions

    # ------------------------------------------------------------ passwords

    def _sign_in(self, order: SignIn) -> str:
        who = self.named(order.login)
        if who is None or self.accounts[who].password != order.password:
            return "INVALID_CREDENTIALS"
        self.open_session(who)
        return "ok"

    def _change_password(self, order: ChangePassword) -> str:
        account = self.accounts[order.who]
        if account.password != order.current:
            return "INVALID_CREDENTIALS"
        account.password = order.new
        account.sessions = {order.session}
        self._notify_of_the_password(account)
        return "ok"

    def _notify_of_the_password(self, account: Account) -> None:
        email = account.contacts["email"]
        if email.verified and email.address is not None:
            self.mails.append(("password_changed", email.address))

    # ------------------------------------------------------------ addresses and numbers

    def _give(self, order: Give) -> str:
        account = self.accounts[order.who]
        if account.password != order.password:
            return "INVALID_CREDENTIALS"
        others = [one.contacts[order.contact] for name, one in self.accounts.items() if name != order.who]
        if order.address is not None and any(one.verified and one.address == order.address for one in others):
            return f"{order.contact.upper()}_TAKEN"
        before = account.contacts[order.contact]
        if before.address != order.address:
            account.contacts[order.contact] = Contact(order.address, since=self.step)
            if before.verified and before.address is not None:
                self.mails.append((f"{order.contact}_changed", before.address))
        return "ok"

    def _request_code(self, order: RequestCode) -> str:
        contact, purpose = self.accounts[order.who].contacts[order.contact], f"verify_{order.contact}"
        if contact.address is None:
            return "INVALID_INPUT"
        if not contact.verified:
            self._end(order.who, purpose)
            self._send(order.who, purpose, contact.address)
        return "ok"

    def _show_code(self, order: ShowCode) -> str:
        contact = self.accounts[order.who].contacts[order.contact]
        if contact.verified:
            return "ok"
        live = self._live(order.who, f"verify_{order.contact}", contact.address)
        found = self._found(order.shown, live)
        if found is None:
            return "INVALID_CODE"
        found.used = True
        for account in self.accounts.values():
            if account.contacts[order.contact].address == contact.address:
                account.contacts[order.contact].verified = False
        contact.verified = True
        return "ok"

    # ------------------------------------------------------------ a forgotten password

    def _request_reset(self, order: RequestReset) -> None:
        who = self.named(order.login)
        email = None if who is None else self.accounts[who].contacts["email"]
        if who is None or email is None or not email.verified or email.address is None:
            return
        theirs = [one for one in self.challenges if (one.who, one.purpose) == (who, "reset_password")]
        if len([one for one in theirs if one.age < RESET_WINDOW]) < RESET_MAILS:
            self._send(who, "reset_password", email.address)

    def _reset(self, order: Reset) -> str:
        who = self.named(order.login)
        if order.shown.by_link:
            who = self.challenges[order.shown.challenge].who if order.shown.right else None
        email = None if who is None else self.accounts[who].contacts["email"]
        verified = email is not None and email.verified
        live = self._live(who, "reset_password", email.address) if who and email and verified else []
        if self._found(order.shown, live) is None or who is None:
            return "INVALID_CODE"
        self._end(who, "reset_password")
        self.accounts[who].password = order.new
        self.accounts[who].sessions = set()
        self._notify_of_the_password(self.accounts[who])
        return "ok"

    # ------------------------------------------------------------ codes

    def _send(self, who: str, purpose: str, address: str) -> None:
        self.challenges.append(Challenge(who, purpose, address))
        self.mails.append((purpose, address))

    def _end(self, who: str, purpose: str) -> None:
        for challenge in self.challenges:
            challenge.used |= (challenge.who, challenge.purpose) == (who, purpose)

    def _live(self, who: str, purpose: str, address: str | None) -> list[Challenge]:
        return [
            one
            for one in self.challenges
            if (one.who, one.purpose, one.address) == (who, purpose, address) and not one.used and not one.over
        ]

    def _found(self, shown: Shown, live: list[Challenge]) -> Challenge | None:
        """Returns the challenge of a valid code or token. A wrong code counts as a try at each live challenge."""
        if shown.by_link:
            challenge = self.challenges[shown.challenge]
            return challenge if shown.right and any(challenge is one for one in live) else None
        takes_codes = [one for one in live if one.tries < WRONG_CODES]
        if shown.right:
            challenge = self.challenges[shown.challenge]
            if any(challenge is one for one in takes_codes):
                return challenge
        for one in takes_codes:
            one.tries += 1
        return None
