"""Identity: who is asking.

    sign_in.py           a login and a password become a session
    refresh_session.py   a refresh token becomes the next one of its session, once
    sessions.py          opening, listing and ending sessions
    session.py           one session
    change_password.py   a new password; every other session ends
    request_email_verification.py, request_phone_verification.py
                         a code to the address or the number that somebody gives as theirs
    verify_email.py, verify_phone.py
                         the code comes back: an address or a number is theirs who verified it last
    verification.py      what both have in common
    shown_code.py        a code or the token of a link, compared with its challenges
    request_password_reset.py
                         a code for whoever forgot their password, or never had one
    reset_password.py    the code comes back: a new password, and the end of every session
    afterwards.py        work that is done after the answer, so that its time tells nothing
    update_profile.py    another name, address, number or picture
    changes.py           the same, parsed and checked
    closing_user.py         what is kept of a user whose wallet is closed
    proof.py             a password that was shown is worth nothing once another is set
    gate.py              a token becomes a viewer, on every request
    viewer.py            who makes a request
    tokens.py            access tokens and refresh tokens
    passwords.py         hashing and comparing, bounded and beside the event loop
    brought_hashes.py    hashes of other kinds than ours, compared once and then replaced, and their price
    bcrypt_hashes.py     bcrypt, as Supabase makes them
    argon2_hashes.py     argon2 with other parameters than ours
    guessing.py          whether a guesser would find a password early
    throttle.py          how often one may try, counted in PostgreSQL
    lane.py              how strangers take turns at guessing one login's password
    logins.py            what somebody signs in by, in one spelling
    networks.py          what counts as one address, and as one network
    one_at_a_time.py     work of one name, one piece at a time
    user.py              a user, everything but the password
    profile.py           what anyone signed in may see of a person
    profiles.py          finding people by username or name
    reads.py             users, profiles and sessions by id, read together
    one_time_codes.py    codes and links that prove who reads what is sent to an address or a number
    mails.py             the mails and text messages of identity, and what is added when one is sent
    fingerprints.py      what may be kept of an email address when its owner has left
    check_username.py    whether a username is well formed and free, before signing up
    usernames.py         one spelling for each, given once
    impersonation.py     whether a name could be taken for the service's own
    names.py             display names and other short texts
    contacts.py          email addresses and phone numbers
    avatars.py           addresses of pictures
    until_known.py       repeats a unit of work until its outcome is known
    services.py          what the endpoints of identity hold, one for each server
    sweeper.py           removes counters and sessions that are over
    errors.py            why identity refuses
    models.py            the tables
    guards.py            what PostgreSQL itself refuses to write
    repository/          the SQL

`users.wallet_id` is a claim in a token and nothing more here. Must never know what a wallet holds, or what its owner
may do with it: whether somebody is locked out because of it, a function says that the server is opened with.
"""
