"""The SQL of identity.

    people.py            users: found, listed, changed
    profiles.py          people as others see them
    sessions.py          sessions and their refresh tokens
    closing_user.py         what is deleted and kept when a wallet is closed
    verification.py      which email address and which phone number a user has verified
    challenges.py        what one-time codes and links are derived from
    throttles.py         the counters that every server shares
    lanes.py             the turns of strangers
    known_addresses.py   where users have shown their password

Times are PostgreSQL's own, read by the statement that writes them: the clocks of servers may differ.
"""
