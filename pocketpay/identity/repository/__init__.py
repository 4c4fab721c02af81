"""The SQL of identity.

    people.py            users: finding, listing and changing them
    profiles.py          users as others see them
    sessions.py          sessions and their refresh tokens
    closing_user.py      what is deleted and kept when a wallet is closed
    verification.py      the verified email address and phone number of a user
    challenges.py        the challenges of one-time codes and links
    throttles.py         the counters that all servers share
    lanes.py             the turns of strangers
    known_addresses.py   the addresses where users have given their password

All times come from PostgreSQL's clock, in the statement that writes them, because the clocks of servers may differ.
"""
