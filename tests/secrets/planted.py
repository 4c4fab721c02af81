"""Known secrets, and the search for them."""

import re
from dataclasses import dataclass, field

from tests.people import Owner

TABLES = "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'"
BYTES = """select quote_ident(attname) from pg_attribute
where attrelid = $1::regclass and attnum > 0 and not attisdropped and atttypid = 'bytea'::regtype"""


@dataclass
class Planted:
    """The secrets that a test has sent or received so far, with what each one is."""

    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, secret: str, what: str) -> str:
        self.secrets[secret] = what
        return secret

    def found_in(self, text: str) -> list[str]:
        """What each secret in a text is. Short ones, like a security code, count only as a whole word."""
        found = []
        for secret, what in self.secrets.items():
            forms = {secret, secret.encode().hex()}
            if secret.isdigit():
                forms |= {f"{secret[: len(secret) // 2]} {secret[len(secret) // 2 :]}"} if len(secret) >= 6 else set()
                hit = any(re.search(rf"(?<![\w.:+-]){form}(?![\w.:-])", text) for form in forms)
            else:
                hit = any(form in text for form in forms)
            found += [what] if hit else []
        return found


async def whole_database(owner: Owner) -> str:
    """Every row of every table as text; bytes also as the text that they may be."""
    texts = []
    for (table,) in await owner.fetch(TABLES):
        texts += [row[0] for row in await owner.fetch(f"select t::text from {table} t")]
        for (column,) in await owner.fetch(BYTES, table):
            texts += [row[0] or "" for row in await owner.fetch(f"select encode({column}, 'escape') from {table} t")]
    return "\n".join(texts)
