"""Risk: pure judgement. Facts in, verdict out. A rule is one object in a file of its own.

    rules.py            the register of the rules, and the settings of all of them
    rule.py             what a rule is, and the reason that it gives
    large_transfer.py   the amount is above a threshold
    new_recipient.py    this wallet never completed a payment to that one before
    rapid_transfers.py  that many payments within the window before this one
    unusual_hour.py     above a threshold, between two hours of the day
    facts.py            what the rules know of a payment
    policy.py           the rules in force, and their verdict
    models.py           the table of the settings that operators put over the environment's
    repository.py       the SQL

The rules must never know a clock, a session, a table or a person: the caller brings the facts, read under the
sender's lock. The settings of the server contain those of the rules, so no rule may know the settings of the server.
"""
