"""New objects, with every field that an integration reads. A test compares each with the library's types."""

from typing import Any

from tests.stripe_stand_in.store import Object

BANKS = {"us_bank_account": "STRIPE TEST BANK", "sepa_debit": "STRIPE TEST BANK"}

NO_BILLING = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}

CURRENCIES = {"us_bank_account": "usd", "sepa_debit": "eur"}
"""The currency of each type of bank debit."""


def list_of(data: list[Object], url: str, *, has_more: bool = False) -> Object:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def customer(id: str, created: int, **given: Any) -> Object:
    return {
        "id": id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": id[-8:].upper(),
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    } | given


def payment_method(id: str, created: int, type: str, last4: str, customer: str, email: str | None) -> Object:
    details: dict[str, Object] = {
        "us_bank_account": {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": BANKS[type],
            "financial_connections_account": None,
            "fingerprint": f"bank{last4}",
            "last4": last4,
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": "110000000",
            "status_details": {},
        },
        "sepa_debit": {
            "bank_code": "37040044",
            "branch_code": "",
            "country": "DE",
            "fingerprint": f"bank{last4}",
            "generated_from": {"charge": None, "setup_attempt": None},
            "last4": last4,
        },
    }
    return {
        "id": id,
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": NO_BILLING | {"email": email},
        "created": created,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "type": type,
        type: details[type],
    }


def mandate(id: str, payment_method: Object) -> Object:
    type = payment_method["type"]
    details: dict[str, Object] = {
        "us_bank_account": {},
        "sepa_debit": {"reference": id[-8:].upper(), "url": "https://stripe.test/mandates"},
    }
    return {
        "id": id,
        "object": "mandate",
        "customer_acceptance": {
            "accepted_at": payment_method["created"],
            "online": {"ip_address": "127.0.0.1", "user_agent": "stand-in"},
            "type": "online",
        },
        "livemode": False,
        "multi_use": {},
        "payment_method": payment_method["id"],
        "payment_method_details": {"type": type, type: details[type]},
        "status": "active",
        "type": "multi_use",
    }


def setup_intent(id: str, created: int, types: list[str], **given: Any) -> Object:
    return {
        "id": id,
        "object": "setup_intent",
        "application": None,
        "cancellation_reason": None,
        "client_secret": f"{id}_secret",
        "created": created,
        "customer": None,
        "description": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": types,
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    } | given


def session(id: str, created: int, types: list[str], **given: Any) -> Object:
    return {
        "id": id,
        "object": "checkout.session",
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": None,
        "client_reference_id": None,
        "client_secret": None,
        "created": created,
        "currency": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_details": None,
        "customer_email": None,
        "livemode": False,
        "locale": None,
        "metadata": {},
        "mode": "setup",
        "payment_intent": None,
        "payment_method_options": {},
        "payment_method_types": types,
        "payment_status": "no_payment_required",
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": None,
        "total_details": None,
        "ui_mode": "hosted_page",
        "url": None,
    } | given


def payment_intent(id: str, created: int, **given: Any) -> Object:
    return {
        "id": id,
        "object": "payment_intent",
        "amount": 0,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id}_secret",
        "confirmation_method": "automatic",
        "created": created,
        "currency": "usd",
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": [],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    } | given


def charge(id: str, created: int, intent: Object, payment_method: Object) -> Object:
    type = payment_method["type"]
    details = {
        "us_bank_account": (
            "account_holder_type",
            "account_type",
            "bank_name",
            "fingerprint",
            "last4",
            "routing_number",
        ),
        "sepa_debit": ("bank_code", "branch_code", "country", "fingerprint", "last4"),
    }[type]
    return {
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": payment_method["billing_details"],
        "calculated_statement_descriptor": None,
        "captured": True,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": payment_method["id"],
        "payment_method_details": {"type": type, type: {name: payment_method[type][name] for name in details}},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }


def dispute(id: str, created: int, charge: Object, amount: int, reason: str, status: str) -> Object:
    texts = (
        "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure "
        "cancellation_rebuttal customer_communication customer_email_address customer_name "
        "customer_purchase_ip customer_signature duplicate_charge_documentation "
        "duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy "
        "refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
        "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
        "uncategorized_file uncategorized_text"
    )
    return {
        "id": id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(texts.split()) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": None,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": None,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": status,
    }


def account(id: str, created: int, **given: Any) -> Object:
    due = ["external_account", "individual.first_name", "individual.last_name", "tos_acceptance.date"]
    return {
        "id": id,
        "object": "account",
        "business_profile": None,
        "business_type": "individual",
        "capabilities": {},
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": "application"},
            "is_controller": True,
            "losses": {"payments": "application"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": "express"},
            "type": "application",
        },
        "country": "US",
        "created": created,
        "default_currency": "usd",
        "details_submitted": False,
        "email": None,
        "external_accounts": list_of([], f"/v1/accounts/{id}/external_accounts"),
        "future_requirements": requirements([]),
        "metadata": {},
        "payouts_enabled": False,
        "requirements": requirements(due),
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {
                "decline_on": {"avs_failure": False, "cvc_failure": False},
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": None,
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "express",
    } | given


def requirements(due: list[str], reason: str | None = None) -> Object:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": reason or ("requirements.past_due" if due else None),
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }


def bank_account(id: str, account: str, currency: str, last4: str) -> Object:
    return {
        "id": id,
        "object": "bank_account",
        "account": account,
        "account_holder_name": None,
        "account_holder_type": "individual",
        "account_type": None,
        "available_payout_methods": ["standard", "instant"],
        "bank_name": BANKS["us_bank_account"],
        "country": "US" if currency == "usd" else "DE",
        "currency": currency,
        "default_for_currency": True,
        "fingerprint": f"bank{last4}",
        "last4": last4,
        "metadata": {},
        "routing_number": "110000000",
        "status": "new",
    }


def transfer(id: str, created: int, **given: Any) -> Object:
    return {
        "id": id,
        "object": "transfer",
        "amount": 0,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": created,
        "currency": "usd",
        "description": None,
        "destination": None,
        "destination_payment": None,
        "livemode": False,
        "metadata": {},
        "reversals": list_of([], f"/v1/transfers/{id}/reversals"),
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": None,
    } | given


def reversal(id: str, created: int, transfer: Object, amount: int, metadata: Object) -> Object:
    return {
        "id": id,
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": created,
        "currency": transfer["currency"],
        "destination_payment_refund": None,
        "metadata": metadata,
        "source_refund": None,
        "transfer": transfer["id"],
    }


def payout(id: str, created: int, arrival: int, **given: Any) -> Object:
    return {
        "id": id,
        "object": "payout",
        "amount": 0,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": False,
        "balance_transaction": None,
        "created": created,
        "currency": "usd",
        "description": None,
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    } | given
