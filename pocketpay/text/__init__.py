"""Rules about characters that hold for every text a client sends.

    characters.py   the Unicode data of one pinned package: categories, normal forms, what can be seen
    lines.py        which characters a line of text and a name may have
    pasted.py       a pasted value without the marks that nobody sees; a telephone number as it is shown
    skeleton.py     which Latin letters a text looks like

Every server judges alike, whatever its Python: nothing else may use `unicodedata` or `str.isprintable`
(decision record 0021). Knows no field and no refusal.
"""
