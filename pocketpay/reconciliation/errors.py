"""Why the file of a bank is refused. Then nothing of it is imported."""

from pocketpay.errors import PocketPayError


class BankFileUnreadable(PocketPayError):
    """The file is refused. The message names the line, where there is one."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"Line {line}: {problem}")
