"""Banks: the protocol of a provider, and its implementations.

    bank.py             the protocol: orders that move money, and links to bank accounts
    simulated_bank.py   a bank for development and tests
    provider.py         the bank of the settings
    stripe/             a bank on Stripe Connect

A provider knows orders and links, and their states. It does not know the books, wallets' balances or transactions'
statuses: `payments` asks it and books its answers.
"""
