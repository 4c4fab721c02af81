"""The SQL of sign-up and of welcome bonuses.

people.py    writes the rows of a new person in every table
bonuses.py   welcome bonuses that are promised, owed and paid
"""
