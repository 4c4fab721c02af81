"""A model of Pocket Pay as a person would keep it on paper, and a chance-driven customer for it.

    orders.py       what can be said, in small tuples of plain values, and `Told`, what is heard
    paper.py        purses, payments, requests, cards, keys: what is written down
    paying.py       one person pays another, and says yes or no to what waits
    banking.py      money from a bank and to one
    asking.py       money is asked for, and what becomes of that
    cards.py        cards, and what is paid with them
    batches.py      many payments in one order
    giving_back.py  money goes back to whom it came from
    standing.py     whether a purse may be used
    model.py        which order does what, whatever is said twice
    customer.py     who says things by chance
    picks.py        whom and what they speak of
    following.py    what is said in one breath with something else
    fate.py         what happens without anybody's order: freezes, and time
    recovery_orders.py, recovery.py, forgetful.py
                    the same of who gets in: passwords, sessions, verified addresses and numbers, codes, mails

It shares no code with the product, not even its money: a test reads its imports. Time is not modelled: a payment
`lapses` (its quarter of an hour is over), grows `old` (an hour is over) and `ancient` (a day is over), a request
lapses and grows old (a day), when the walk says so; codes grow older by minutes.
"""
