"""The explorer room: GraphiQL, built from `explorer/` at set-up and served by ourselves.

Knows files, their compressed twins, and what a browser may do with them.
Must never know the schema, who is asking, or anything that needs the database: it is a page among others.
"""
