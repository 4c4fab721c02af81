"""Rules about characters that hold for every text a client sends.

    characters.py   the Unicode data of one pinned package: categories, normal forms, what can be seen
    lines.py        which characters a line of text and a name may have

Every server judges alike, whatever its Python: nothing else may use `unicodedata` or `str.isprintable`
(decision record 0021). Knows no field and no refusal.
"""
