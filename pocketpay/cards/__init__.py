"""Virtual cards on a simulated network.

    card.py         a card, its states and its own limits
    number.py       number and security code of a new card: made, shown once, never stored
    listing.py      a wallet's cards
    errors.py       why a card is not issued, or does not pay
    models.py       the table
    guards.py       what PostgreSQL itself refuses to write
    repository.py   the SQL

Must never know how a payment by card moves money.
"""
