"""A GraphQL client: one keep-alive HTTP connection to a server on this machine, one request at a time.

It does very little work for each request, because it shares the processors with the server that it measures.
"""

import asyncio
import re
from typing import Any, Self

import orjson

from benchmarks.errors import BenchmarkError

ANSWER_SECONDS = 30
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Client:
    """A client with one open connection. `ask` sends an operation and returns its data."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, document: str, variables: dict[str, Any], token: str | None = None) -> Any:
        """Sends an operation with one root field and returns the value of that field.

        Raises BenchmarkError when there is no answer, or the answer has errors.
        """
        body = orjson.dumps({"query": document, "variables": variables})
        signed = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"{signed}Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._answer()
        except (TimeoutError, EOFError, OSError) as error:
            raise BenchmarkError(f"No answer to {document[:80]}: {error!r}") from error
        if "errors" in answer:
            raise BenchmarkError(f"{document[:80]} failed: {answer['errors']}")
        (value,) = answer["data"].values()
        if value.get("errors"):
            raise BenchmarkError(f"{document[:80]} was refused: {value['errors']}")
        return value

    async def _answer(self) -> dict[str, Any]:
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        if length is None:
            raise BenchmarkError(f"An answer has no Content-Length: {head[:200]!r}")
        answer = orjson.loads(await self._reader.readexactly(int(length[1])))
        if not isinstance(answer, dict):
            raise BenchmarkError(f"An answer is not a JSON object: {answer!r}")
        return answer

    def close(self) -> None:
        self._writer.close()
