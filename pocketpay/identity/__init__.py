"""Identity: who is asking.

Knows users, passwords, sessions and tokens. `users.wallet_id` is a claim in a token and nothing more here:
identity must never know what a wallet holds or what its owner may do with it.
"""
