"""Virtual cards on a simulated network.

Knows a card's face (label, brand, last four digits, expiry), its standing, its own limits and what of them is used.
Its number and code are made, shown once and forgotten: nothing here could keep them.
Must never know how a payment by card moves money: payments know.
"""
