"""Fill a fresh Tryton database: a company with its books, a product, three parties. Runs in Tryton's own environment.

python seed.py CONFIG DATABASE
"""

from __future__ import annotations

import sys
from decimal import Decimal

from proteus import Model, config
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import create_payment_term, set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company

PARTIES = (
    ("Lin Wei", "Ping Lake Avenue 135", "215021", "Suzhou", "lin.wei@example.com", "+86 139 1234 5678"),
    ("Étienne Royer", "3 place du Marché", "69002", "Lyon", "etienne.royer@example.org", "+33 1 99 00 10 14"),
    ("Harper Quinlan", "88 Larkspur Lane", "97205", "Portland", "harper.quinlan@example.com", "+1 503 555 0105"),
)


def main() -> None:
    """Make everything that a sale needs."""
    config.set_trytond(sys.argv[2], config_file=sys.argv[1])
    create_company()
    create_chart()
    set_fiscalyear_invoice_sequences(create_fiscalyear()).click("create_period")
    _product(get_accounts())
    create_payment_term().save()
    for party in PARTIES:
        _party(*party)


def _product(accounts: dict[str, object]) -> None:
    category = Model.get("product.category")(name="Parts", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.save()
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    template = Model.get("product.template")(name="Flange DN80", default_uom=unit, type="goods", salable=True)
    template.list_price, template.account_category = Decimal("12.50"), category
    template.save()


def _party(name: str, street: str, postal_code: str, city: str, email: str, phone: str) -> None:
    party = Model.get("party.party")(name=name)
    (address,) = party.addresses or [party.addresses.new()]
    address.street, address.postal_code, address.city = street, postal_code, city
    for kind, value in (("email", email), ("phone", phone)):
        party.contact_mechanisms.new(type=kind, value=value)
    party.save()


if __name__ == "__main__":
    main()
