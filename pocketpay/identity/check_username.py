"""Checking a username before signing up: is it well formed, and is it free?

    malformed or reserved?   INVALID_INPUT; nothing is looked up or counted
    address over its rate?   RATE_LIMITED: as many checks an hour as sign-ups, counted separately from them
    taken?                   USERNAME_TAKEN, also for the former username of a closed user

A failed sign-up reveals the same. With this check, one address can learn about twice as many usernames in an hour,
and no more. Checks do not use up the sign-ups of their address.
"""

from pocketpay.identity import usernames
from pocketpay.identity.errors import UsernameTaken
from pocketpay.identity.repository import people
from pocketpay.identity.services import IdentityServices


async def check_username(services: IdentityServices, raw_username: str, *, address: str) -> str:
    """Returns the username in the form that sign-up would store, when it is free.

    Raises InvalidProfile, RateLimited, UsernameTaken and ServiceBusy.
    """
    username = usernames.chosen(raw_username)
    await services.throttle.username_from(address)
    if await services.database.query(people.username_taken, username):
        raise UsernameTaken
    return username
