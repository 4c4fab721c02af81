"""The command line of the example programs: their arguments, and how they exit on a failure."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from client import URL, Failed


@contextmanager
def failures_printed() -> Iterator[None]:
    """Prints the message of a Failed and exits. Exits without a message on Ctrl-C."""
    try:
        yield
    except Failed as failed:
        sys.exit(str(failed))
    except KeyboardInterrupt:
        sys.exit(130)


def arguments(about: str, *names: str) -> list[str]:
    """The arguments of the program, with the server's address last. Prints the usage and exits when they are
    wrong."""
    first, example = about.split("\n\n")[:2]
    parser = argparse.ArgumentParser(description=first)
    for name in names:
        parser.add_argument(name)
    parser.add_argument("url", nargs="?", default=URL, help=f"the server's address, {URL} by default")
    parser.usage = f"{parser.format_usage().removeprefix('usage: ')}\nfor example: {example.strip()}"
    return list(vars(parser.parse_args()).values())
