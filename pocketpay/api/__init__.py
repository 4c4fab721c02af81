"""The GraphQL schema: its types here, and a package for each kind of operation.

    schema.py          builds the schema from all its parts
    context.py         what every resolver can use
    mutations/         a file per mutation
    queries/           a file per query
    subscriptions/     a file per subscription
    operations/        the operators' part of the schema

    user.py, profile.py, session.py            people
    wallet.py, limit.py                        the viewer's wallet
    entries.py, ledger_entry.py, statement.py  its ledger entries and statements
    statement_link.py                          the signed link to a statement as a file
    transaction.py, transactions.py            transactions, and the list of them
    risk_reason.py                             why a transaction is risky
    withdrawal_speed.py                        the speed of a withdrawal
    money_request.py, card.py, bank_account.py money requests, cards, and linked bank accounts
    node.py, ids.py, id_arguments.py           the Node interface, the format of ids, and arguments that are ids
    money.py, scalars.py                       amounts, times, currency codes
    pages.py, page_arguments.py                connections, cursors, pages, and the arguments of a list

    descriptions.py                            descriptions that several fields share
    errors.py, refusal_messages.py, error_code.py
                                               every refusal as a client sees it, its message, and its code
    optional_field.py                          input fields for which absent and null differ
    bad_input.py                               BAD_USER_INPUT
    card_payload.py, money_request_payload.py, password_reset_payload.py, session_payload.py, transaction_payload.py,
    user_payload.py
                                               payloads that several mutations return
    refresh_cookie.py                          the refresh token in a browser's cookie
    registered.py                              enums whose values are registered in other packages
    loaders.py                                 data loaders: they join single reads into one
    feeds.py                                   the feeds behind the subscriptions
    since.py                                   the argument `since`: sends the changes that a subscriber missed
    rates.py                                   the limit on requests per second

A resolver translates the input, makes one call into a package below, and translates the result. This package must
never contain a rule about money, SQL, or a password check.
"""
