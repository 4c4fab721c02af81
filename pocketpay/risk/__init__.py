"""Risk: pure rules that turn the facts of a payment into a verdict. Each rule is a class in a file of its own.

    rules.py            the register of the rules, and the settings of all of them
    rule.py             the base class of a rule, and the reason that it records
    large_transfer.py   the amount is above a threshold
    new_recipient.py    the sender has no completed payment to this recipient
    rapid_transfers.py  too many payments within a time window
    unusual_hour.py     the amount is above a threshold, between two hours of the day
    facts.py            the facts of a payment that the rules read
    policy.py           the rules in force, and their verdict
    models.py           the table of settings by which operators override the environment
    repository.py       the SQL

The rules must not use a clock, a session, a table or a user: the caller reads the facts under the sender's lock and
passes them in. The settings of the server contain those of the rules, so a rule must not import the server's
settings.
"""
