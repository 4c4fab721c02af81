"""A bank on Stripe Connect, with Stripe's own library, which only this package imports.

    bank.py          the implementation of the protocol
    connection.py    the client, its time limit, and what each error of Stripe means
    once.py          creates each object of Stripe once, also after Stripe has forgotten the idempotency key
    collecting.py    deposits: payment intents
    paying_out.py    withdrawals: a transfer to the customer's connected account, and a payout from there
    linking.py       links to bank accounts: Checkout and hosted onboarding
    orders.py        how Stripe's objects are marked and compared with their order
    states.py        what Stripe's statuses mean
    amounts.py       Stripe's minor units
    events.py        webhooks: the signature, and the orders and links that an event is about
    kinds.py         the kinds of stored objects
    models.py        the table of Stripe's ids
    repository.py    its SQL

The package is imported only if STRIPE_SECRET_KEY is set, because the library takes 0.3 s and 34 MB. Decision 76 gives
the reasons, and decision 77 says what the tests use in place of Stripe.
"""
