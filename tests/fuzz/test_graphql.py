"""Random documents over the whole schema. Every answer fits its document; a refusal moves no money."""

from typing import Any

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.fuzz.documents import DocumentMaker
from tests.fuzz.rounds import Round
from tests.fuzz.served import SCHEMA, Fuzzed, play


def test_random_documents_cause_no_internal_error(postgres: EmbeddedPostgres) -> None:
    play(postgres, "random_documents", _walk, cases=120)


async def _walk(fuzzed: Fuzzed, round: Round) -> None:
    chance = round.chance
    maker = DocumentMaker(SCHEMA, fuzzed.pool)
    books, tables = await fuzzed.books(), await fuzzed.tables()
    for _ in range(round.cases):
        fuzzed.pool.odd_share = chance.choice((0.0, 0.05, 0.3))
        kind = "mutation" if chance.random() < 0.6 else "query"
        document = maker.document(kind)
        username: str | None = "olga" if "operations" in document.text else chance.choice(("ada", "ada", "bob"))
        username = username if chance.random() < 0.9 else chance.choice((None, "bob"))
        round.note((username, document))
        response = await fuzzed.ask(document, username)
        fuzzed.no_errors()
        if kind == "query":
            continue
        books_now, tables_now = await fuzzed.books(), await fuzzed.tables()
        if "data" not in response:
            changed = {name for name in tables if tables_now[name] != tables[name]}
            assert not changed, f"a request that was not executed changed {changed}"
        elif response["data"] is not None and all(_is_refused(payload) for payload in _payloads(response["data"])):
            # An error of a later mutation makes all data null, although the earlier mutations were executed.
            assert books_now == books, "a refused mutation moved money"
        books, tables = books_now, tables_now


def _payloads(data: dict[str, Any]) -> list[Any]:
    """The payloads of all mutations in an answer, those of operators too."""
    found: list[Any] = []
    for value in data.values():
        if isinstance(value, dict) and "errors" not in value:
            found += value.values()
        else:
            found.append(value)
    return found


def _is_refused(payload: Any) -> bool:
    return payload is None or (isinstance(payload, dict) and bool(payload.get("errors")))
