"""Identity: who is asking.

    sign_in.py          a login and a password become a session
    change_password.py  a new password, and the end of every other session
    update_profile.py   another name, address, number or picture
    proof.py            what a password that was shown is worth
    refresh_session.py  a session's refresh token becomes its successor, once
    sessions.py         opening, listing and ending sessions
    gate.py             a token becomes a viewer, on every request
    throttle.py         how often one may try
    reception.py        what the doors hold to reach all of it

Knows users, passwords, sessions and tokens. `users.wallet_id` is a claim in a token and nothing more here:
identity must never know what a wallet holds or what its owner may do with it.
"""
