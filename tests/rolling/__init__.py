"""A rolling restart of two servers behind nginx, under load.

nginx.py      nginx from the distribution, with the configuration of docs/operations.md
__main__.py   `make rolling`
"""
