"""Random orders about addresses, codes and passwords: mostly valid, sometimes with another user's values."""

import random
from collections.abc import Callable

from tests.model.recovery import Contact, Recovery
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

ADDRESSES = {
    "email": ("one@example.com", "two@example.com", "three@example.com"),
    "phone": ("+12025550101", "+12025550102"),
}
"""Fewer addresses than users, so that users take them from one another."""

PASSWORDS = ("violet-harbour-19", "copper-lantern-42", "silver-meadow-77")

MINUTES = (8, 8, 17)
"""No sum of these is close to the lifetime of a code, so the seconds that a walk takes make no difference."""


class RecoveryCustomer:
    """Generates the orders of all users."""

    def __init__(self, chance: random.Random, model: Recovery) -> None:
        self.chance, self.model = chance, model
        self._ways: dict[Callable[[], RecoveryOrder | None], int] = {
            self._signs_in: 12,
            self._signs_out: 2,
            self._changes_password: 4,
            self._gives: 15,
            self._requests_code: 18,
            self._shows_code: 28,
            self._requests_reset: 14,
            self._resets: 18,
            self._waits: 6,
        }

    def order(self) -> RecoveryOrder:
        while True:
            (way,) = self.chance.choices(list(self._ways), weights=list(self._ways.values()))
            order = way()
            if order is not None:
                return order

    def _signs_in(self) -> RecoveryOrder:
        login = self._login()
        return SignIn(login, self._password(self.model.named(login)))

    def _signs_out(self) -> RecoveryOrder | None:
        signed_in = self._signed_in()
        return None if signed_in is None else SignOut(*signed_in)

    def _changes_password(self) -> RecoveryOrder | None:
        signed_in = self._signed_in()
        if signed_in is None:
            return None
        return ChangePassword(*signed_in, self._password(signed_in[0]), self.chance.choice(PASSWORDS))

    def _gives(self) -> RecoveryOrder | None:
        """Gives an address, often of a user with an open code for another one, and often one that another user has
        given."""
        contact = self._contact()
        likely = self._who_waits(f"verify_{contact}") if self.chance.random() < 0.3 else None
        signed_in = self._signed_in(likely)
        if signed_in is None:
            return None
        claimed = [one.address for one in self._given(contact).values() if not one.verified]
        address = self.chance.choice([None, *ADDRESSES[contact] * 3, *claimed * 6])
        return Give(*signed_in, contact, address, self._password(signed_in[0]))

    def _requests_code(self) -> RecoveryOrder | None:
        """Requests a code, mostly for an unverified address, preferably one that another user has verified."""
        contact = self._contact()
        given = self._given(contact)
        verified = {one.address for one in given.values() if one.verified}
        open_ = [who for who, one in given.items() if not one.verified]
        moving = [who for who in open_ if given[who].address in verified]
        likely = self.chance.choice(moving or open_) if open_ and self.chance.random() < 0.7 else None
        signed_in = self._signed_in(likely)
        return None if signed_in is None else RequestCode(*signed_in, contact)

    def _shows_code(self) -> RecoveryOrder | None:
        """Shows a code, mostly the user's newest; sometimes an old one, another user's, or one of another purpose."""
        contact = self._contact()
        signed_in = self._signed_in(self._who_waits(f"verify_{contact}"))
        shown = None if signed_in is None else self._shown(signed_in[0], f"verify_{contact}")
        if signed_in is None or shown is None:
            return None
        if contact == "phone":
            shown = shown._replace(by_link=False)
        return ShowCode(*signed_in, contact, shown)

    def _requests_reset(self) -> RecoveryOrder:
        """Requests a password reset, mostly for a user with a verified address."""
        verified = [who for who, one in self.model.accounts.items() if one.contacts["email"].verified]
        if verified and self.chance.random() < 0.6:
            return RequestReset(Login("username", self.chance.choice(verified)))
        return RequestReset(self._login())

    def _resets(self) -> RecoveryOrder | None:
        waits = self._who_waits("reset_password")
        login = self._login() if waits is None else Login("username", waits)
        shown = self._shown(self.model.named(login), "reset_password")
        return None if shown is None else Reset(login, shown, self.chance.choice(PASSWORDS))

    def _waits(self) -> RecoveryOrder:
        return TimePasses(self.chance.choice(MINUTES))

    # ------------------------------------------------------------ random values

    def _signed_in(self, likely: str | None = None) -> tuple[str, int] | None:
        """Returns a user with an open session, and the session; `likely` if they have one."""
        open_ = [(who, one) for who, account in self.model.accounts.items() for one in sorted(account.sessions)]
        theirs = [one for one in open_ if one[0] == likely]
        return self.chance.choice(theirs or open_) if open_ else None

    def _who_waits(self, purpose: str) -> str | None:
        """Returns a user with a valid code, or sometimes None."""
        waiting = [one.who for one in self.model.challenges if one.purpose == purpose and not (one.used or one.over)]
        return self.chance.choice(waiting) if waiting and self.chance.random() < 0.8 else None

    def _given(self, contact: str) -> dict[str, Contact]:
        """Returns the users who have given an address or a number, with it."""
        contacts = {who: account.contacts[contact] for who, account in self.model.accounts.items()}
        return {who: one for who, one in contacts.items() if one.address is not None}

    def _contact(self) -> str:
        return self.chance.choice(("email", "email", "phone"))

    def _login(self) -> Login:
        kind = self.chance.choice(("username", "email", "email", "phone"))
        if kind == "username":
            return Login(kind, self.chance.choice([*self.model.accounts, "nobody_here"]))
        return Login(kind, self.chance.choice(ADDRESSES[kind]))

    def _password(self, who: str | None) -> str:
        if who is None or self.chance.random() < 0.15:
            return self.chance.choice(PASSWORDS)
        return self.model.accounts[who].password

    def _shown(self, who: str | None, purpose: str) -> Shown | None:
        known = range(len(self.model.challenges))
        if not known:
            return None
        fit = [n for n in known if (one := self.model.challenges[n]).who == who and one.purpose == purpose]
        odd = self.chance.random()
        number = self.chance.choice(known if not fit or odd < 0.1 else fit[-1:] if odd < 0.7 else fit[-6:])
        return Shown(number, by_link=self.chance.random() < 0.3, right=self.chance.random() < 0.75)
