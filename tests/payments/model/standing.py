"""Whether a purse may be used."""

from tests.payments.model.orders import LetGo, Stop, Told
from tests.payments.model.paper import Paper, refused


def stop(paper: Paper, order: Stop | LetGo) -> Told:
    """Who has left has left; and what is so already is so."""
    purse = paper.purses[order.who]
    if purse.state == "closed":
        return refused("WALLET_CLOSED")
    purse.state = order.what if isinstance(order, Stop) else "active"
    return Told(facts=(purse.state,))
