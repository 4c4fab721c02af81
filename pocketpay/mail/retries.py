"""When a mail is tried again. Pure."""

from datetime import timedelta

MOST_TRIES = 12
"""Some four hours: a receiver that puts strangers off (greylisting) accepts after minutes."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after that many tries: 30 s, 1 min, 2, 4, … an hour; None when it was the last."""
    if tries >= MOST_TRIES:
        return None
    return min(FIRST_PAUSE * float(2 ** (tries - 1)), LONGEST_PAUSE)
