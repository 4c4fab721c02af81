"""The SQL of the import.

people.py     people written many at once, and the opening balances that are not posted yet
staging.py    the export in temporary tables, on a connection of its own without time limits; joined and checked there
"""
