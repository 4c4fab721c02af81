"""The interface of everything that has an id. `queries/node.py` finds it again."""

import strawberry

ID_DESCRIPTION = "An opaque id. It never changes and is unique across all types."


@strawberry.interface(description="An object with an id, which `node` can fetch again.")
class Node:
    id: strawberry.ID = strawberry.field(description=ID_DESCRIPTION)
