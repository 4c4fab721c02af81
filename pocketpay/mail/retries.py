"""The pauses between the tries of a mail. Pure."""

from datetime import timedelta

MAX_TRIES = 12
"""About four hours in total. A receiver that defers unknown senders (greylisting) accepts after minutes."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


def pause_after(tries: int) -> timedelta | None:
    """Returns the pause after this number of tries: 30 s, 1 min, 2, 4, … up to an hour; None after the last try."""
    if tries >= MAX_TRIES:
        return None
    return min(FIRST_PAUSE * float(2 ** (tries - 1)), LONGEST_PAUSE)
