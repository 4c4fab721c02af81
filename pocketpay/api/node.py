"""The interface of everything that has an id. `queries/node.py` finds it again."""

import strawberry

ID_DESCRIPTION = "Opaque, the same for ever, unique among all types."


@strawberry.interface(description="Anything that has an id of its own and can be found again by it.")
class Node:
    id: strawberry.ID = strawberry.field(description=ID_DESCRIPTION)
