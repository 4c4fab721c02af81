"""The root fields of Query. Each one is in its own file, with the field's name. Operators' queries are in
`operations`.

viewer.py, wallet.py, node.py, profile.py, search_profiles.py, recent_counterparties.py
transaction.py, transactions.py, transfer_preview.py, withdrawal_preview.py, withdrawal_quote.py
money_requests.py, cards.py, bank_accounts.py, risk_policy.py, currencies.py, username_available.py
"""
