"""The SQL of how a person comes.

people.py    the rows of a new person in every table that has one
bonuses.py   welcome bonuses that are earned, owed and paid
"""
