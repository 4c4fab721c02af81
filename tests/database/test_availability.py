"""The causes of an unreachable database: each one is recognised, counted, and logged once."""

import socket
import ssl

import asyncpg
import pytest
import structlog
from structlog.testing import capture_logs

from pocketpay.database import availability, connecting
from pocketpay.database.availability import REPEAT_SECONDS, Availability, Cause, cause_of, most_important
from pocketpay.database.errors import unreachable
from pocketpay.database.failures import NoPrimary
from pocketpay.database.timelines import FormerPrimary
from tests.conftest import Dsns

ERRORS: list[tuple[BaseException, Cause]] = [
    (asyncpg.InvalidPasswordError("refused"), Cause.WRONG_PASSWORD),
    (asyncpg.InvalidAuthorizationSpecificationError("refused"), Cause.WRONG_PASSWORD),
    (asyncpg.InvalidCatalogNameError("no such database"), Cause.NO_SUCH_DATABASE),
    (asyncpg.TooManyConnectionsError("too many clients already"), Cause.TOO_MANY_CONNECTIONS),
    (asyncpg.CannotConnectNowError("the database system is starting up"), Cause.STARTING_UP),
    (asyncpg.AdminShutdownError("terminating connection"), Cause.STARTING_UP),
    (asyncpg.exceptions.TargetServerAttributeNotMatched("not the primary"), Cause.STANDBY),
    (FormerPrimary(1, 2), Cause.FORMER_PRIMARY),
    (asyncpg.InvalidSQLStatementNameError("gone"), Cause.POOLER),
    (ConnectionRefusedError(111, "refused"), Cause.NOT_LISTENING),
    (FileNotFoundError(2, "no socket"), Cause.NOT_LISTENING),
    (socket.gaierror(-2, "Name or service not known"), Cause.UNKNOWN_HOST),
    (TimeoutError(), Cause.NO_ANSWER),
    (OSError(113, "No route to host"), Cause.NO_ANSWER),
    (ssl.SSLCertVerificationError("self-signed"), Cause.TLS),
    (ConnectionError('PostgreSQL server at "db" rejected SSL upgrade'), Cause.TLS),
    (asyncpg.UndefinedTableError("a bug"), Cause.OTHER),
]


def test_every_cause_is_recognized() -> None:
    assert [(error, cause_of(error)) for error, _ in ERRORS] == ERRORS
    assert {cause for _, cause in ERRORS} == {*Cause}


def test_the_most_important_cause_is_the_one_that_a_person_must_correct() -> None:
    assert most_important([Cause.STANDBY, Cause.NO_ANSWER, Cause.WRONG_PASSWORD]) is Cause.WRONG_PASSWORD
    assert most_important([Cause.STANDBY, Cause.NO_ANSWER]) is Cause.NO_ANSWER


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Availability:
    """The knowledge of a new process about its database."""
    monkeypatch.setattr(availability, "log", structlog.get_logger())
    known = Availability()
    known.logs = True
    monkeypatch.setattr(connecting, "AVAILABILITY", known)
    return known


async def test_a_real_refusal_is_counted_and_named(known: Availability, database_dsn: Dsns) -> None:
    """The database does not exist, or nothing listens on the port. The error names the cause, and says what to do."""
    nowhere = database_dsn.server.partition("?")
    for cause, dsn, says in (
        (Cause.NOT_LISTENING, "postgresql://127.0.0.1:1/pocketpay", "does not answer (Connection refused): start it"),
        (Cause.NO_SUCH_DATABASE, nowhere[0].rpartition("/")[0] + "/nowhere" + "".join(nowhere[1:]), "does not exist"),
    ):
        with pytest.raises(NoPrimary) as refused:
            await connecting.connect(dsn)
        assert refused.value.causes == (cause,)
        assert says in str(unreachable(refused.value))
        assert known.failures[cause] == 1
    connection = await connecting.connect(database_dsn.server)
    connection.terminate()
    assert known.host is not None


def test_the_log_has_a_line_when_the_cause_changes_one_each_minute_and_one_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(availability, "log", structlog.get_logger())
    now = [100.0]
    known = Availability(lambda: now[0])
    with capture_logs() as quiet:
        known.failed([Cause.NO_ANSWER], "no answer in time")
        known.connected("db1:5432")
    assert quiet == [], "a command prints its error itself"
    known.logs = True
    with capture_logs() as logged:
        for later in (0, 1, 1, REPEAT_SECONDS):
            now[0] += later
            known.failed([Cause.NO_ANSWER], "no answer in time")
        now[0] += 1
        known.failed([Cause.STARTING_UP], "the database system is starting up")
        now[0] += 2
        known.connected("db1:5432")
        known.connected("db1:5432")
    assert [(one["event"], one.get("cause"), one["seconds"]) for one in logged] == [
        ("database_unavailable", "no_answer", 0.0),
        ("database_unavailable", "no_answer", 62.0),
        ("database_unavailable", "starting_up", 63.0),
        ("database_available", None, 65.0),
    ]
    assert known.failures == {Cause.NO_ANSWER: 5, Cause.STARTING_UP: 1}
