"""Payments: money that moves, and why it may.

Every movement is an instruction: a small frozen value with a footprint (what must be locked and looked up) and a pure
`decide(book)`. The clearing carries instructions out, many in one unit of work. Knows every verb; must never know
GraphQL, HTTP, or how the books keep a balance.
"""
