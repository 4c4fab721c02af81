"""The one error of a benchmark."""


class BenchmarkError(Exception):
    """The measurement cannot go on. The text is one sentence for the person who started it."""
