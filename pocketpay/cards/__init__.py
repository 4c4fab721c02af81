"""Virtual cards on a simulated network.

    card.py         a card, its statuses and its own limits
    number.py       the number and security code of a new card: shown once, never stored
    listing.py      a wallet's cards
    errors.py       the refusals of cards
    models.py       the table
    guards.py       the triggers and constraints of cards in PostgreSQL
    repository.py   the SQL

This package must not depend on how a card payment moves money.
"""
