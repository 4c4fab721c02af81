"""The triggers and constraints of reconciliation. The audit proves that they are in force."""

TRIGGERS = (
    ("bank_files", "bank_files_never_rewritten", "076ec041057889ba734ddb281b653787"),
    ("bank_files", "bank_files_never_truncated", "c62b30fabf7efdfa3f1e96857781aaa4"),
    ("bank_lines", "bank_lines_never_rewritten", "5d67deb37793e4a5da2d2cdfa777ee9a"),
    ("bank_lines", "bank_lines_never_truncated", "488ce49abf63689da3b69c7bab8bd282"),
    ("bank_differences", "bank_differences_closed_once", "7e7c4d5bd4140c790e74d1c5546f0db3"),
    ("bank_differences", "bank_differences_never_removed", "7905d1e4f60d26af4699360de17c6925"),
    ("bank_differences", "bank_differences_never_truncated", "96c53f12e90d7af2f8aba5c08e152173"),
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
