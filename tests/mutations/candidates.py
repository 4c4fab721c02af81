"""The test files in which `--find` looks for the test of a guard: the file's own tests first, then those of races."""

from tests.mutations.guards import ROOT

ANYWHERE = ("tests/payments", "tests/clearing", "tests/api")

FIRST = ("tests/clearing/test_book.py", "tests/payments/test_rules_alone.py")
"""Without a database, so a guard that they need costs a second."""

OF_UNITS = ("clearing/footprint.py", "clearing/look_up.py", "clearing/unit.py", "clearing/write.py")
"""Files that decide nothing."""

OTHERS = {
    "cards/card.py": ("tests/cards/test_card.py", "tests/payments/test_simulate_card_payment.py"),
    "clearing/book.py": (
        "tests/clearing/test_replay.py",
        *(
            "tests/payments/test_transfer.py",
            "tests/payments/test_request_money.py",
            "tests/transactions/test_limits.py",
        ),
        *("tests/payments/test_refund.py", "tests/payments/test_issue_card.py"),
        "tests/payments/test_link_bank_account.py",
        *("tests/payments/test_transfer_batch.py", "tests/clearing/test_refund_races.py"),
        "tests/clearing/test_request_races.py",
    ),
    "clearing/expire.py": ("tests/clearing/test_expire.py",),
    "clearing/holds.py": ("tests/payments/test_cancel.py", "tests/payments/test_confirm.py"),
    "clearing/money_requests.py": (
        *("tests/payments/test_end_request.py", "tests/payments/test_end_unpayable_request.py"),
        *("tests/payments/test_request_money.py", "tests/clearing/test_expire.py"),
        *("tests/clearing/test_request_races.py",),
    ),
    "clearing/queue.py": ("tests/clearing/test_queue.py", "tests/clearing/test_lanes.py"),
    "clearing/waiting.py": ("tests/clearing/test_waiting.py", "tests/clearing/test_lanes.py"),
    "clearing/unit.py": ("tests/clearing/test_wrong_clock.py",),
    "clearing/footprint.py": ("tests/clearing/test_locks.py",),
    "clearing/look_up.py": (
        *("tests/payments/test_end_unpayable_request.py", "tests/payments/test_pay_request.py"),
        *("tests/clearing/test_replay.py", "tests/clearing/test_expire.py", "tests/payments/test_transfer.py"),
        *("tests/transactions/test_limits.py",),
    ),
    "clearing/write.py": ("tests/clearing/test_replay.py", "tests/payments/test_transfer_batch.py"),
    "ledger/account.py": ("tests/clearing/test_book.py", "tests/ledger/test_accounts.py"),
    "ledger/repository/postings.py": ("tests/clearing/test_locks.py", "tests/ledger/test_locks.py"),
    "onboarding/close_wallet.py": ("tests/onboarding/test_close_wallet.py",),
    "onboarding/lock_out.py": ("tests/api/test_locked_out.py", "tests/operations/test_freeze_wallet.py"),
    "onboarding/welcome_bonus.py": ("tests/onboarding/test_welcome.py",),
    "operations/audits.py": ("tests/operations/test_audits.py",),
    "operations/customers.py": ("tests/operations/test_begin_recovery.py", "tests/operations/test_end_sessions.py"),
    "operations/risk_settings.py": ("tests/operations/test_risk_settings.py", "tests/api/test_set_risk_setting.py"),
    "operations/roles.py": ("tests/operations/test_roles.py",),
    "operations/reverse_transaction.py": (
        *("tests/operations/test_reverse_transaction.py", "tests/operations/test_partial_reversal.py"),
        *("tests/operations/test_own_wallet.py", "tests/api/test_operations.py"),
    ),
    "operations/freeze_wallet.py": ("tests/operations/test_freeze_wallet.py", "tests/operations/test_own_wallet.py"),
    "operations/unfreeze_wallet.py": (
        "tests/operations/test_freeze_wallet.py",
        "tests/operations/test_own_wallet.py",
    ),
    "operator_log/act.py": ("tests/operations/test_own_wallet.py",),
    "payments/cancel_request.py": ("tests/payments/test_end_request.py",),
    "payments/decline_request.py": ("tests/payments/test_end_request.py",),
    "payments/card_standing.py": ("tests/payments/test_card_standing.py",),
    "payments/create_requests.py": ("tests/payments/test_request_money.py", "tests/payments/test_split_bill.py"),
    "payments/deposit.py": (
        *("tests/payments/test_deposit.py", "tests/transactions/test_limits.py"),
        "tests/payments/test_link_bank_account.py",
    ),
    "payments/other_bank.py": ("tests/payments/test_link_bank_account.py",),
    "payments/refresh.py": ("tests/payments/test_link_bank_account.py", "tests/payments/test_bank_return.py"),
    "payments/remove_bank_account.py": ("tests/payments/test_link_bank_account.py",),
    "payments/update_bank_account.py": ("tests/payments/test_link_bank_account.py",),
    "payments/settle.py": (
        *("tests/payments/test_withdraw.py", "tests/payments/test_deposit.py"),
        "tests/payments/test_bank_return.py",
    ),
    "payments/spending.py": (
        *(
            "tests/payments/test_transfer.py",
            "tests/payments/test_withdraw.py",
            "tests/onboarding/test_close_wallet.py",
        ),
    ),
    "payments/reversal.py": ("tests/payments/test_reversal.py", "tests/payments/test_refund.py"),
    "payments/transfer.py": (
        *("tests/payments/test_transfer.py", "tests/payments/test_risky_transfer.py"),
        *("tests/transactions/test_limits.py", "tests/clearing/test_replay.py"),
    ),
    "requests/money_request.py": ("tests/clearing/test_book.py",),
    "serving/connections/acceptor.py": ("tests/serving/connections/test_acceptor.py",),
    "serving/connections/worker_counts.py": ("tests/serving/connections/test_acceptor.py",),
    "serving/connections/websocket.py": ("tests/serving/test_direct_push.py",),
    "serving/plans.py": ("tests/serving/test_direct_push.py",),
    "updates/feed.py": ("tests/updates/test_push_order.py",),
    "transactions/lifecycle.py": ("tests/transactions/test_lifecycle.py",),
    "identity/repository/people.py": ("tests/operations/test_locks.py",),
    "identity/repository/closing_user.py": ("tests/operations/test_locks.py",),
    "risk/repository.py": ("tests/operations/test_locks.py",),
}


def candidates(guard: str) -> list[str]:
    """Returns the test files to look in, those that exist."""
    file = guard.split(" ", 1)[0]
    package, _, name = file.partition("/")
    own = (f"tests/{package}/test_{name}",) if "/" not in name else ()
    extra = ("tests/operations/test_own_wallet.py",) if "own_wallet" in guard else ()
    alone = file.startswith(("clearing/", "payments/", "operations/reverse")) and file not in OF_UNITS
    first = FIRST if alone else ()
    files = dict.fromkeys((*first, *extra, *OTHERS.get(file, ()), *own, f"tests/api/test_{name}"))
    return [each for each in files if (ROOT / each).exists()] or list(ANYWHERE)
