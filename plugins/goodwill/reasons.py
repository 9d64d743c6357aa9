"""Why a row is set apart, and what is healed: every code there is, what it means, what usually causes it, and what to do.

The command line, the report and the docs say it in these words; a test holds that no code is used that is not here.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOTES", "REASONS", "Reason", "reasons_table"]


@dataclass(frozen=True)
class Reason:
    """One code: what is the matter with the row, the usual cause, and the remedy at the source or in the settings."""

    meaning: str
    cause: str
    remedy: str


_CORRECT = "correct the value at the source, or by hand: goodwill quarantine export, then readmit"

#: Code → why a row is in quarantine.
REASONS: dict[str, Reason] = {
    "MALFORMED_ROW": Reason(
        "the record is not whole: too few or too many fields, a quote never closed, or a NUL byte",
        "a text with an unquoted delimiter or quote; a file cut off while it was written",
        "write the field in quotes at the source; a whole file like this has the wrong 'delimiter' or 'quote' (none where quotes are letters like others)",
    ),
    "MISSING_REQUIRED": Reason(
        "a column that the entity needs is empty",
        "an unfinished entry, or a text that the settings read as empty (null_values)",
        "fill it in at the source, or by hand; if another column holds it, mend the mapping",
    ),
    "MISSING_KEY": Reason("a column of the row's key is empty, so the row cannot be told from others", "an unfinished entry", _CORRECT),
    "BAD_TIMESTAMP": Reason(
        "the text is not a point in time in the declared format",
        "another date format than declared (03/04/2025 has two readings), or a day that does not exist",
        "declare 'timestamp_format' for the source or 'format' for the column; the next night reads the rows again by itself",
    ),
    "BAD_DATE": Reason(
        "the text is not a day in the declared format",
        "another date format than declared, or a day that does not exist",
        "declare 'format' for the column; the next night reads the rows again by itself",
    ),
    "BAD_NUMBER": Reason(
        "the text is not a number as declared; 1e3, 1_000, NaN and €10 are not amounts",
        "a decimal comma, marks of thousands or a currency sign that the source does not declare",
        "declare 'decimal' and 'thousands' for the source, and 'amounts: written' for signs of currencies, brackets and a minus behind (the next night reads the rows again by itself), or correct the value",
    ),
    "OTHER_CURRENCY": Reason(
        "the amount has the sign or the code of a currency that is not the row's, or whose row and source name none",
        "a sum in another currency among the others, or a source that does not say its currency",
        "map the column of the currency, or declare the source's 'currency'; else correct the row at the source",
    ),
    "BAD_BOOLEAN": Reason("the text is neither yes nor no", "words of the source's own", "add 'translate' to the column's mapping"),
    "BAD_ID": Reason(
        "an id with decimals that say nothing (7.0) among whole numbers, without the zeros that the others begin with (7 among 000007), held as a float that cannot tell it from its neighbours, not what its declared format says, or made of several columns (`followed_by`) of which one holds the mark between them",
        "a spreadsheet or a program took ids for numbers: taken as it is, it would be another customer or order",
        "export ids as text, or map them with 'format: float_id', which reads 7.0 and 7 as 7; choose a mark 'between' that stands in no part; the next night reads the rows again by itself",
    ),
    "TOO_MANY_DECIMALS": Reason(
        "the amount has more decimals than its column holds (the noise of a binary float aside), and nothing is rounded in silence",
        "a computed amount, or a price mapped to an amount",
        "round it at the source, where it is known how; map a unit price to a price column (four decimals)",
    ),
    "OUT_OF_RANGE": Reason(
        "a number that does not fit its column: amounts and prices end below a million millions, quantities below a thousand millions",
        "an id or a bar code in the column of an amount",
        _CORRECT,
    ),
    "INCONSISTENT_GROUP": Reason(
        "rows of one group (the lines of an order) disagree in a column that should be the same in all",
        "two orders under one number, or an order changed while it was exported",
        "correct the rows of the group, or map the column by 'first', 'lowest' or 'highest'",
    ),
    "DUPLICATE_ROW": Reason(
        "an exact copy of an earlier row of the same batch, which the source's rule 'duplicates: reject' refuses",
        "an export that repeats lines",
        "take the copy out at the source; where copies are real (two equal purchases) set 'duplicates: keep'",
    ),
    "NEGATIVE_AMOUNT": Reason(
        "an amount below zero where none can be",
        "a refund or a cancellation among the orders",
        "map such rows to refunds with a 'where' on the amount and 'negate: true'",
    ),
    "AMOUNT_NOT_POSITIVE": Reason(
        "a refund of nothing, or of less than nothing",
        "refunds written with a minus sign, or lines of an exchange",
        "set 'negate: true' on the amount, or keep the rows of nothing out with a 'where'",
    ),
    "QUANTITY_NOT_POSITIVE": Reason(
        "a quantity of zero or less on an order line",
        "a return or a stock correction among the order lines",
        "map returns to refunds, and keep stock movements out with a 'where'",
    ),
    "SHARE_OUT_OF_RANGE": Reason("a share that is not between 0 and 1", "a percentage: 10 instead of 0.10", _CORRECT),
    "NON_POSITIVE_RATE": Reason("an exchange rate of zero or less", "an empty cell exported as 0", _CORRECT),
    "FUTURE_DATE": Reason(
        "something that already happened is dated more than a day after it was read",
        "day and month exchanged, a wrong century, or a wrong time zone",
        "declare the format or the 'time_zone' of the source, or correct the date",
    ),
    "IMPLAUSIBLE_DATE": Reason(
        "a date before 1990 or after 2100",
        "a placeholder (1970-01-01, 9999-12-31), or seconds read as a year",
        "export an empty field instead of the placeholder, add it to 'null_values', or declare epoch_s or epoch_ms",
    ),
    "UNKNOWN_KIND": Reason(
        "a kind of event that is not one of those the warehouse knows",
        "a new or misspelt kind, or the source's own word for it",
        "add 'translate' to the mapping of 'kind'; the kinds are in docs/reference/sources.md, 'Words that mean something'",
    ),
    "UNKNOWN_DECISION": Reason(
        "a steward's decision that is neither 'same' nor 'different'",
        "a misspelt word, or one of another language",
        "write same or different, or add 'translate' to the mapping of 'decision'",
    ),
    "SAME_CONTACT": Reason("a decision about a contact and itself", "an id copied twice", _CORRECT),
    "SCORE_OUT_OF_RANGE": Reason("a score outside the scale of its kind of survey", "another scale, or a typing error", _CORRECT),
    "MISSING_SCORE": Reason(
        "an answered survey without its score",
        "the score is in another column, or only a text was written",
        "map 'score', or keep answers without one out with a 'where'",
    ),
    "UNKNOWN_CURRENCY": Reason(
        "the text is not a currency",
        "a sign or a name instead of the three letters (€, Euro)",
        "add 'translate' to the mapping of 'currency'",
    ),
    "MISSING_RATE": Reason(
        "there is no exchange rate for this currency on this day, nor a recent one before it, and a rate is never guessed",
        "the rates begin later than the orders, lack a currency, or have not been sent for a while (quality.rate_patience_days)",
        "send the missing rates: the rows come back by themselves",
    ),
    "CURRENCY_CHANGED": Reason(
        "versions of one order are in different currencies",
        "a converted copy of an order, or a number used twice",
        "find out which version is right, and correct the other",
    ),
    "KEY_REUSED": Reason(
        "one key stands for two different things: the same order number with another customer, the same contact number with another person",
        "numbering that began again, two systems in one file, or two sources that count by themselves",
        "name the 'system' of each source, or correct the key",
    ),
    "BEFORE_ORDER": Reason("a refund dated before its order", "exchanged dates, or the wrong order number", _CORRECT),
    "EXCEEDS_ORDER": Reason(
        "the refunds of an order are more than was paid for it",
        "a refund sent twice under two numbers, or the wrong order number",
        "correct or take out the refund that is wrong; the order itself stays",
    ),
    "UNKNOWN_ORDER": Reason(
        "a refund or a line of an order that no source has sent",
        "the order comes later, or its file is missing",
        "send the order: the row comes back by itself",
    ),
    "RESURRECTED": Reason(
        "a contact that was deleted at the source is there again",
        "an id used again for somebody else, or a deletion taken back",
        "record a consent after the deletion if it is the same person who came back; else give the new person a new id",
    ),
}

#: Code → what was healed in values that are accepted, or noticed, and counted.
NOTES: dict[str, str] = {
    "DST_GAP": "a local time that the clocks skipped in spring was moved as the source's 'dst_gap' says",
    "DST_OVERLAP": "a local time that came twice in autumn was taken as the source's 'dst_overlap' says",
    "TRIMMED": "blanks and invisible characters around a text were taken away",
    "NFC": "letters written in two pieces (e and an accent) became one",
    "NO_CURSOR": "rows without a cursor, which every pull reads again",
    "MISSED": "rows that came or changed behind the mark, further back than 'look_back' reads, and that only a whole pull found",
    "VANISHED": "keys that were there before, and that the whole of the source does not hold any more",
}


def reasons_table() -> str:
    """The catalogue as a Markdown table, as the reference has it."""
    lines = ["| reason | what it means | usual cause | remedy |", "|---|---|---|---|"]
    lines += [f"| `{code}` | {each.meaning} | {each.cause} | {each.remedy} |" for code, each in REASONS.items()]
    return "\n".join(lines)
