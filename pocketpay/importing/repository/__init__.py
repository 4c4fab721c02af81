"""The SQL of the import.

people.py       writes many people at once, and finds opening balances that are not posted yet
staging.py      loads the export into temporary tables, on a separate connection without timeouts, and joins it
comparison.py   compares people with each other and with existing users
corrections.py  corrects people: suggested usernames, and password hashes of rare kinds
welcomes.py     finds users without a welcome mail
verdicts.py     reads the findings of the dry run, and the people who can be imported
"""
