"""Money requests: somebody asks somebody else for money.

Knows who asked whom for how much, how the request stands, and how long it may be answered.
Must never know how it is paid: that is a payment, and payments say whether it went out.
"""
