"""GraphiQL, built from `explorer/` at set-up and served by ourselves.

    routes.py   its files, and what a browser may do with them
    mails.py    the newest mails for its bar, from a function that the app gives

Must never know the schema, who is asking, or anything that needs the database.
"""
