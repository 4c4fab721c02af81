"""The SQL of the import.

people.py     people written many at once, and the opening balances that are not posted yet
staging.py    the export in temporary tables, where it is joined and checked
"""
