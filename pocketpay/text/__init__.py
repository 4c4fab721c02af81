"""Rules about characters, for every text that a client sends.

    characters.py   the Unicode data of one pinned package: categories, normal forms, visible characters
    lines.py        the characters that a line of text and a name may contain
    pasted.py       removes invisible marks from a pasted value; normalizes a phone number
    skeleton.py     the Latin letters that a text looks like

All servers apply the same rules with any version of Python: no other module may use `unicodedata` or
`str.isprintable` (decision record 0021). This package does not depend on any field or refusal.
"""
