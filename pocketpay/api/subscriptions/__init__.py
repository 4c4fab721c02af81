"""The subscriptions, a file each, named as the schema names them.

balance_changed.py, risk_confirmation_requested.py, transaction_updated.py, money_request_updated.py
"""
