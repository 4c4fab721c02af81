"""Payments: the verbs that move money or decide about it. A file per verb, each with its rule.

    transfer.py               one person sends money to another
    transfer_batch.py         many transfers in one
    preview.py                what a transfer or a withdrawal would come to now
    confirm.py, cancel.py     the sender's answer about a held payment
    refund.py                 the recipient gives money back
    reversal.py               what giving money back moves, whoever decides it
    deposit.py, withdraw.py   money from a bank and to one
    settle.py                 the bank's answer becomes the end of a deposit or a withdrawal
    bank.py                   what a bank is to us
    simulated_bank.py         a bank for development
    fees.py                   what a withdrawal costs
    ask.py                    the rule of asking for money
    request_money.py          asks one person
    split_bill.py             asks several for their shares
    pay_request.py            pays a money request
    decline_request.py        refuses to
    cancel_request.py         takes a request back
    lapse_request.py          ends a request that can no longer be paid
    issue_card.py             a new card
    freeze_card.py, unfreeze_card.py, close_card.py   a card's state
    card_standing.py          the rule behind those three
    update_card_limits.py     a card's own limits
    simulate_card_payment.py  a payment by card
    spending.py               whether a wallet may spend
    parsing.py                raw text becomes amounts, descriptions, keys
    resolve.py                names and ids become wallets
    desk.py                   what every verb needs: the clearing, the bank, the terms
    sweeper.py                expires what is overdue, and asks the bank again
    repository.py             the SQL of the sweeper

Every verb is an instruction: a small frozen value with a footprint and a pure `decide(book)`. The clearing carries it
out. Must never know GraphQL, HTTP, or how the books keep a balance.
"""
