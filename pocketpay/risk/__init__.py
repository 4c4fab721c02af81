"""Risk: pure judgement. Facts in, verdict out.

    rules.py        the three rules
    setting.py      the settings that operators may put over the environment's
    models.py       the table of those settings
    repository.py   the SQL

The rules must never know a clock, a session, a table or a person: the caller brings the facts, read under the
sender's lock.
"""
