"""What somebody shows of a challenge: its code, or the token of its link. Checked within a unit of work."""

from dataclasses import dataclass

from pocketpay.database.sessions import Session
from pocketpay.identity.errors import InvalidCode, InvalidProfile
from pocketpay.identity.one_time_codes import Challenge, OneTimeCodes
from pocketpay.identity.repository import challenges
from pocketpay.identity.repository.challenges import LiveChallenge


@dataclass(frozen=True, slots=True)
class ShownCode:
    """Exactly one of the two is there."""

    code: str | None = None
    token: str | None = None

    @property
    def refusal(self) -> InvalidCode:
        """What whoever shows a wrong one is told."""
        return InvalidCode("code" if self.token is None else "token")


def read(code: str | None, token: str | None) -> ShownCode:
    """What was typed or opened. Raises InvalidProfile when it is both, or nothing."""
    if (code is None) == (token is None):
        raise InvalidProfile("code", "is required, or token instead")
    return ShownCode(code, token)


async def look(session: Session, codes: OneTimeCodes, what: ShownCode, live: list[LiveChallenge]) -> Challenge | None:
    """The one of these challenges whose code or token that is; None: a wrong code has been counted."""
    if what.token is not None:
        return next((one.challenge for one in live if codes.is_token(one.challenge, what.token)), None)
    open_ = [one for one in live if one.takes_codes]
    found = next((one.challenge for one in open_ if codes.is_code(one.challenge, what.code or "")), None)
    if found is None:
        # Also where there is none: the statements are the same for everybody.
        await challenges.count_wrong_code(session, open_)
    return found


async def redeem(
    session: Session, codes: OneTimeCodes, what: ShownCode, live: list[LiveChallenge]
) -> Challenge | None:
    """The same, and the challenge is used up."""
    found = await look(session, codes, what, live)
    if found is not None:
        await challenges.use(session, found)
    return found
