"""The hosts of a database URL."""

import pytest

from pocketpay.database.address import Host, check, for_driver, hosts_of, plain
from pocketpay.database.connecting import connect
from pocketpay.database.failures import NoPrimary, ServiceBusy
from pocketpay.settings import SettingsError, load
from tests.conftest import Dsns

WRONG = [
    "postgresql://ada:secret@db1,/pay",
    "postgresql://ada:secret@,db2/pay",
    "postgresql://ada:secret@db1:five,db2/pay",
    "postgresql://ada:secret@[::1,db2/pay",
    "postgresql:///pay?password=secret&host=db1,db2,db3&port=5432,5433",
    "postgresql:///pay?password=secret&host=db1&port=five",
]


@pytest.mark.parametrize(
    ("dsn", "hosts"),
    [
        ("postgresql://db1/pay", [Host("db1")]),
        ("postgresql://ada:p,w@db1:5432/pay", [Host("db1", 5432)]),
        (
            "postgresql://ada:pw@db1:5432,db2,10.0.0.3:5434/pay",
            [Host("db1", 5432), Host("db2"), Host("10.0.0.3", 5434)],
        ),
        ("postgresql://ada@[2001:db8::1]:5433,[::1]/pay", [Host("2001:db8::1", 5433), Host("::1")]),
        ("postgresql://ada@%2Frun%2Fpostgresql/pay", [Host("/run/postgresql")]),
        ("postgresql:///pay?host=/run/postgresql&port=5433", [Host("/run/postgresql", 5433)]),
        ("postgresql:///pay?host=db1,db2&port=5432,5433", [Host("db1", 5432), Host("db2", 5433)]),
        ("postgresql:///pay?host=db1,db2&port=5433", [Host("db1", 5433), Host("db2", 5433)]),
        ("postgresql:///pay?host=db1:5434,db2", [Host("db1", 5434), Host("db2")]),
        ("postgresql:///pay", []),
        ("postgresql:///pay?service=money", []),
    ],
)
def test_the_hosts_of_a_url_are_read_in_order(dsn: str, hosts: list[Host]) -> None:
    assert list(hosts_of(dsn)) == hosts


def test_a_host_is_shown_as_it_is_written() -> None:
    assert [str(host) for host in hosts_of("postgresql://db1:5432,[::1]:5433,db2/pay")] == [
        *("db1:5432", "[::1]:5433", "db2")
    ]


@pytest.mark.parametrize("dsn", WRONG)
async def test_a_wrong_host_is_reported_without_the_password(dsn: str) -> None:
    with pytest.raises(ValueError, match="not valid") as wrong:
        check(dsn)
    assert "secret" not in str(wrong.value)
    with pytest.raises(ServiceBusy, match="DATABASE_URL: it is not valid") as refused:
        await connect(dsn)
    assert "secret" not in str(refused.value)


def test_the_scheme_of_sqlalchemy_is_accepted() -> None:
    assert plain("postgresql+asyncpg://ada@db1,db2/pay") == "postgresql://ada@db1,db2/pay"


def test_parameters_of_other_clients_are_dropped_and_others_kept_as_written() -> None:
    dsn = (
        "postgresql+asyncpg://ada:p%26w@db1,db2/pay?pgbouncer=true&sslmode=require&channel_binding=prefer"
        "&options=-c%20search_path%3Dpublic&schema=public&connect_timeout=1"
    )
    check(dsn)
    kept = "postgresql://ada:p%26w@db1,db2/pay?sslmode=require&options=-c%20search_path%3Dpublic"
    assert for_driver(dsn) == kept
    assert for_driver("postgresql://db1/pay?pgbouncer=true") == "postgresql://db1/pay"
    assert for_driver("postgresql:///pay") == "postgresql:///pay"


@pytest.mark.parametrize(
    ("parameter", "word"),
    [
        ("channel_binding=require", "channel_binding=require"),
        ("gssencmode=require", "gssencmode=require"),
        ("target_session_attrs=standby", "target_session_attrs=standby"),
        ("target_session_attrs=read-only", "needs a host that accepts writes"),
        ("schema=money", "schema"),
    ],
)
def test_a_parameter_that_the_server_cannot_fulfil_is_refused_and_named(parameter: str, word: str) -> None:
    with pytest.raises(SettingsError, match=f"DATABASE_URL.*{word}") as refused:
        load(_env_file=None, database_url=f"postgresql://ada:secret@db1/pay?{parameter}")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["nonsense", "mysql://ada@db1/pay", *WRONG])
def test_another_address_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_OWNER_URL: it is not valid"):
        load(_env_file=None, database_owner_url=url)


async def test_a_parameter_that_postgresql_does_not_know_is_named(database_dsn: Dsns) -> None:
    with pytest.raises(NoPrimary, match='parameter "hostaddr"'):
        await connect(database_dsn.server + "&hostaddr=10.0.0.1")


async def test_parameters_that_providers_add_are_accepted(database_dsn: Dsns) -> None:
    connection = await connect(
        database_dsn.server + "&pgbouncer=true&channel_binding=prefer&schema=public&target_session_attrs=any"
    )
    assert await connection.fetchval("select 1") == 1
    connection.terminate()
