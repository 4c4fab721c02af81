"""The Node interface of all objects with an id. The query `node` (queries/node.py) fetches them by id."""

import strawberry

ID_DESCRIPTION = "An opaque id. It never changes and is unique across all types."


@strawberry.interface(description="An object with an id, which `node` can fetch again.")
class Node:
    id: strawberry.ID = strawberry.field(description=ID_DESCRIPTION)
