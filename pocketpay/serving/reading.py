"""Reads the text of a document, unless it is too long.

    a document                       1,000 tokens (400 without an access token), 20 characters for each
    a batch written out              1,200 tokens and 64,000 characters, and beside it 150 and 3,000

A batch is the list of objects in the arguments of a mutation that is alone in its document: 100 transfers with long
descriptions. A document that is nothing else is as cheap to prepare as one with 1,000 tokens of any kind.

Decision 23 gives the reasons.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSyntaxError,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Source,
    Token,
    TokenKind,
    ValueNode,
)
from graphql.language.parser import Parser, nested_too_deeply_error

from pocketpay.serving.failures import TooComplex
from pocketpay.serving.lexer import QuickLexer

ANONYMOUS_TOKENS = 400
"""Tokens of a document that comes without a token of a session, at most: signing in takes 60, an introspection 183.
What validation costs grows with them."""
CHARACTERS_A_TOKEN = 20
"""Characters of a document at most, for each token that it may have, spaces and comments included. Clients' documents
have 5 to 12; each takes up to 0.4 µs to read, however few tokens there are."""

ESCAPED = 6
"""What a backslash counts in characters: the longest that it usually escapes, as \\u00e9."""

NOT_COUNTED = (TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT)

_QUOTED = re.compile(r'#[^\r\n]*+|"([^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+)"?')
"""A comment, or what stands in quotes, to the end of the line where nothing closes them: each character is read
once."""


class Length(NamedTuple):
    """How long a document is, or a part of it."""

    tokens: int
    characters: int


BATCH = Length(tokens=1_200, characters=64_000)
"""A batch that is written out: 100 transfers have 1,102 tokens, and 500 characters each for the description, the rest
and indents. Only what stands for itself in quotes may be so long: such a character takes 3 ns to read."""
BESIDE = Length(tokens=150, characters=3_000)
"""The rest of its document: one that selects everything of each result has 100 tokens."""


def read(text: str, tokens: int, *, anonymous: bool) -> DocumentNode:
    """The document, parsed. A member's may have so many tokens.

    Raises TooComplex when it is too long, and GraphQLSyntaxError when it is no document.
    """
    most = min(ANONYMOUS_TOKENS, tokens) if anonymous else tokens
    characters = CHARACTERS_A_TOKEN * most
    if len(text) > characters and (anonymous or _beside_quotes(text) > characters):
        raise _too_many_characters(characters)
    try:
        document = _parsed(text, most if anonymous else max(most, BATCH.tokens + BESIDE.tokens))
    except GraphQLSyntaxError as error:
        if "Parsing aborted" not in error.message:
            raise
        raise _too_many_tokens(most, tokens) from None
    if anonymous or document.loc is None:
        return document
    whole = Length(_tokens(document.loc.start_token, document.loc.end_token), len(text))
    if (whole.tokens > most or whole.characters > characters) and not _is_batch(document, whole):
        unlinked(document)
        raise _too_many_tokens(most, tokens) if whole.tokens > most else _too_many_characters(characters)
    return document


def unlinked(document: DocumentNode) -> int:
    """How many tokens a parsed document holds in memory; they refer to one another no longer, and wait for no garbage
    collector."""
    token = document.loc.start_token if document.loc else None
    count = 0
    while token is not None:
        token.prev = None
        count, token = count + 1, token.next
    return count


def _parsed(text: str, tokens: int) -> DocumentNode:
    source = Source(text)
    parser = Parser(source, lexer=QuickLexer(source), max_lexical_tokens=tokens)
    try:
        return parser.parse_document()
    except RecursionError:
        pass
    raise nested_too_deeply_error(parser)


def _beside_quotes(text: str) -> int:
    """The characters that are read one by one; a text with block strings is read like that."""
    if '"""' in text or len(text) > BATCH.characters + BESIDE.characters:
        return len(text)
    quoted = sum(len(match.group(1) or "") for match in _QUOTED.finditer(text))
    return len(text) - quoted + ESCAPED * text.count("\\")


def _is_batch(document: DocumentNode, whole: Length) -> bool:
    """Whether a document is one mutation with a batch, and not too long as such."""
    match document.definitions:
        case (
            OperationDefinitionNode(
                operation=OperationType.MUTATION,
                selection_set=SelectionSetNode(selections=(FieldNode(arguments=arguments),)),
            ),
        ):
            lengths = [_length(found) for argument in arguments or () for found in _batches(argument.value)]
        case _:
            return False
    batch = max(lengths, default=Length(0, 0))
    return (
        batch.tokens <= BATCH.tokens
        and batch.characters <= BATCH.characters
        and whole.tokens - batch.tokens <= BESIDE.tokens
        and whole.characters - batch.characters <= BESIDE.characters
    )


def _batches(value: ValueNode) -> Iterator[ListValueNode]:
    """The lists of objects in a value."""
    if isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from _batches(field.value)
    elif isinstance(value, ListValueNode) and all(isinstance(one, ObjectValueNode) for one in value.values):
        yield value


def _length(node: Node) -> Length:
    place = node.loc
    return (
        Length(0, 0)
        if place is None
        else Length(_tokens(place.start_token, place.end_token), place.end - place.start)
    )


def _tokens(first: Token, last: Token) -> int:
    """The tokens from one to another, without comments and both ends of the text."""
    count, token = 0, first
    while True:
        count += token.kind not in NOT_COUNTED
        if token is last or token.next is None:
            return count
        token = token.next


def _too_many_tokens(most: int, of_members: int) -> TooComplex:
    signed_in = f"; the limit for signed-in requests is {of_members}" if most < of_members else ""
    return TooComplex(f"This document is longer than {most} tokens{signed_in}.")


def _too_many_characters(most: int) -> TooComplex:
    return TooComplex(f"This document is longer than {most} characters.")
