"""Identity: users, passwords, sessions and verified contacts.

    sign_in.py           opens a session for a login and a password
    refresh_session.py   exchanges a refresh token for the next one of its session, once
    sessions.py          opening, listing and ending sessions
    session.py           one session
    change_password.py   sets a new password and ends every other session
    request_email_verification.py, request_phone_verification.py
                         send a code to the user's own email address or phone number
    verify_email.py, verify_phone.py
                         check the code; an address or a number belongs to the user who verified it last
    verification.py      the code that email and phone verification share
    shown_code.py        compares a submitted code, or the token of a link, with the user's challenges
    request_password_reset.py
                         sends a code to a user who forgot their password or never had one
    reset_password.py    checks the code, sets a new password and ends every session
    afterwards.py        work that runs after the answer, so that response times reveal nothing
    update_profile.py    changes a user's name, email address, phone number or picture
    changes.py           parses and checks these changes
    closing_user.py      what is kept of a user whose wallet is closed
    proof.py             makes a checked password count only while its hash is still the current one
    gate.py              turns an access token into a viewer, on every request
    viewer.py            the user who makes a request
    tokens.py            access tokens and refresh tokens
    passwords.py         hashes and verifies passwords in threads, with bounded queues
    imported_hashes.py   hashes of other kinds than ours, verified once and then replaced, and their cost
    bcrypt_hashes.py     bcrypt hashes, as Supabase makes them
    argon2_hashes.py     argon2 hashes with other parameters than ours
    guessing.py          whether an attacker would guess a password early
    throttle.py          rate limits, counted in PostgreSQL
    lane.py              how strangers take turns at guessing the password of one login
    logins.py            the username, email address or phone number that a user signs in with, in canonical form
    networks.py          which IP addresses count as one address, one network and one provider
    one_at_a_time.py     runs work of the same name one piece at a time
    user.py              a user, without the password
    profile.py           the public part of a user, visible to everyone who is signed in
    profiles.py          finds people by username or name
    reads.py             reads users, profiles and sessions by id, in batches
    one_time_codes.py    codes and links that prove that a user reads an email address or a phone number
    mails.py             the mails and text messages of identity, and their codes and links
    fingerprints.py      fingerprints of email addresses, kept after their owners have closed their wallets
    check_username.py    whether a username is well formed and free, before sign-up
    usernames.py         the canonical form of usernames, and the reserved ones
    impersonation.py     whether a name could be mistaken for one of the service or its staff
    names.py             display names and other short texts
    contacts.py          email addresses and phone numbers
    avatars.py           URLs of profile pictures
    until_known.py       repeats a unit of work until its outcome is known
    services.py          the objects that the endpoints of identity need, one set for each server
    sweeper.py           deletes expired counters and sessions
    errors.py            the refusals and errors of identity
    models.py            the tables
    guards.py            the trigger by which PostgreSQL itself protects users
    repository/          the SQL

For identity, `users.wallet_id` is only a claim in a token. This package must not know what a wallet holds or what its
owner may do with it. Whether a user is locked out is decided by a function that the server passes in
(`services.LockOut`).
"""
