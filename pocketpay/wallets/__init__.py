"""Wallets: what a customer owns.

Knows a wallet's currency, its standing (active, frozen, closed) and its balance as the books have it.
Must never know why money moves, who judges it, or how a customer signs in.
"""
