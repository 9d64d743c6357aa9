"""What stands beside an amount for its currency: signs, and the currencies each may mean. A code of three letters means itself."""

from __future__ import annotations

__all__ = ["CODES", "SIGNS"]

_DOLLARS = "USD AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD UYU XCD ARS"

#: Sign, in capitals → the currencies it stands for somewhere; of several, the row or the source says which.
SIGNS: dict[str, tuple[str, ...]] = {
    sign: tuple(codes.split())
    for sign, codes in {
        "€": "EUR", "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP", "$": _DOLLARS, "US$": "USD", "$US": "USD", "C$": "CAD NIO", "CA$": "CAD",
        "CAD$": "CAD", "CAN$": "CAD", "$CA": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "MX$": "MXN", "NT$": "TWD",
        "R$": "BRL", "¥": "JPY CNY", "￥": "JPY CNY", "CN¥": "CNY", "JP¥": "JPY", "RMB": "CNY", "元": "CNY", "円": "JPY", "₹": "INR", "RS": "INR PKR LKR NPR MUR",
        "RS.": "INR PKR LKR NPR MUR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "TL": "TRY", "₴": "UAH", "₪": "ILS", "₫": "VND", "₱": "PHP", "₦": "NGN", "฿": "THB",
        "₡": "CRC", "₲": "PYG", "₵": "GHS", "₸": "KZT", "₮": "MNT", "₾": "GEL", "₼": "AZN", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "LEI": "RON MDL",
        "ЛВ": "BGN", "ЛВ.": "BGN", "KR": "SEK NOK DKK ISK", "KR.": "SEK NOK DKK ISK", "FR": "CHF", "FR.": "CHF", "SFR": "CHF", "SFR.": "CHF",
        "R": "ZAR", "RM": "MYR", "RP": "IDR", "KSH": "KES", "DH": "MAD AED", "DHS": "MAD AED", "FCFA": "XOF XAF", "S/": "PEN",
    }.items()
}  # fmt: skip
#: Codes that are surely those of currencies.
CODES = frozenset(code for codes in SIGNS.values() for code in codes) | {"SAR", "QAR", "KWD", "TND", "DZD", "RSD", "BDT", "XPF"}
