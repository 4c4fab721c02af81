"""Payments: the verbs that move money or decide about it. Each verb has a file with its rule.

    transfer.py               sends money to another person
    transfer_batch.py         sends many transfers in one order
    preview.py                previews a transfer or a withdrawal
    confirm.py, cancel.py     confirms or cancels a held payment
    refund.py                 refunds a payment, by its recipient
    reversal.py               the posting of a refund, for every type of transaction
    deposit.py, withdraw.py   brings money in from a bank, or sends it to one
    other_bank.py             the bank on the other side: a linked bank account, or the name of a bank
    settle.py                 completes or fails a deposit or withdrawal after the bank's answer
    bank_return.py            books what a bank takes back after settlement
    refresh.py                asks the provider about an order or a bank account, and books the answer
    link_bank_account.py      links a bank account
    remove_bank_account.py    removes a bank account
    update_bank_account.py    stores the state of a bank account that the provider returned
    fees.py                   the fee of a withdrawal
    create_requests.py        the rule for creating money requests
    request_money.py          requests money from one person
    split_bill.py             requests shares of a bill from several people
    pay_request.py            pays a money request
    decline_request.py        declines a money request
    cancel_request.py         cancels a money request
    end_unpayable_request.py  ends a money request that can no longer be paid
    issue_card.py             issues a card
    freeze_card.py, unfreeze_card.py, close_card.py   change a card's status
    card_standing.py          the rule of those three
    update_card_limits.py     changes a card's limits
    simulate_card_payment.py  pays by card
    spending.py               whether a wallet may spend
    parsing.py                parses amounts, descriptions and keys
    resolve.py                resolves usernames and ids to wallets
    desk.py                   what every verb uses: the clearing, the bank, the terms
    sweeper.py                expires overdue payments and requests, and asks the bank about what did not come
    repository.py             the SQL of the sweeper

Every verb is an instruction: a small frozen value with a footprint and a pure `decide(book)`. The clearing executes
it. This package must not depend on GraphQL, HTTP, or how the books store a balance.
"""
