"""Pocket Pay with the clients and checkers that other people made.

__main__     runs every suite against a new server and prints a table: `make interop`
suites       the suites: which package, which program, and how its result is read
test_suites  runs the same suites in the tests, where they are built
"""
