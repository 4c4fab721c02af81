"""The table of guards is complete: a new guard needs a test that fails without it.

`make mutations ARGS=--find` finds the tests of new guards and writes them into the table.
"""

import ast
from collections import Counter
from datetime import UTC, datetime

import pytest
import uuid_utils.compat as uuids

from pocketpay.ledger.account import Account
from pocketpay.payments import spending
from pocketpay.payments.transfer import Transfer
from tests.conftest import Dsns
from tests.database import test_constraints
from tests.mutations import catalog, edits, guards
from tests.mutations.guards import ROOT, DoesNotApply
from tests.mutations.table import Table

ADVICE = "run `make mutations ARGS=--find`, and write a test for what survives"
SAMPLE = """
def decide(book):
    if a or b:
        raise NotFound
    if c:
        return d
    require_transition(e, f)
    g = None if h else WalletFrozen()
    return Outcome(i, hold=j, key=None)

def parse(text):
    if not text:
        return None
    raise InvalidInput("x")

class Bank:
    async def ask(self):
        try:
            return 1
        except KeyError as error:
            raise ConnectionError from error
"""


def test_every_guard_of_the_code_is_in_the_table_once() -> None:
    ids, table = [*guards.ids(), *(edit.id for edit in edits.EDITS)], Table.read()
    assert [id for id, many in Counter(ids).items() if many > 1] == []
    assert sorted(ids) == sorted([*table.killed_by, *table.same_without]), ADVICE


def test_every_test_of_the_table_exists() -> None:
    tests = {test.split("[")[0] for test in Table.read().killed_by.values()}
    missing = [test for test in tests if test.split("::")[1] not in _functions(test.split("::")[0])]
    assert missing == []


def _functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_reason_why_a_guard_changes_nothing_is_a_sentence() -> None:
    assert all(reason.endswith(".") and len(reason) > 40 for reason in Table.read().same_without.values())


async def test_every_guard_of_the_database_has_a_test_that_exists(module_dsn: Dsns) -> None:
    found = await catalog.guards(module_dsn.owner)
    attempted = {f"test_the_database_refuses_the_statement[{name}]" for name in test_constraints.ATTEMPTS}
    attempted |= {f"test_the_database_clears_the_verification[{name}]" for name in test_constraints.RESETS}
    attempted |= {f"test_the_database_ignores_the_row[{name}]" for name in test_constraints.IGNORES}
    assert {test.split("::")[1] for guard in found for test in guard.tests} == attempted
    assert len(found) > 130


def test_guards_are_found_in_rules_and_in_other_functions() -> None:
    found = guards.guards_of("sample.py", ast.parse(SAMPLE))
    assert [(guard.function, guard.text) for guard in found] == [
        ("decide", "if a: raise NotFound"),
        ("decide", "if b: raise NotFound"),
        ("decide", "if c: return d"),
        ("decide", "require_transition(e, f)"),
        ("decide", "None if h else WalletFrozen()"),
        ("decide", "Outcome(i, hold=j)"),
        ("parse", "raise InvalidInput"),
    ]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("if a: raise NotFound", "if False or b:\n        raise NotFound"),
        ("if c: return d", "if False:\n        return d"),
        ("require_transition(e, f)", "pass\n    g ="),
        ("None if h else WalletFrozen()", "g = None if True else WalletFrozen()"),
        ("Outcome(i, hold=j)", "return Outcome(i, hold=None, key=None)"),
        ("raise InvalidInput", "return None\n    pass"),
    ],
)
def test_removing_a_guard_changes_only_that_guard(text: str, without: str) -> None:
    tree = ast.parse(SAMPLE)
    (guard,) = (one for one in guards.guards_of("sample.py", tree) if one.text == text)
    before = ast.unparse(tree).splitlines()
    guard.remove()
    after = ast.unparse(tree)
    assert without in after
    assert sum(one != other for one, other in zip(before, after.splitlines(), strict=True)) == 1


def test_a_guard_that_is_not_in_the_code_does_not_apply() -> None:
    with pytest.raises(DoesNotApply):
        guards.remove("payments/transfer.py Transfer.decide_new: if luck: raise NotFound")


def test_an_edit_whose_text_is_not_in_the_code_does_not_apply() -> None:
    for where in ("begin_and_lock", "PREPARE_LOCK", "nowhere"):
        with pytest.raises(DoesNotApply):
            edits.apply(edits.Edit("a test", "ledger/repository/postings.py", where, "for luck", ""))


def test_every_edit_changes_the_code() -> None:
    for edit in edits.EDITS:
        assert edits.changed(edit), edit.id


def test_a_removed_guard_is_restored_after_the_block() -> None:
    code = spending.insufficient_funds.__code__, Account.change.__code__, Transfer.decide_new.__code__
    ids = [guard for guard in guards.ids() if guard.startswith(("payments/spending.py", "ledger/account.py"))]
    with guards.removed(*ids):
        account = Account(uuids.uuid7(), "USD", 0, 0, 0, 0, datetime.now(UTC))
        account.change(posted=-1, held=-1)
        assert spending.insufficient_funds.__code__ is not code[0]
    assert (spending.insufficient_funds.__code__, Account.change.__code__, Transfer.decide_new.__code__) == code
