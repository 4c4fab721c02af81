"""Onboarding: how a person comes.

    form.py      what somebody typed, read and judged
    sign_up.py   a form becomes a user, a wallet, a session and a welcome bonus, in one unit of work
    supabase/    people who come from elsewhere, many at once, with what they had
    demo.py      three people to play with

Knows what a new person needs from every room at once. Must never know GraphQL, or how the books are proved: it only
writes the first line of a wallet's account, which the books' own guards check like any other.
"""
