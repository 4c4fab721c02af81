"""The triggers and constraints of reconciliation. The audit proves that they are in force."""

TRIGGERS = (
    ("bank_files", "bank_files_never_rewritten", ""),
    ("bank_files", "bank_files_never_truncated", ""),
    ("bank_lines", "bank_lines_never_rewritten", ""),
    ("bank_lines", "bank_lines_never_truncated", ""),
    ("bank_differences", "bank_differences_closed_once", ""),
    ("bank_differences", "bank_differences_never_removed", ""),
    ("bank_differences", "bank_differences_never_truncated", ""),
)
"""Table, trigger, the MD5 of its definition, and where it differs the MD5 after a restore: see
`database.findings.guarded`."""

CONSTRAINTS = (
    *("pk_bank_files", "ck_bank_files_digest_is_sha256", "ck_bank_files_has_days_and_lines"),
    *("fk_bank_files_act_id_operator_actions", "pk_bank_lines", "ck_bank_lines_amount_not_zero"),
    *("fk_bank_lines_file_id_bank_files", "pk_bank_differences", "ck_bank_differences_kind_known"),
    *("ck_bank_differences_kind_says_what_differs", "ck_bank_differences_closed_by_an_act"),
    *("fk_bank_differences_file_id_bank_files", "fk_bank_differences_line"),
    "fk_bank_differences_act_id_operator_actions",
)

UNIQUE_INDEXES = ("uq_bank_files_digest", "uq_bank_differences_line", "uq_bank_differences_not_in_file")
