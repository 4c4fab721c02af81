"""The operators' part of the schema: `Query.operations` and `Mutation.operations`.

root.py                      the two root fields; whoever is no operator gets no further
customer.py                  a customer and their wallet
customer_session.py          a session of a customer
customer_transaction.py      a transaction with both sides
customer_payload.py          what helping a customer returns
customer_wallet_payload.py   what changing a customer's wallet returns
sought.py                    what an operator may type to name a customer
waiting.py                   held payments and unsettled orders
operator_action.py           the operators' log
audit_report.py              the proof of the books
risk_setting.py              settings of risk
begin_recovery.py, verify_customer_email.py, end_sessions.py
                             the mutations that help a customer who is locked out
freeze_wallet.py, unfreeze_wallet.py, reverse_transaction.py, set_risk_setting.py, clear_risk_setting.py
                             the other mutations
"""
