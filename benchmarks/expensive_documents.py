"""A search for the most expensive GraphQL document that the limits allow.

Each family below generates documents that repeat a part until the document has about the maximum number of tokens.
The search tries random families and parts, and variations of the most expensive document so far.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TOKENS = 1_000

PARTS = (
    "id",
    "__typename",
    "viewer { id }",
    "wallet { id }",
    "wallet { balance { amount } limits { total { amount } } }",
    'profile(username: "a") { id }',
    "transactions(first: 1) { nodes { amount { amount } sender { username } } }",
    'transactions(filter: {types: [SEND], search: "a"}) { totalCount }',
    'transactions(filter: {typs: [SEND], serch: "a"}) { totalCount }',
    'node(id: "x") { id ... on Wallet { currency } ... on Transaction { type } ... on Card { label } }',
    "__schema { types { fields { name type { name } } } }",
    "unknown",
    "curency",
    "viewer { unknown { unknown } }",
    "...on Query { __typename }",
    "...on Wallet { id }",
    "__typename @include(if: true) @skip(if: false)",
    "__typename @unknown",
    "riskPolicy { rapidTransferCount rapidTransferWindowMinutes confirmationMinutes newRecipient }",
)
"""Fields of Query, and fields that do not exist."""


@dataclass(frozen=True)
class Document:
    """A document's text, and the parameters that generated it."""

    family: str
    parts: tuple[str, ...]
    size: int
    text: str


def _repeated(parts: tuple[str, ...], size: int) -> str:
    return "{ " + " ".join(parts[n % len(parts)] for n in range(size)) + " }"


def _aliased(parts: tuple[str, ...], size: int) -> str:
    fields = [part for part in parts if not part.startswith("...")] or ["__typename"]
    return "{ " + " ".join(f"a{n}: {fields[n % len(fields)]}" for n in range(min(size, 30))) + " }"


def _operations(parts: tuple[str, ...], size: int) -> str:
    return " ".join(f"query q{n} {{ {parts[n % len(parts)]} }}" for n in range(size))


def _fragments(parts: tuple[str, ...], size: int) -> str:
    spreads = " ".join(f"...f{n}" for n in range(size))
    return f"{{ {spreads} }} " + " ".join(
        f"fragment f{n} on Query {{ {parts[n % len(parts)]} }}" for n in range(size)
    )


def _chain(parts: tuple[str, ...], size: int) -> str:
    links = (f"fragment f{n} on Query {{ {parts[n % len(parts)]} ...f{n + 1} }}" for n in range(size))
    return "{ ...f0 } " + " ".join(links) + f" fragment f{size} on Query {{ __typename }}"


def _web(parts: tuple[str, ...], size: int) -> str:
    """Fragments of which each one spreads all later ones."""
    count = min(size, 26)
    fragments = (
        f"fragment f{n} on Query {{ {' '.join(f'...f{m}' for m in range(n + 1, count))} {parts[n % len(parts)]} }}"
        for n in range(count)
    )
    return "{ ...f0 } " + " ".join(fragments)


def _nested(parts: tuple[str, ...], size: int) -> str:
    inner = " ".join(["total { amount }"] * max(1, size // 30))
    return "{ " + " ".join(f"wallet {{ limits {{ {inner} }} }}" for _ in range(30)) + f" {parts[0]} }}"


def _variables(parts: tuple[str, ...], size: int) -> str:
    names = " ".join(f"$v{n}: ID" for n in range(size))
    uses = " ".join(f"a{n}: node(id: $v{n}) {{ id }}" for n in range(min(size, 30)))
    return f"query q({names}) {{ {uses} {parts[0]} }}"


def _values(parts: tuple[str, ...], size: int) -> str:
    return f"{{ transactions(filter: {{types: [{'SEND ' * size}]}}) {{ totalCount }} {parts[0]} }}"


def _unknown_inputs(parts: tuple[str, ...], size: int) -> str:
    return f"{{ transactions(filter: {{{' '.join(f'x{n}: 1' for n in range(size))}}}) {{ totalCount }} {parts[0]} }}"


def _long_text(parts: tuple[str, ...], size: int) -> str:
    lines = "\\n x" * (size * 15)
    return f'{{ profile(username: """{lines}""") {{ id }} {parts[0]} }}'


ITEMS = (
    'to: "bob", amount: "1.00", description: "tea"',
    'to: "bob", amount: "1.00", description: "' + "x" * 500 + '"',
    "to: $v, amount: $v, description: $v",
    'description: "tea", description: "tea", description: "tea"',
    "to: [[[]]]",
    "",
    "typ: 1, amoun: 1, too: 1",
)
"""Items of a batch, valid and not valid."""


def _batch(parts: tuple[str, ...], size: int) -> str:
    item = ITEMS[len(parts[0]) % len(ITEMS)]
    items = " ".join(f"{{{item}}}" for _ in range(min(size, 600)))
    selection = "errors { code } " * min(size // 10, 40)
    return f"mutation ($v: String!) {{ transferBatch(input: {{transfers: [{items}]}}) {{ {selection} }} }}"


FAMILIES: dict[str, Callable[[tuple[str, ...], int], str]] = {
    "repeated fields": _repeated,
    "aliased fields": _aliased,
    "operations": _operations,
    "fragments": _fragments,
    "a chain of fragments": _chain,
    "a web of fragments": _web,
    "nested lists": _nested,
    "variables": _variables,
    "values": _values,
    "unknown input fields": _unknown_inputs,
    "a long text": _long_text,
    "a batch": _batch,
}


def at_random(chance: random.Random) -> Document:
    """A random document of a random family."""
    family = chance.choice(list(FAMILIES))
    parts = tuple(chance.choices(PARTS, k=chance.randint(1, 3)))
    return _generate(family, parts, chance.choice((20, 50, 100, 200, 250, 480, 900)))


def vary(document: Document, chance: random.Random) -> Document:
    """Returns a document that differs from this one in one part or in its size."""
    if chance.random() < 0.5:
        return _generate(document.family, document.parts, max(1, int(document.size * chance.uniform(0.7, 1.4))))
    parts = [*document.parts]
    parts[chance.randrange(len(parts))] = chance.choice(PARTS)
    return _generate(document.family, tuple(parts), document.size)


def search(chance: random.Random, tries: int, cost: Callable[[str], float]) -> Iterator[tuple[float, Document]]:
    """Yields each document that is more expensive than all documents before it, with its cost."""
    best, highest = at_random(chance), 0.0
    for number in range(tries):
        document = at_random(chance) if number % 2 or not highest else vary(best, chance)
        measured = cost(document.text)
        if measured > highest:
            best, highest = document, measured
            yield measured, document


def _generate(family: str, parts: tuple[str, ...], size: int) -> Document:
    return Document(family, parts, size, FAMILIES[family](parts, size))
