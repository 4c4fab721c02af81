"""The outbox's statements read only the mails that are due, by index, however many others there are."""

import pytest

from pocketpay.mail import repository
from tests.mail.outboxes import Post
from tests.people import Owner
from tests.plans import INDEXED, explained, rows_read, scans

FILL = """
insert into outgoing_mails (id, user_id, event, recipient, kind, facts, status, tries, created_at, due_at, expires_at,
    finished_at)
select gen_random_uuid(), $1, n::text, 'ada@example.com', 'verify_email', '{}',
    case when n % 10 = 0 then 'waiting' else 'sent' end, 1, now(), now() + (n - 50) * interval '1 minute',
    now() + interval '1 hour' + n * interval '1 minute',
    case when n % 10 > 0 then now() - n * interval '1 minute' end
from generate_series(1, 20000) n
"""


@pytest.mark.parametrize(
    ("statement", "types", "arguments", "most_rows"),
    [
        (repository._CLAIM, "text[], int, interval", ("{verify_email}", 4, "150 seconds"), 20),
        (repository._EXPIRE, "int, text[]", (1000, "{verify_email}"), 10),
        (repository._SWEEP, "interval, int", ("13 days", 100), 2_000),
    ],
)
async def test_a_statement_reads_only_the_mails_it_needs(
    post: Post, owner: Owner, statement: str, types: str, arguments: tuple[object, ...], most_rows: int
) -> None:
    await owner.execute(FILL, post.user_id)
    await owner.execute("analyze outgoing_mails")
    await owner.execute("begin")
    steps = scans(await explained(owner, statement, types, *arguments), "outgoing_mails")
    await owner.execute("rollback")
    assert {step["Node Type"] for step in steps} <= {*INDEXED, "Tid Scan", "ModifyTable"}
    assert rows_read(steps) <= most_rows
