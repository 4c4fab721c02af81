"""Guards that are no refusals, as edits of one function or one constant: the locks, the keys, the counts of a unit.

An edit names the function or constant and replaces one text in it. The text is compared with Python's own spelling of
the code (`ast.unparse`), so the layout of the source does not matter.
"""

import ast
import importlib
from dataclasses import dataclass

from tests.mutations.guards import ROOT, DoesNotApply, functions, replace_code


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces `old` by `new` in the function or constant `where` of the file."""

    name: str
    file: str
    where: str
    old: str
    new: str

    @property
    def id(self) -> str:
        return f"{self.file} {self.where}: {self.name}"


BEGIN = "await ledger.begin_and_lock(session, ids)"
LOOK_UP = "book, ahead = await look_up(session, _with_items(footprints), ids, terms, house)"

LOCKS = (
    Edit("no lock of the accounts", "ledger/repository/postings.py", "PREPARE_LOCK", " for no key update", ""),
    Edit("no order of the locks", "ledger/repository/postings.py", "PREPARE_LOCK", " order by id", ""),
    Edit(
        "facts are read before the lock",
        "clearing/unit.py",
        "carry_out",
        f"{BEGIN}\n    progress.locked = True\n    {LOOK_UP}",
        f"{LOOK_UP}\n    {BEGIN}\n    progress.locked = True",
    ),
    Edit(
        "facts are read from a snapshot before the lock",
        "ledger/repository/postings.py",
        "begin_and_lock",
        "begin; execute",
        "begin isolation level repeatable read; select 1; execute",
    ),
    Edit(
        "no lock of the payee",
        "clearing/footprint.py",
        "Footprint.accounts",
        "(self.wallet_id, self.payee_id)",
        "(self.wallet_id,)",
    ),
    Edit("no lock of the payers", "clearing/footprint.py", "Footprint.accounts", ", *self.lookups.payers", ", *()"),
    Edit(
        "no lock of a batch's payees",
        "clearing/footprint.py",
        "Footprint.accounts",
        "*(item.accounts for item in items)",
        "",
    ),
    Edit(
        "no lock of the closing user",
        "identity/repository/closing_user.py",
        "_HASHES",
        " for no key update",
        "",
    ),
    Edit("no lock of the customer", "identity/repository/people.py", "lock_user", " for no key update", ""),
    Edit(
        "no lock of the risk settings",
        "risk/repository.py",
        "lock",
        "lock table risk_settings in share row exclusive mode",
        "select 1",
    ),
    Edit(
        "accounts ahead of the clock are not left out",
        "clearing/look_up.py",
        "look_up",
        "if account.ahead]",
        "if False]",
    ),
    Edit(
        "the clock follows accounts ahead of it",
        "clearing/repository/units.py",
        "_LOOK_UP",
        " where not ahead",
        "",
    ),
    Edit(
        "the clock is earlier than the last change of an account",
        "clearing/repository/units.py",
        "_LOOK_UP",
        "greatest(clock_timestamp(), (select max(updated_at) from accounts where not ahead))",
        "clock_timestamp()",
    ),
)

KEYS = (
    Edit(
        "keys are not looked up",
        "clearing/look_up.py",
        "_add_row",
        "if footprint.key is not None and (operation := row['operation']) is not None:",
        "if False:",
    ),
    Edit("keys are not written", "clearing/write.py", "write", "keys=book.written_keys", "keys=[]"),
    Edit(
        "keys of batches are not written",
        "clearing/write.py",
        "write",
        "listed_keys=() if book.side_effects is None else book.side_effects.keys",
        "listed_keys=()",
    ),
    Edit(
        "keys are not stored in the unit",
        "clearing/book.py",
        "Book.store_key",
        "self.keys[key.wallet_id, key.text] = stored",
        "pass",
    ),
    Edit(
        "keys of two operations have the same fingerprint",
        "payments/parsing.py",
        "parse_key",
        "[operation, *",
        "[*",
    ),
)

COLUMNS = tuple(
    Edit(f"{one} and {other} are exchanged", file, where, f"{one}, {other}", f"{other}, {one}")
    for file, where, one, other in (
        ("ledger/repository/postings.py", "ENTRIES", "e.sequence", "e.balance_after"),
        ("ledger/repository/postings.py", "ACCOUNTS", "a.posted", "a.held"),
        ("clearing/repository/units.py", "NEW_TRANSACTIONS", "t.source_wallet_id", "t.destination_wallet_id"),
        ("clearing/repository/units.py", "NEW_TRANSACTIONS", "t.refunded", "t.uncounted"),
        ("clearing/repository/units.py", "CHANGED_TRANSACTIONS", "t.refunded", "t.uncounted"),
        ("clearing/repository/units.py", "NEW_KEYS", "new[0].text", "new[0].operation"),
    )
)

COUNTS = (
    *(
        Edit(
            f"{count} does not count",
            "clearing/book.py",
            f"Book.{where}",
            f"self.counters.{count}",
            "(lambda *_: None)",
        )
        for count, where in (
            ("count_payment", "_apply_transaction"),
            ("count_usage", "_apply_transaction"),
            ("count_usage", "_apply_refund"),
            ("count_refunded", "_apply_refund"),
            ("count_request", "_apply_side_effects"),
            ("count_card", "_put_card"),
            ("count_bank_account", "_put_bank_account"),
        )
    ),
    Edit(
        "the limit is not read exactly",
        "clearing/look_up.py",
        "look_up",
        "if inexact:",
        "if False:",
    ),
)

TIMES = (
    Edit(
        "overdue payments do not expire",
        "clearing/look_up.py",
        "_expire_overdue",
        "book.apply(Expire(payment.anchor, payment.id).decide(book))",
        "pass",
    ),
    Edit("overdue requests do not expire", "clearing/look_up.py", "_expire_overdue", "book.apply(expired)", "pass"),
)

FORKS = (
    Edit("the counters of a batch are lost", "clearing/book.py", "Book._adopt", " | Counters", ""),
    Edit(
        "accounts that a batch has changed are not written", "clearing/book.py", "Book._adopt", " | fork.touched", ""
    ),
    Edit(
        "accounts that were changed before a batch are not written",
        "clearing/book.py",
        "Book._adopt",
        "self.touched | fork.touched",
        "fork.touched",
    ),
)

LANES = (
    Edit(
        "a lane that retries without a connection delays the other",
        "clearing/queue.py",
        "Clearing._is_beside",
        "one.is_running and one.is_connected",
        "one.is_running",
    ),
    Edit(
        "a lane without a connection takes orders beside a unit",
        "clearing/queue.py",
        "Clearing._take",
        "beside and (not lane.is_connected)",
        "False",
    ),
    Edit(
        "units that run at the same time share accounts",
        "clearing/waiting.py",
        "Waiting.take",
        "blocked = set(self.in_units)",
        "blocked = set()",
    ),
    Edit(
        "orders are passed on their accounts",
        "clearing/waiting.py",
        "Waiting.take",
        "blocked |= ticket.accounts",
        "pass",
    ),
    Edit(
        "accounts are free before their unit has ended",
        "clearing/waiting.py",
        "Waiting.take",
        "self.in_units |= ticket.accounts",
        "pass",
    ),
    Edit(
        "a postponed order is passed by new ones",
        "clearing/waiting.py",
        "Waiting._take_postponed",
        "in_units |= ticket.accounts",
        "pass",
    ),
    Edit(
        "a unit of any size runs beside another",
        "clearing/waiting.py",
        "Waiting.take",
        "(payments := _payments(unit)) < MIN_BESIDE",
        "(payments := _payments(unit)) < 0",
    ),
)

PUSHES = (
    Edit("older states are sent", "updates/feed.py", "Watch.offer", "not self._newer(state, known)", "False"),
    Edit("busy subscribers are overtaken", "updates/feed.py", "Watch.offer", " and self._is_waiting", ""),
    Edit(
        "cancelled subscribers get states",
        "updates/feed.py",
        "Watch._is_waiting",
        " and (not self._waiter.done())",
        "",
    ),
    Edit("a pushed state is sent again", "updates/feed.py", "Watch.offer", "self._delivered = state", "pass"),
    Edit(
        "all states of a document have one payload",
        "serving/plans.py",
        "EventPlan.state_payload",
        "state is self._cached_state",
        "self._cached_state is not None",
    ),
    Edit(
        "fields of other rows are shared",
        "serving/plans.py",
        "EventPlan.state_payload",
        "if not self.shared:",
        "if False:",
    ),
    Edit(
        "texts are buffered for a peer that does not read",
        "serving/connections/websocket.py",
        "WebSocketProtocol.write_text",
        "not self.writable.is_set() or ",
        "",
    ),
    Edit(
        "texts follow the end of a websocket",
        "serving/connections/websocket.py",
        "WebSocketProtocol.write_text",
        "not self._is_open() or ",
        "",
    ),
    Edit(
        "texts are written to a closed transport",
        "serving/connections/websocket.py",
        "WebSocketProtocol.write_text",
        " or self._is_closing()",
        "",
    ),
)

SPREAD = (
    Edit(
        "connections are accepted whatever others have",
        "serving/connections/acceptor.py",
        "Acceptor._on_readable",
        "if self._count.others_have_fewer():",
        "if False:",
    ),
    Edit(
        "several connections are accepted without a look at the others",
        "serving/connections/acceptor.py",
        "Acceptor._on_readable",
        " or self._count.others_have_fewer()",
        "",
    ),
    Edit(
        "a blocked worker is waited for",
        "serving/connections/acceptor.py",
        "Acceptor._accept_anyway",
        "range(1 + self._connections.expected // SHARE_AFTER_PATIENCE)",
        "()",
    ),
    Edit(
        "nobody looks again when a connection ends",
        "serving/connections/acceptor.py",
        "Acceptor._look_again",
        "not self._count.others_have_fewer()",
        "False",
    ),
    Edit(
        "accepted connections are not counted at once",
        "serving/connections/acceptor.py",
        "Acceptor._accept",
        "self._connections.expect(1)",
        "pass",
    ),
    Edit(
        "an ended worker is waited for",
        "serving/connections/worker_counts.py",
        "WorkerCounts.leave",
        "self._numbers[place] = GONE",
        "pass",
    ),
    Edit(
        "a draining worker comes back",
        "serving/connections/worker_counts.py",
        "OwnCount.set",
        "not self._has_left",
        "True",
    ),
)

STRIPE = tuple(
    Edit(name, f"banking/stripe/{file}.py", where, old, new)
    for name, file, where, old, new in (
        ("an old order is not searched for", "once", "create_once", "age(owner_id) > REMEMBERED", "False"),
        ("a refused attempt keeps its key", "once", "key_of", "if claimed.attempt", "if False"),
        (
            "a claimed object is claimed again",
            "repository",
            "_CLAIM",
            "stored.busy_until is null or stored.busy_until < clock_timestamp()",
            "true",
        ),
        (
            "a later ending counts",
            "repository",
            "_END",
            "coalesce(stored.ending, excluded.ending)",
            "excluded.ending",
        ),
        (
            "an order that another server executes is ended",
            "repository",
            "_END",
            "stored.busy_until is not distinct from $6",
            "($6::timestamptz is null or true) or true",
        ),
        (
            "a failed payment is not canceled",
            "collecting",
            "Collecting._state",
            "await self._cancel(intent, stored)",
            "_declined(await end(self.database, stored, Ending.DECLINED, _why(intent)))",
        ),
        (
            "a failed payout leaves the transfer",
            "paying_out",
            "PayingOut._state",
            "await self._reverse(order)",
            "None",
        ),
        (
            "a refused payout leaves the transfer",
            "paying_out",
            "PayingOut._declined",
            "await self._reverse(order)",
            "None",
        ),
        (
            "a declined order is executed again",
            "paying_out",
            "PayingOut.payout",
            "if payout.ending is Ending.DECLINED",
            "if False",
        ),
        (
            "a reversed transfer is paid out",
            "paying_out",
            "PayingOut._create_payout",
            "if transfer.amount_reversed",
            "if False",
        ),
        (
            "another amount counts",
            "orders",
            "require_amount",
            "(found.amount, found.currency.upper()) != (expected, order.amount.currency)",
            "False",
        ),
        (
            "a forged event is accepted",
            "events",
            "_require_signature",
            "stripe.WebhookSignature.verify_header(text, signature, secret)",
            "None",
        ),
        (
            "a late event is accepted",
            "events",
            "_require_signature",
            "stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE)",
            "None",
        ),
    )
)

VALUES = (
    Edit(
        "a new object stays assignable",
        "quick_init.py",
        "_init",
        "self.__class__ = _frozen",
        "pass",
    ),
    Edit(
        "times are read without their sign",
        "database/times.py",
        "_moment",
        "signed=True",
        "signed=False",
    ),
    Edit(
        "times of every zone are kept",
        "database/times.py",
        "_encoded",
        "_kept_raw(moment) if moment.tzinfo is UTC else _raw(moment)",
        "_kept_raw(moment)",
    ),
)

EDITS = (*LOCKS, *KEYS, *COLUMNS, *COUNTS, *TIMES, *STRIPE, *VALUES, *FORKS, *LANES, *PUSHES, *SPREAD)


def apply(edit: Edit) -> None:
    """Makes the edit in the running process. Raises DoesNotApply."""
    tree, name = changed(edit)
    if name:
        replace_code(edit.file, name, tree)
        return
    module = importlib.import_module("pocketpay." + edit.file.removesuffix(".py").replace("/", "."))
    again: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            constant = statement.targets[0].id
            used = {each.id for each in ast.walk(statement.value) if isinstance(each, ast.Name)}
            if constant == edit.where or used & again:
                again.add(constant)  # the constant, and every later one that is made of it
                exec(compile(ast.unparse(statement), edit.file, "exec"), vars(module))  # noqa: S102 - our own code


def changed(edit: Edit) -> tuple[ast.Module, str]:
    """Returns the file's tree with the edit, and the function's name; "" if it is a constant. Raises DoesNotApply."""
    tree = ast.parse((ROOT / "pocketpay" / edit.file).read_text())
    for name, function in functions(tree):
        if name == edit.where:
            new = _with_edit(edit, function)
            assert isinstance(new, ast.FunctionDef | ast.AsyncFunctionDef)
            function.body = new.body
            return tree, name
    for place, statement in enumerate(tree.body):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == edit.where:
            tree.body[place] = _with_edit(edit, statement)
            return tree, ""
    raise DoesNotApply(f"{edit.file} has no {edit.where}")


def _with_edit(edit: Edit, node: ast.stmt) -> ast.stmt:
    text = ast.unparse(node)
    if text.count(edit.old) != 1:
        raise DoesNotApply(f"{edit.where} of {edit.file} has {text.count(edit.old)} times {edit.old!r}")
    (new,) = ast.parse(text.replace(edit.old, edit.new)).body
    return new
