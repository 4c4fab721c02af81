"""Mutations: one guard at a time is removed, and the test that must fail without it is run. `make mutations`.

    guards.py       the guards of the code, enumerated from its syntax tree
    edits.py        the guards that are no refusals, as edits: locks, keys, counts
    catalog.py      the guards of the database, enumerated from its catalog
    table.toml      the test of each guard of the code; table.py reads and writes it
    candidates.py   the test files in which --find looks for the test of a guard
    worker.py       a process that forks, removes one guard in the child, and runs tests
    runner.py       gives tasks to two workers
    rules.py        runs mutmut on the pure rules
    test_table.py   the suite's part: the table is complete
    test_runner.py  the runner reports what dies, what survives and what does not apply

Decision 49 gives the reasons.
"""
