"""The interface of everything that has an id. `queries/node.py` finds it again."""

import strawberry


@strawberry.interface(description="Anything that has an id of its own and can be found again by it.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, the same for ever, unique among all types.")
