"""A bank that fails in every way: Pocket Pay against the stand-in for Stripe.

steps.py       what customers, banks, networks and clocks do, and how it is drawn
walk.py        two servers and the stand-in in one process
truth.py       what happened to each order, by the stand-in's objects alone
test_walks.py  random walks
"""
