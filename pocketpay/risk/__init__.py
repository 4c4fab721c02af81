"""Risk: pure judgement. Facts in, verdict out.

Knows three rules and what each does when it matches, and keeps what operators have set over the environment's.
The rules must never know a clock, a session, a table or a person: whoever asks brings the facts, read under the
sender's lock.
"""
