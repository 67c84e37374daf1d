"""Thirty-seven invented people. Nothing here belongs to anyone: the numbers come from ranges that are kept for fiction
(US 555-01xx, Berlin 23125, France 01 99 00, Stockholm 465 004, Ireland 020 91x) or that nobody is given (SSN 666-...,
Chinese identity numbers of the region 999999)."""

from __future__ import annotations

from examples.orders.model import Address, Buyer, Customer

_PEOPLE = """
Wang Fang       | Xinghua Road 18         | 200040   | Shanghai     | CN
Greta Lindqvist | Sveavägen 44            | 111 34   | Stockholm    | SE
Zhang Min       | Keyuan Road 88          | 518057   | Shenzhen     | CN
Jürgen Albrecht | Lindenallee 17          | 10115    | Berlin       | DE
Harper Quinlan  | 88 Larkspur Lane        | 97205    | Portland     | US
Liu Yang        | Chaoyang East Lane 9    | 100022   | Beijing      | CN
Chloé Marchand  | 12 rue des Tanneurs     | 59000    | Lille        | FR
Chen Jing       | Jinjiang Avenue 480     | 610041   | Chengdu      | CN
Aoife Brennan   | 5 Mill Quay             | T12 XY45 | Cork         | IE
Dale Whitcomb   | 410 Prairie Street      | 60607    | Chicago      | US
Zhao Lei        | Donghu Garden Road 7    | 430074   | Wuhan        | CN
Bärbel Krüger   | Am Alten Hafen 3        | 20457    | Hamburg      | DE
Huang Lan       | Yuexiu Terrace 116      | 510620   | Guangzhou    | CN
Étienne Royer   | 3 place du Marché       | 69002    | Lyon         | FR
Marisol Vance   | 2203 Canyon Drive       | 85701    | Tucson       | US
Wu Qiang        | Longjing Path 31        | 310009   | Hangzhou     | CN
Lin Wei         | Ping Lake Avenue 135    | 215021   | Suzhou       | CN
Oskar Nyström   | Vasagatan 8             | 411 24   | Göteborg     | SE
Xu Dan          | Heping Road 210         | 300041   | Tianjin      | CN
Saoirse Kinsella| 27 Harbour Row          | H91 R2P3 | Galway       | IE
Wesley Barlow   | 17 Foundry Court        | 15222    | Pittsburgh   | US
Sun Ying        | Gaoxin Road 52          | 710075   | Xi'an        | CN
Matthias Vogel  | Werkstraße 29           | 70469    | Stuttgart    | DE
Ma Jun          | Hexi Avenue 640         | 210019   | Nanjing      | CN
Amélie Faure    | 41 avenue de la Gare    | 67000    | Strasbourg   | FR
Tamsin Orlowe   | 960 Bayview Terrace     | 98101    | Seattle      | US
Zhu Hong        | Laoshan Road 5          | 266061   | Qingdao      | CN
Ingrid Sjöholm  | Kungsgatan 19           | 753 32   | Uppsala      | SE
Hu Ping         | Wuyi Avenue 389         | 410011   | Changsha     | CN
Conor Halloran  | 8 Weaver's Yard         | D08 K4T1 | Dublin       | IE
Ezra Pemberton  | 77 Mechanic Street      | 01608    | Worcester    | US
Guo Lin         | Banyan Park Road 22     | 361008   | Xiamen       | CN
Heike Sommer    | Fabrikweg 6             | 04229    | Leipzig      | DE
He Xin          | Binhe Road 1011         | 215011   | Suzhou       | CN
Basile Tessier  | 9 quai du Canal         | 31000    | Toulouse     | FR
Luz Abernathy   | 1500 Gulf Freeway       | 77003    | Houston      | US
Lotte Feldmann  | Spinnereistraße 11      | 04179    | Leipzig      | DE
"""

_TIERS = ("silver", "gold", "bronze", "gold", "platinum")
_ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "É": "e", " ": "."})


def _phone(country: str, n: int) -> str:
    match country:
        case "CN":
            return "+86 139 1234 5678" if n == 17 else f"+86 139 0000 {n:04}"
        case "DE":
            return f"+49 30 23125 {n:03}"
        case "FR":
            return f"+33 1 99 00 10 {n:02}"
        case "SE":
            return f"+46 8 465 004 {n:02}"
        case "IE":
            return f"+353 20 910 {n:04}"
        case _:
            return f"+1 503 555 01{n:02}"


def _identity_number(country: str, n: int, born: str) -> str:
    match country:
        case "CN":  # GB 11643-1999: region, birth date, sequence, a check digit (ISO 7064, MOD 11-2)
            digits = f"999999{born.replace('-', '')}{n:03}"
            rest = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits)) % 11
            return digits + "10X98765432"[rest]
        case "DE":
            return f"L99X00T{n:02}"
        case "FR":
            return f"2 {born[2:4]} {born[5:7]} 99 999 {n:03} 00"
        case "SE":
            return f"{born.replace('-', '')}-00{n:02}"
        case "IE":
            return f"99999{n:02}ZZ"
        case _:
            return f"666-{n:02}-{1000 + n}"


def _person(n: int, row: str) -> Customer:
    name, street, postcode, city, country = (cell.strip() for cell in row.split("|"))
    born = f"{1956 + n * 7 % 45}-{1 + n * 5 % 12:02}-{1 + n * 11 % 28:02}"
    if n == 17:
        born = "1988-04-12"
    return Customer(
        id=f"C-{n:03}",
        name=name,
        email=f"{name.translate(_ASCII).lower()}@example.{'com' if country in {'CN', 'US'} else 'org'}",
        phone=_phone(country, n),
        address=Address(street=street, postcode=postcode, city=city, country=country),
        government_id=_identity_number(country, n, born),
        birth_date=born,
        credit_limit=5000 + n * 20_000 % 85_000 if n != 17 else 25_000,
        tier=_TIERS[n % 5] if n != 17 else "gold",
    )


CUSTOMERS = tuple(_person(n, row) for n, row in enumerate(_PEOPLE.strip().splitlines(), start=1))


def buyer(customer: Customer) -> Buyer:
    """Copy what an order keeps of its customer."""
    return Buyer(
        id=customer.id,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        address=customer.address,
        government_id=customer.government_id,
    )
