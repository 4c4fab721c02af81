"""A stand-in for Stripe: the same HTTP, with a state, for the endpoints that Pocket Pay uses.

    __main__.py    a process of its own
    stand_in.py    the application, also inside a test
    api.py         requests: key, version, account, idempotency, one transaction for each
    debits.py      money in: customers, checkout sessions, payment intents, charges, disputes
    payouts.py     money out: connected accounts, transfers, payouts
    reading.py     retrieve, list, search, update, expand
    shapes.py      new objects
    types.py       the library's own types, for parameters and for objects
    errors.py      Stripe's errors
    forms.py       form encoding
    store.py       the state, in one SQLite file
    world.py       clock, ids, events, balances
    progress.py    what happens by itself
    total.py       its own account of the money
    faults.py      faults of the next requests
    webhooks.py    the sender of events
    control.py     the control endpoints
    pages.py       the hosted pages
    client.py      the official library against it
    processes.py   a process of its own, for tests that kill it
    customers.py   a platform's customers, for tests of the stand-in

What it has no notion of: Stripe's fees, pending balances, refunds, cards. Everything that succeeds is available at
once. `import stripe` must work, the library's version is the API's version.
"""
