"""An independent model of Pocket Pay with plain values, and random customers for it.

    orders.py           the orders, in small tuples of plain values, and `Reply`
    store.py            the data: wallets, payments, requests, cards, keys, rules
    transfers.py        transfers between customers, and their confirmation
    banking.py          deposits, withdrawals, opening balances, bonuses
    money_requests.py   money requests and their ends
    cards.py            cards and card payments
    batches.py          several payments in one order
    refunds.py          refunds and reversals
    wallet_states.py    freezing, unfreezing and closing wallets
    model.py            which order calls which rule, and repeated keys
    customer.py         random orders of customers
    picks.py            random people, objects and amounts for orders
    follow_ups.py       orders that depend on the order before them
    events.py           random events without an order: freezes, and time
    recovery_orders.py, recovery.py, recovery_customer.py
                        the same for identity: passwords, sessions, verified addresses and numbers, codes, mails

The model shares no code with the product, not even money: a test reads its imports. Time is not modelled. Instead,
when the walk decides so, a payment is `lapsed` (its 15 minutes to confirm are over), `old` (older than an hour) or
`ancient` (older than a day), a request is lapsed or old (older than a day), and codes become older by minutes.
"""
