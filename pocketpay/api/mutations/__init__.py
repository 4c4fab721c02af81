"""The mutations for customers. Each one is in its own file, with the mutation's name.

A resolver translates the input, makes one call, and translates the result. The mutations for operators are in
`operations`.

    sign_up.py, sign_in.py, refresh_session.py, sign_out.py, revoke_session.py, revoke_other_sessions.py
    change_password.py, update_profile.py, close_wallet.py
    request_email_verification.py, verify_email.py, request_phone_verification.py, verify_phone.py
    request_password_reset.py, reset_password.py
    deposit.py, withdraw.py, transfer.py, transfer_batch.py, confirm_transfer.py, cancel_transfer.py, refund.py
    request_money.py, split_bill.py, pay_request.py, decline_request.py, cancel_request.py
    issue_card.py, freeze_card.py, unfreeze_card.py, close_card.py, update_card_limits.py, simulate_card_payment.py
    link_bank_account.py, remove_bank_account.py
"""
