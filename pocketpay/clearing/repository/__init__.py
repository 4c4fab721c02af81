"""The SQL of units of work. It is set-based: one statement for all instructions of a unit.

units.py            what every unit looks up and writes
request_facts.py    what a unit looks up about money requests
closing.py          what a unit looks up about wallets that are to be closed
"""
