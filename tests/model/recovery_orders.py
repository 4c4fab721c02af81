"""Orders about identity: signing in, giving addresses, showing codes, resetting passwords."""

from typing import NamedTuple, TypeAlias


class Login(NamedTuple):
    """A login. `kind` is username, email or phone."""

    kind: str
    text: str


class Shown(NamedTuple):
    """The code of the challenge with that number, or the token of its link. With `right` False it is a wrong one."""

    challenge: int
    by_link: bool = False
    right: bool = True


class SignIn(NamedTuple):
    login: Login
    password: str


class SignOut(NamedTuple):
    who: str
    session: int


class ChangePassword(NamedTuple):
    who: str
    session: int
    current: str
    new: str


class Give(NamedTuple):
    """Gives an address or a number, or removes it. `contact` is email or phone."""

    who: str
    session: int
    contact: str
    address: str | None
    password: str


class RequestCode(NamedTuple):
    who: str
    session: int
    contact: str


class ShowCode(NamedTuple):
    who: str
    session: int
    contact: str
    shown: Shown


class RequestReset(NamedTuple):
    login: Login


class Reset(NamedTuple):
    """Sets a new password. `login` names the user of a code; a token contains its user."""

    login: Login
    shown: Shown
    new: str


class TimePasses(NamedTuple):
    minutes: int


RecoveryOrder: TypeAlias = (
    SignIn | SignOut | ChangePassword | Give | RequestCode | ShowCode | RequestReset | Reset | TimePasses
)
