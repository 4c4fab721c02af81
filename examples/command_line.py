"""What the programs beside this file share: their arguments, and how they end."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from client import URL, Failed


@contextmanager
def failures_printed() -> Iterator[None]:
    """Ends the program with the sentence of a Failed, or quietly on ctrl-C."""
    try:
        yield
    except Failed as failed:
        sys.exit(str(failed))
    except KeyboardInterrupt:
        sys.exit(130)


def arguments(about: str, *names: str) -> list[str]:
    """The arguments of this program, the server's address last; if they are wrong, prints the usage and ends it."""
    first, example = about.split("\n\n")[:2]
    parser = argparse.ArgumentParser(description=first)
    for name in names:
        parser.add_argument(name)
    parser.add_argument("url", nargs="?", default=URL, help=f"the server's address, {URL} by default")
    parser.usage = f"{parser.format_usage().removeprefix('usage: ')}\nfor example: {example.strip()}"
    return list(vars(parser.parse_args()).values())
