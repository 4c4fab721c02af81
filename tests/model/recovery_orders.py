"""What people say about who they are: signing in, giving addresses, showing codes, forgetting passwords."""

from typing import NamedTuple, TypeAlias


class Login(NamedTuple):
    """`kind` is username, email or phone."""

    kind: str
    text: str


class Shown(NamedTuple):
    """The code of the challenge of that number, or the token of its link; with `right` False a wrong one."""

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
    """An address or a number that somebody says is theirs, or none any more. `contact` is email or phone."""

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
    """`login` says whose code it is; a token says it itself."""

    login: Login
    shown: Shown
    new: str


class TimePasses(NamedTuple):
    minutes: int


RecoveryOrder: TypeAlias = (
    SignIn | SignOut | ChangePassword | Give | RequestCode | ShowCode | RequestReset | Reset | TimePasses
)
