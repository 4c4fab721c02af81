"""The operators' part of the schema: `Query.operations` and `Mutation.operations`.

root.py                      the two root fields, which check that the viewer is an operator
customer.py                  a customer and their wallet
customer_session.py          a session of a customer
customer_transaction.py      a transaction with all its fields
customer_payload.py          the payload of mutations that help a customer
customer_wallet_payload.py   the payload of mutations that change a customer's wallet
customer_query.py            parses the text by which an operator looks up a customer or a transaction
waiting.py                   held payments, and deposits and withdrawals that are not settled
bank_difference.py           a difference between a bank's file and the books
bank_return.py               what a bank has taken back, and what of it is not in the books yet
operator_action.py           the log of operators' actions
audit_report.py              the result of an audit of the books
risk_setting.py              risk settings
begin_recovery.py, verify_customer_email.py, end_sessions.py
                             the mutations that help a customer who is locked out
freeze_wallet.py, unfreeze_wallet.py, reverse_transaction.py, set_risk_setting.py, clear_risk_setting.py,
close_bank_difference.py     the other mutations
"""
