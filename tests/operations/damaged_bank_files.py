"""Damage to the files of banks and their differences, made as the owner of the tables."""

from pocketpay.database.findings import Proof
from pocketpay.operator_log.repository.act_proofs import KNOWN
from pocketpay.reconciliation.guards import TRIGGERS
from pocketpay.reconciliation.repository.proofs import BANK_CONSTRAINED, BANK_GUARDED, CLOSED, FILES, MATCHED
from tests.operations.damage import NEW, OTHER, Damage

FILE = "01900000-0000-7000-8000-00000000000f"
GUARDS = ("bank_files_never_rewritten", "bank_lines_never_rewritten", "bank_differences_closed_once")
ACT = "insert into operator_actions (id, operator, action, reason, facts, created_at) values"
IMPORTED = f"""
{ACT} ('{NEW}', 'ops', 'reconcile', 'File', '{{{{}}}}', now());
insert into bank_files values ('{FILE}', sha256('one'), 'File', 'USD', current_date, current_date, 3, 9900, '{NEW}',
    now());
insert into bank_lines values ('{FILE}', 1, current_date, 10000, null, '{{deposit}}'),
    ('{FILE}', 2, current_date, -200, null, '{{withdrawn}}'), ('{FILE}', 3, current_date, 100, 'Fees', null);
insert into bank_differences values
    ('{NEW}', '{FILE}', 2, 'amount_differs', '{{withdrawn}}', 'USD', -200, -2000, now(), null, null),
    ('{OTHER}', '{FILE}', 3, 'not_in_books', null, 'USD', 100, null, now(), null, null);
"""
"""A correct file of three lines: one agrees with the books, and two differ."""

CLOSE = (
    f"{ACT} ('{OTHER}', 'ops', 'close_difference', 'Fees', '{{{{\"difference\": \"{OTHER}\"}}}}', now());"
    f"update bank_differences set closed_at = now(), act_id = '{OTHER}' where id = '{OTHER}';"
)


def _damaged(name: str, sql: str, found: dict[Proof, set[str]]) -> Damage:
    """Damage that is made after the correct import and one closing, with the triggers off."""
    off = "".join(f"alter table {_table(guard)} disable trigger {guard};" for guard in GUARDS)
    on = "".join(f"alter table {_table(guard)} enable always trigger {guard};" for guard in GUARDS)
    acts = "alter table operator_actions {} trigger operator_actions_never_rewritten;"
    damage = f"{off}{acts.format('disable')}{sql};{acts.format('enable always')}{on}"
    return Damage(name, f"{IMPORTED}{CLOSE}{damage}", found)


def _table(guard: str) -> str:
    return next(table for table, name, *_ in TRIGGERS if name == guard)


BANK_FILES = (
    _damaged("a bank file without one of its lines", "delete from bank_lines where number = 1", {FILES: {FILE}}),
    _damaged(
        "a line of a bank file with another amount",
        "update bank_lines set amount = 9000 where number = 1",
        {FILES: {FILE}, MATCHED: {f"{FILE} 1"}},
    ),
    _damaged(
        "a line of a bank file without its transaction",
        "update bank_lines set transaction_id = null where number = 1",
        {MATCHED: {f"{FILE} 1"}},
    ),
    _damaged(
        "a difference that is opened again",
        f"update bank_differences set closed_at = null, act_id = null where id = '{OTHER}'",
        {CLOSED: {OTHER}},
    ),
    _damaged(
        "a difference closed by the action of another",
        f"update bank_differences set closed_at = now(), act_id = '{OTHER}' where id = '{NEW}'",
        {CLOSED: {NEW}},
    ),
    _damaged(
        "a difference closed at another time",
        f"update bank_differences set closed_at = now() + interval '1 second' where id = '{OTHER}'",
        {CLOSED: {OTHER}},
    ),
    _damaged(
        "a bank file imported at another time",
        "update bank_files set imported_at = imported_at - interval '1 second'",
        {CLOSED: {FILE}},
    ),
    _damaged(
        "an import of another kind of action",
        f"update operator_actions set action = 'unheard_of' where id = '{NEW}'",
        {CLOSED: {FILE}, KNOWN: {NEW}},
    ),
    _damaged(
        "an import that has no file",
        f"{ACT} (gen_random_uuid(), 'ops', 'end_sessions', 'x', '{{{{}}}}', now());"
        f"update operator_actions set action = 'reconcile', id = '{FILE}' where reason = 'x'",
        {CLOSED: {FILE}},
    ),
    *(
        Damage(f"{guard} {how}", f"alter table {table} {how} trigger {guard}", {BANK_GUARDED: {guard}})
        for table, guard, _ in TRIGGERS
        for how in ("disable", "enable")
    ),
    Damage(
        "a missing constraint of bank files",
        "alter table bank_lines drop constraint ck_bank_lines_amount_not_zero",
        {BANK_CONSTRAINED: {"ck_bank_lines_amount_not_zero"}},
    ),
    Damage(
        "the same bank file twice",
        "drop index uq_bank_files_digest",
        {BANK_CONSTRAINED: {"uq_bank_files_digest"}},
    ),
)
