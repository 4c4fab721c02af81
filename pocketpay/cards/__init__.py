"""Virtual cards on a simulated network.

Knows a card's face (label, brand, last four digits, expiry), its standing and its own limits. Its number and code are
made, shown once and forgotten: nothing here could keep them.
Must never know how a payment by card moves money, or what was spent: payments know.
"""
