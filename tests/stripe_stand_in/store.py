"""The stand-in's state, in one SQLite file, so that `kill -9` loses nothing that was answered.

objects      every object, as JSON, with the account that has it; the platform is ''
movements    every change of a balance; `outside` is True when the money crosses Stripe's border
keys         the saved answers of idempotency keys
deliveries   the events that are not delivered yet
settings     the clock and the webhooks' way of sending
pages        hosted pages, by their secret token
plans        what a bank account will do with the next orders

Each request is one transaction: the object, its events, its movements and the saved answer are written together or
not at all. A commit is synced to the disk.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Object = dict[str, Any]

TABLES = """
create table if not exists objects (
    seq integer primary key, id text not null unique, kind text not null, account text not null, body text not null
);
create index if not exists ix_objects_kind on objects (kind, account);
create table if not exists movements (
    seq integer primary key, account text not null, currency text not null, amount integer not null,
    outside integer not null, why text not null, source text not null
);
create table if not exists keys (
    account text not null, key text not null, request text not null, status integer, answer text, at integer not null,
    request_id text not null, primary key (account, key)
);
create table if not exists deliveries (seq integer primary key, event text not null);
create table if not exists settings (name text primary key, value text not null);
create table if not exists pages (
    token text primary key, kind text not null, target text not null, body text not null
);
create table if not exists plans (payment_method text primary key, body text not null);
"""


class Store:
    """The state. `path` is a file, or ':memory:' for a test in this process."""

    def __init__(self, path: Path | str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript("pragma journal_mode = wal; pragma synchronous = full;" + TABLES)

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at its end, or undoes everything after an exception."""
        self._database.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")

    def put(self, body: Object, account: str) -> None:
        """Adds or replaces an object."""
        self._database.execute(
            "insert into objects (id, kind, account, body) values (?, ?, ?, ?) "
            "on conflict (id) do update set body = excluded.body",
            (body["id"], body["object"], account, json.dumps(body)),
        )

    def get(self, id: str, account: str | None = None) -> Object | None:
        """Returns the object of an account, or of any account if it is None."""
        found = self._database.execute("select body, account from objects where id = ?", (id,)).fetchone()
        if found is None or (account is not None and found[1] != account):
            return None
        body: Object = json.loads(found[0])
        return body

    def account_of(self, id: str) -> str:
        (account,) = self._database.execute("select account from objects where id = ?", (id,)).fetchone()
        return str(account)

    def remove(self, id: str) -> None:
        self._database.execute("delete from objects where id = ?", (id,))

    def newest_first(self, kind: str, account: str | None = None) -> list[Object]:
        found = self._database.execute(
            "select body from objects where kind = ? and (? is null or account = ?) order by seq desc",
            (kind, account, account),
        )
        return [json.loads(body) for (body,) in found]

    def counts(self) -> dict[str, int]:
        """Returns the number of objects by kind."""
        return dict(self._database.execute("select kind, count(*) from objects group by 1").fetchall())

    def move(self, account: str, currency: str, amount: int, why: str, source: str, *, outside: bool) -> None:
        self._database.execute(
            "insert into movements (account, currency, amount, outside, why, source) values (?, ?, ?, ?, ?, ?)",
            (account, currency, amount, outside, why, source),
        )

    def balance(self, account: str, currency: str) -> int:
        query = "select coalesce(sum(amount), 0) from movements where account = ? and currency = ?"
        return int(self._database.execute(query, (account, currency)).fetchone()[0])

    def balances(self) -> dict[str, dict[str, int]]:
        """Returns the balances by account and currency."""
        found: dict[str, dict[str, int]] = {}
        query = "select account, currency, sum(amount) from movements group by 1, 2 order by 1, 2"
        for account, currency, amount in self._database.execute(query):
            found.setdefault(account, {})[currency] = amount
        return found

    def crossed(self) -> list[tuple[str, str, int, int]]:
        """Returns (currency, why, sum, number) of the movements that crossed Stripe's border."""
        return self._database.execute(
            "select currency, why, sum(amount), count(*) from movements where outside group by 1, 2 order by 1, 2"
        ).fetchall()

    def saved(self, account: str, key: str) -> tuple[str, int, str, int, str] | None:
        """Returns (request, status, answer, time, request id) of an idempotency key."""
        query = "select request, status, answer, at, request_id from keys where account = ? and key = ?"
        found: tuple[str, int, str, int, str] | None = self._database.execute(query, (account, key)).fetchone()
        return found

    def save(self, account: str, key: str, request: str, status: int, answer: str, at: int, request_id: str) -> None:
        self._database.execute(
            "insert or replace into keys (account, key, request, status, answer, at, request_id) "
            "values (?, ?, ?, ?, ?, ?, ?)",
            (account, key, request, status, answer, at, request_id),
        )

    def forget_keys(self, before: int) -> None:
        self._database.execute("delete from keys where at < ?", (before,))

    def queue(self, event: str) -> None:
        self._database.execute("insert into deliveries (event) values (?)", (event,))

    def queued(self) -> list[tuple[int, str]]:
        """Returns (number, event id), the oldest first."""
        return self._database.execute("select seq, event from deliveries order by seq").fetchall()

    def delivered(self, number: int) -> None:
        self._database.execute("delete from deliveries where seq = ?", (number,))

    def setting(self, name: str, default: Any = None) -> Any:
        found = self._database.execute("select value from settings where name = ?", (name,)).fetchone()
        return default if found is None else json.loads(found[0])

    def set(self, name: str, value: Any) -> None:
        self._database.execute("insert or replace into settings values (?, ?)", (name, json.dumps(value)))

    def add_page(self, token: str, kind: str, target: str, body: Mapping[str, Any]) -> None:
        self._database.execute("insert into pages values (?, ?, ?, ?)", (token, kind, target, json.dumps(body)))

    def page(self, token: str) -> tuple[str, str, Object] | None:
        """Returns (kind, id of the object, details) of a hosted page."""
        found = self._database.execute("select kind, target, body from pages where token = ?", (token,)).fetchone()
        return None if found is None else (found[0], found[1], json.loads(found[2]))

    def plan(self, payment_method: str) -> Object:
        query = "select body from plans where payment_method = ?"
        found = self._database.execute(query, (payment_method,)).fetchone()
        body: Object = {} if found is None else json.loads(found[0])
        return body

    def set_plan(self, payment_method: str, body: Mapping[str, Any]) -> None:
        self._database.execute("insert or replace into plans values (?, ?)", (payment_method, json.dumps(body)))
