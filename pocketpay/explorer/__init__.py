"""GraphiQL and the wallet app, built by Vite and served by this server in development.

    built.py     the files of a build, in the encoding that a browser accepts, and their security headers
    routes.py    GraphiQL's page and its assets
    web_app.py   the web app's page and its assets
    mails.py     the newest mails for the explorer's mail bar, from a function that app.py passes

This package must not depend on the schema, on the viewer, or on the database.
"""
