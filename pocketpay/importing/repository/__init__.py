"""The SQL of the import.

people.py       people written many at once, and the opening balances that are not posted yet
staging.py      the export in temporary tables, on a connection of its own without time limits, and joined there
comparison.py   people compared with one another and with who is here
welcomes.py     who is still to be sent a welcome mail
verdicts.py     what the dry run has found, and the people who can move in
"""
