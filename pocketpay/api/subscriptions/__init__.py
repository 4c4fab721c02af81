"""The subscriptions. Each one is in its own file, with the subscription's name.

balance_changed.py, risk_confirmation_requested.py, transaction_updated.py, money_request_updated.py,
bank_account_updated.py
"""
