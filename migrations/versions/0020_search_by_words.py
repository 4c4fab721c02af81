"""Search by any word of a name, with or without accents.

plain_key        the search key of a text, without accents, and with Latin letters without strokes
name_words       the words of a name by plain_key, separated by single spaces
name_from_word   the name from its first, second, … or fifth word on, truncated to the length that an index entry can
                 hold; null when the name has fewer words

There is an index for each of the five word positions. The indexes are on expressions, so they include names that a
server of the previous revision writes. That server still reads ix_users_name_key: a later revision drops it. Users
who have closed their wallets are not in the new indexes. Sign-ups wait while the indexes are built, about two minutes
for a million users.
"""

from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

# It removes the combining marks of Latin, Greek and Cyrillic letters. Marks of other scripts are part of the word.
_PLAIN_KEY = """
create function plain_key(raw text) returns text
language sql immutable strict parallel safe
return case
    when octet_length(raw) = char_length(raw) then search_key(raw)
    else replace(replace(replace(
        translate(
            normalize(regexp_replace(normalize(search_key(raw), NFKD), U&'[\\0300-\\036f]', '', 'g'), NFKC),
            U&'\\00f8\\0142\\0111\\00f0\\0127\\0167', 'olddht'),
        U&'\\00e6', 'ae'), U&'\\0153', 'oe'), U&'\\00fe', 'th')
end
"""

# The separators of words: spaces, and the hyphens, dots, quotes and brackets that occur in names.
_NAME_WORDS = """
create function name_words(raw text) returns text
language sql immutable strict parallel safe
return btrim(
    regexp_replace(plain_key(raw), U&'[- _.,/&()"''\\00b7\\2010\\2013\\2014\\2018\\2019\\30fb]+', ' ', 'g'), ' ')
"""

# Folding can turn one character into eighteen, and an index entry can have at most a third of an 8 kB page.
_NAME_FROM_WORD = """
create function name_from_word(raw text, place integer) returns text
language sql immutable strict parallel safe
return "left"("substring"(name_words(raw), '^' || repeat('[^ ]+ ', place - 1) || '([^ ].*)$'), 100)
"""

PLACES = (1, 2, 3, 4, 5)


def upgrade() -> None:
    for function in (_PLAIN_KEY, _NAME_WORDS, _NAME_FROM_WORD):
        op.execute(function)
    op.execute(
        "grant execute on function plain_key(text), name_words(text), name_from_word(text, integer) "
        "to pocketpay_server, pocketpay_reader"
    )
    for place in PLACES:
        op.execute(
            f"create index ix_users_name_word_{place} on users (name_from_word(name, {place}) text_pattern_ops) "
            "where closed_at is null"
        )


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
