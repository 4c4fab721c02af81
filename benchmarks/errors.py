"""The error that ends a benchmark."""


class BenchmarkError(Exception):
    """The benchmark cannot continue. The message is one sentence for the person who started it."""
