"""Parses a document, with limits for its length.

    a document              1,000 tokens (400 without an access token), and 20 characters per allowed token
    with a batch literal    1,200 tokens and 64,000 characters in the batch, 150 tokens and 3,000 characters
                            in the rest of the document

A batch literal is a list of objects in the arguments of a mutation that is alone in its document, for example 100
transfers with long descriptions. Preparing such a document takes no longer than preparing 1,000 other tokens.

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
"""Largest number of tokens in a document without an access token: a sign-in has 60, an introspection 183. The time
for validation grows with the number of tokens."""
CHARACTERS_PER_TOKEN = 20
"""Largest number of characters per allowed token, including spaces and comments. Documents of clients have 5 to 12.
Reading a character takes up to 0.4 µs, however few tokens there are."""

ESCAPE_CHARACTERS = 6
"""Characters that a backslash counts for: the length of the longest usual escape, such as \\u00e9."""

NOT_COUNTED = (TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT)

_QUOTED = re.compile(r'#[^\r\n]*+|"([^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+)"?')
"""A comment or a string. A string without a closing quote ends with its line. Matching reads each character once."""


class Length(NamedTuple):
    """The length of a document or of a part of it."""

    tokens: int
    characters: int


BATCH = Length(tokens=1_200, characters=64_000)
"""Limits of a batch literal: 100 transfers have 1,102 tokens, and up to 500 characters each, including descriptions
and indents. Only plain characters in strings may be this many: reading one takes 3 ns."""
REST = Length(tokens=150, characters=3_000)
"""Limits of the rest of the document: one that selects all fields of each result has 100 tokens."""


def read(text: str, tokens: int, *, anonymous: bool) -> DocumentNode:
    """Returns the parsed document. `tokens` is the limit of signed-in requests.

    Raises TooComplex when it is too long, and GraphQLSyntaxError when it is not a GraphQL document.
    """
    limit = min(ANONYMOUS_TOKENS, tokens) if anonymous else tokens
    characters = CHARACTERS_PER_TOKEN * limit
    if len(text) > characters and (anonymous or _characters_outside_strings(text) > characters):
        raise _too_many_characters(characters)
    try:
        document = _parse(text, limit if anonymous else max(limit, BATCH.tokens + REST.tokens))
    except GraphQLSyntaxError as error:
        if "Parsing aborted" not in error.message:
            raise
        raise _too_many_tokens(limit, tokens) from None
    if anonymous or document.loc is None:
        return document
    whole = Length(_tokens(document.loc.start_token, document.loc.end_token), len(text))
    if (whole.tokens > limit or whole.characters > characters) and not _is_batch(document, whole):
        unlink_tokens(document)
        raise _too_many_tokens(limit, tokens) if whole.tokens > limit else _too_many_characters(characters)
    return document


def unlink_tokens(document: DocumentNode) -> int:
    """Removes the references of tokens to their previous token: they would form cycles for the garbage collector.
    Returns the number of tokens of the document."""
    token = document.loc.start_token if document.loc else None
    count = 0
    while token is not None:
        token.prev = None
        count, token = count + 1, token.next
    return count


def _parse(text: str, tokens: int) -> DocumentNode:
    source = Source(text)
    parser = Parser(source, lexer=QuickLexer(source), max_lexical_tokens=tokens)
    try:
        return parser.parse_document()
    except RecursionError:
        pass
    raise nested_too_deeply_error(parser)


def _characters_outside_strings(text: str) -> int:
    """Returns the number of characters outside of plain strings; all of them when the text has block strings."""
    if '"""' in text or len(text) > BATCH.characters + REST.characters:
        return len(text)
    quoted = sum(len(match.group(1) or "") for match in _QUOTED.finditer(text))
    return len(text) - quoted + ESCAPE_CHARACTERS * text.count("\\")


def _is_batch(document: DocumentNode, whole: Length) -> bool:
    """Whether a document is one mutation with a batch literal, within the limits for it."""
    match document.definitions:
        case (
            OperationDefinitionNode(
                operation=OperationType.MUTATION,
                selection_set=SelectionSetNode(selections=(FieldNode(arguments=arguments),)),
            ),
        ):
            lengths = [_length(batch_list) for argument in arguments or () for batch_list in _batches(argument.value)]
        case _:
            return False
    batch = max(lengths, default=Length(0, 0))
    return (
        batch.tokens <= BATCH.tokens
        and batch.characters <= BATCH.characters
        and whole.tokens - batch.tokens <= REST.tokens
        and whole.characters - batch.characters <= REST.characters
    )


def _batches(value: ValueNode) -> Iterator[ListValueNode]:
    """Yields the lists of objects in a value."""
    if isinstance(value, ObjectValueNode):
        for field in value.fields:
            yield from _batches(field.value)
    elif isinstance(value, ListValueNode) and all(isinstance(item, ObjectValueNode) for item in value.values):
        yield value


def _length(node: Node) -> Length:
    location = node.loc
    return (
        Length(0, 0)
        if location is None
        else Length(_tokens(location.start_token, location.end_token), location.end - location.start)
    )


def _tokens(first: Token, last: Token) -> int:
    """Returns the number of tokens from `first` to `last`, without comments and the markers of start and end."""
    count, token = 0, first
    while True:
        count += token.kind not in NOT_COUNTED
        if token is last or token.next is None:
            return count
        token = token.next


def _too_many_tokens(limit: int, signed_in_limit: int) -> TooComplex:
    hint = f"; the limit for signed-in requests is {signed_in_limit}" if limit < signed_in_limit else ""
    return TooComplex(f"This document is longer than {limit} tokens{hint}.")


def _too_many_characters(limit: int) -> TooComplex:
    return TooComplex(f"This document is longer than {limit} characters.")
