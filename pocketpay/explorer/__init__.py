"""GraphiQL, built from the folder `explorer/` at installation and served by this server.

    routes.py   the page and its assets, with their security headers
    mails.py    the newest mails for the explorer's mail bar, from a function that app.py passes

This package must not depend on the schema, on the viewer, or on the database.
"""
