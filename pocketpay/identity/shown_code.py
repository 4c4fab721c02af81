"""The code, or the token of a link, that a client submits for a challenge. It is checked within a unit of work."""

from dataclasses import dataclass, field

from pocketpay.database.sessions import Session
from pocketpay.identity.errors import InvalidCode, InvalidProfile
from pocketpay.identity.one_time_codes import Challenge, OneTimeCodes
from pocketpay.identity.repository import challenges
from pocketpay.identity.repository.challenges import LiveChallenge


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A submitted code or token; exactly one of the two is set."""

    code: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def refusal(self) -> InvalidCode:
        """The refusal for a wrong code or token."""
        return InvalidCode("code" if self.token is None else "token")


def read(code: str | None, token: str | None) -> ShownCode:
    """Returns the submitted code or token. Raises InvalidProfile when both are given, or neither."""
    if (code is None) == (token is None):
        raise InvalidProfile("code", "is required when the token is missing")
    return ShownCode(code, token)


async def match(
    session: Session, codes: OneTimeCodes, shown: ShownCode, live: list[LiveChallenge]
) -> Challenge | None:
    """Returns the challenge in `live` that the code or token belongs to.

    Returns None when there is none. A wrong code is counted then, a wrong token is not.
    """
    if shown.token is not None:
        return next((one.challenge for one in live if codes.is_token(one.challenge, shown.token)), None)
    open_ = [one for one in live if one.takes_codes]
    found = next((one.challenge for one in open_ if codes.is_code(one.challenge, shown.code or "")), None)
    if found is None:
        # Also when no challenge takes codes: the statements are the same for every login.
        await challenges.count_wrong_code(session, open_)
    return found


async def redeem(
    session: Session, codes: OneTimeCodes, shown: ShownCode, live: list[LiveChallenge]
) -> Challenge | None:
    """Like `match`, and marks the challenge that it returns as used."""
    found = await match(session, codes, shown, live)
    if found is not None:
        await challenges.use(session, found)
    return found
