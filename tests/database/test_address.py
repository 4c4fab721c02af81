"""The hosts of a database URL."""

import pytest

from pocketpay.database.address import Host, hosts_of, plain
from pocketpay.database.connecting import connect
from pocketpay.database.failures import ServiceBusy

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
def test_hosts(dsn: str, hosts: list[Host]) -> None:
    assert list(hosts_of(dsn)) == hosts


def test_a_host_is_shown_as_it_is_written() -> None:
    assert [str(host) for host in hosts_of("postgresql://db1:5432,[::1]:5433,db2/pay")] == [
        *("db1:5432", "[::1]:5433", "db2")
    ]


@pytest.mark.parametrize("dsn", WRONG)
async def test_a_wrong_host_is_told_without_the_password(dsn: str) -> None:
    with pytest.raises(ServiceBusy, match="DATABASE_URL is not valid") as refused:
        await connect(dsn)
    assert "secret" not in str(refused.value)


def test_the_scheme_of_sqlalchemy_is_accepted() -> None:
    assert plain("postgresql+asyncpg://ada@db1,db2/pay") == "postgresql://ada@db1,db2/pay"
