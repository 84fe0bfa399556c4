"""Payments that citizens make at the carrier's counters."""

import sqlite3
from typing import Any

from simulators.bodies import Payment, PaymentOrder
from simulators.ledger import Ledger
from simulators.moments import iso, now
from simulators.numbers import payment_code
from simulators.refusals import Refused
from simulators.store import Store
from simulators.webhooks import Webhooks


class Payments:
    """All payments that the carrier was told to expect."""

    def __init__(self, store: Store, ledger: Ledger, webhooks: Webhooks) -> None:
        self._store = store
        self._ledger = ledger
        self._webhooks = webhooks

    def expect(self, wanted: PaymentOrder) -> dict[str, Any]:
        """Make a code under which an amount can be paid."""
        number = 1 + self._store.number("SELECT max(number) FROM payments")
        payment = Payment(payment_code=payment_code(number), **wanted.model_dump())
        self._store.run(
            "INSERT INTO payments VALUES (?, ?, ?, ?)",
            *(number, payment.payment_code, payment.reference_id, payment.model_dump_json()),
        )
        return _answer(payment)

    def shown(self, code: str) -> dict[str, Any]:
        """Return a payment.

        Raises:
            Refused: there is no such code.
        """
        return _answer(self._payment(code))

    def void(self, code: str) -> dict[str, Any]:
        """Let nobody pay under a code any more; twice is once.

        Raises:
            Refused: somebody has paid, or there is no such code.
        """
        with self._store.transaction():
            payment = self._payment(code)
            if payment.status == "paid":
                raise Refused(409, "already_paid", "it was paid before", payment=_answer(payment))
            return self._keep(payment, status="void")

    def pay(self, code: str) -> dict[str, Any]:
        """Be the citizen who pays at a counter.

        Raises:
            Refused: the counter takes no money for this code, or there is no such code.
        """
        moment = now()
        with self._store.transaction():
            payment = self._payment(code)
            if payment.status != "open":
                raise Refused(409, f"already_{payment.status}", "nothing is to be paid under this code")
            if payment.expires_at.timestamp() <= moment:
                raise Refused(409, "expired", "the time to pay under this code is over")
            receipt = self._ledger.book("payment", code, payment.reference_id, payment.amount, moment)
            paid = self._keep(payment, status="paid", receipt=receipt, paid_at=iso(moment))
            told = {key: paid[key] for key in ("payment_code", "reference_id", "receipt", "amount", "paid_at")}
            self._webhooks.tell("payment.received", told, webhook_id=f"wh_{receipt}")
        return paid

    def refund(self, code: str, receipt: str) -> dict[str, Any]:
        """Give the money of a payment back, once.

        Raises:
            Refused: it was given back before, the receipt is another one's, or there is no such code.
        """
        payment = self._payment(code)
        if payment.status != "paid":
            raise Refused(409, "not_paid", "nobody has paid under this code")
        if payment.receipt != receipt:
            raise Refused(422, "invalid", "is not the receipt of this payment", field="receipt")
        if self._ledger.booked("refund", code):
            raise Refused(409, "already_refunded", "it was given back before", refund=self._refund(payment))
        self._ledger.book("refund", code, payment.reference_id, payment.amount, now())
        return self._refund(payment)

    def _refund(self, payment: Payment) -> dict[str, Any]:
        booked = self._ledger.booked("refund", payment.payment_code)
        assert booked is not None, "only called once it is booked"
        return {
            "refund_receipt": booked["receipt"],
            "receipt": payment.receipt,
            "amount": booked["amount"],
            "refunded_at": booked["at"],
        }

    def _keep(self, payment: Payment, **changes: Any) -> dict[str, Any]:
        changed = payment.model_copy(update=changes)
        self._store.run(
            "UPDATE payments SET body = ? WHERE payment_code = ?", changed.model_dump_json(), payment.payment_code
        )
        return _answer(changed)

    def _payment(self, code: str) -> Payment:
        row: sqlite3.Row | None = self._store.one("SELECT body FROM payments WHERE payment_code = ?", code)
        if row is None:
            raise Refused(404, "unknown", "there is no such payment")
        return Payment.model_validate_json(row["body"])


def _answer(payment: Payment) -> dict[str, Any]:
    return payment.model_dump(mode="json", exclude_none=True, exclude={"expires_at"})
