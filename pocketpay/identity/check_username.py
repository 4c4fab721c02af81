"""Checking a username before signing up: is it well formed, and is it free?

    malformed or reserved?   INVALID_INPUT; nobody is looked up, and it is not counted
    address over its rate?   RATE_LIMITED: as many an hour as sign-ups, counted apart from them
    somebody's?              USERNAME_TAKEN, also of somebody who has left

Sign-up tells the same of a form that is wrong elsewhere. By this an address learns of twice as many names in an hour,
and not of more: whoever fills in a form uses up none of the sign-ups of their address.
"""

from pocketpay.identity import usernames
from pocketpay.identity.errors import UsernameTaken
from pocketpay.identity.repository import people
from pocketpay.identity.services import IdentityServices


async def check_username(services: IdentityServices, raw_username: str, *, address: str) -> str:
    """The username as sign-up would keep it, which nobody has now. Raises InvalidProfile, RateLimited, UsernameTaken
    and ServiceBusy."""
    username = usernames.chosen(raw_username)
    await services.throttle.username_from(address)
    if await services.database.query(people.username_taken, username):
        raise UsernameTaken
    return username
