"""All SQL of onboarding.

newcomers.py   the rows of a person who comes, across the rooms that keep them
imported.py    people who come from Supabase, many at once
staging.py     an export laid out in temporary tables, to be joined and judged
"""
