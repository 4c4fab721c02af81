"""The GraphQL schema: its types here, and a package for each kind of operation.

    schema.py          puts everything together
    context.py         what every resolver can reach
    mutations/         a file per mutation
    queries/           a file per query
    subscriptions/     a file per subscription
    operations/        the operators' part of the schema

    user.py, profile.py, session.py            people
    wallet.py, limit.py                        the viewer's wallet
    entries.py, ledger_entry.py, statement.py  its lines in the books
    statement_link.py                          the signed link to a statement as a file
    transaction.py, transactions.py            transactions, and the list of them
    risk_reason.py                             why one is risky
    withdrawal_speed.py                        how fast a withdrawal goes
    money_request.py, card.py                  money requests and cards
    node.py, ids.py                            what has an id, and how ids look
    money.py, scalars.py                       amounts, times, currency codes
    pages.py, page_arguments.py                connections, cursors, pages, and the arguments that ask for one

    descriptions.py                            descriptions that several fields have
    errors.py, error_code.py                   every refusal as a client sees it, and its code
    wanted.py                                  input fields that may be left out
    bad_input.py                               BAD_USER_INPUT
    card_payload.py, money_request_payload.py, password_reset_payload.py, session_payload.py, transaction_payload.py,
    user_payload.py
                                               what several mutations return
    refresh_cookie.py                          the refresh token in a browser's cookie
    registered.py                              enums whose values are registered elsewhere
    loaders.py                                 reads that are requested one by one, made together
    feeds.py                                   what subscriptions listen to
    since.py                                   what a subscriber missed, and how much of it is sent again
    rates.py                                   how often a user may ask

A resolver translates what came in, makes one call into a package below, and translates the answer. Must never know a
rule about money, a line of SQL, or how a password is checked.
"""
