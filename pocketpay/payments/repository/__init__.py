"""All the SQL of payments, a file per question: what a unit of work reads and writes, what an owner sees, what an
audit proves.

Knows tables and statements; returns the room's own frozen values. Must never know why money may move: that is decided
above, on what was read here.
"""
