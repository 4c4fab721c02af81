"""A connection that makes a span for each statement (decision 66)."""

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from pocketpay.database.connecting import WatchedConnection
from pocketpay.tracing.spans import Traces, failed

TRACES: list[Traces] = []
"""The traces of this process; empty until `trace_statements` is called."""


def _traced(method: str) -> Any:
    plain = getattr(WatchedConnection, method)

    async def run(self: "TracedConnection", query: str, *arguments: Any, **options: Any) -> Any:
        span = TRACES[0].statement(name_of(query))
        if span is None:
            return await plain(self, query, *arguments, **options)
        try:
            return await plain(self, query, *arguments, **options)
        except BaseException as error:
            failed(span, str(getattr(error, "sqlstate", None) or type(error).__qualname__))
            raise
        finally:
            span.end()

    return run


class TracedConnection(WatchedConnection):
    """Makes a span for each statement. The span has the name of the statement in the code, and no values."""

    execute, executemany = _traced("execute"), _traced("executemany")
    fetch, fetchrow, fetchval = _traced("fetch"), _traced("fetchrow"), _traced("fetchval")


def trace_statements(traces: Traces) -> None:
    """Makes spans for the statements of the connections that this process opens from now on."""
    from pocketpay.database import connecting

    TRACES[:] = [traces]
    connecting.connection_class = TracedConnection


def name_of(query: str) -> str:
    """Returns the name of a statement: its constant, such as `units.WRITE`, or else its first word.

    No name is kept: each unit of work begins with another text.
    """
    return _constants().get(query) or query.split(None, 1)[0].rstrip(";").lower()[:20]


@cache
def _constants() -> Mapping[str, str]:
    """Returns the name of the constant for each SQL text."""
    found: dict[str, str] = {}
    for module_name, module in sorted(sys.modules.items()):
        if module_name.startswith("pocketpay."):
            short = module_name.rpartition(".")[2]
            for name, value in vars(module).items():
                if isinstance(value, str) and " " in value and name.upper() == name:
                    found.setdefault(value, f"{short}.{name.lstrip('_')}")
    return found
