"""The SQL of units of work. It is set-based: one statement for all instructions of a unit.

units.py            the reads and writes of every unit
request_facts.py    the reads about money requests
closing.py          the reads about wallets that are to be closed
"""
