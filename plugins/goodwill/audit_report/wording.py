"""Codes and figures in words. Texts are written in English and marked for translation; the page says them in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.audit_report.facts import Facts
from goodwill.audit_report.language import Language

__all__ = ["ABOUT", "NAMES", "Statement", "opinion"]


def N_(text: str) -> str:  # noqa: N802 (the name that gettext's tools look for)
    """Mark a text for translation where it stands, to be said later."""
    return text


#: Code → how it is called.
NAMES = {
    "published": N_("published"),
    "blocked": N_("blocked"),
    "failed": N_("failed"),
    "running": N_("running"),
    "refused": N_("refused"),
    "landed": N_("Landed"),
    "staged": N_("Cleaned"),
    "marts": N_("Facts and marts"),
    "clv": N_("Lifetime value"),
    "segments": N_("Segments"),
    "critical": N_("blocks the night"),
    "warning": N_("warns"),
    "volume": N_("volume"),
    "freshness": N_("freshness"),
    "mix": N_("mix"),
    "distribution": N_("distribution"),
    "moved": N_("moved"),
    "watch": N_("to watch"),
    "steady": N_("steady"),
    "too_few": N_("too few to say"),
    "first": N_("nothing before"),
    "none": N_("nothing came"),
    "rollback": N_("rollback"),
    "erasure": N_("a person was forgotten"),
    "retention": N_("old rows made nobody's"),
    "export": N_("data exported"),
    "override": N_("rejected rows corrected"),
    "review": N_("models reviewed"),
    "housekeeping": N_("old files removed"),
    "rebuild": N_("publication made again"),
    "migration": N_("files brought to a newer form"),
    "healed": N_("ledger healed"),
    "restart": N_("new ledger begun"),
    "sign_off": N_("report signed"),
    "orders": N_("orders"),
    "order_lines": N_("order lines"),
    "refunds": N_("refunds"),
    "contacts": N_("contacts"),
    "contact_events": N_("contact events"),
    "consents": N_("consents"),
    "subscriptions": N_("subscriptions"),
    "marketing_spend": N_("marketing spend"),
    "products": N_("products"),
    "product_costs": N_("product costs"),
    "campaigns": N_("campaigns"),
    "exchange_rates": N_("exchange rates"),
    "rows": N_("rows"),
    "newest_event": N_("newest event"),
    "net_amount": N_("net amount"),
    "discount_amount": N_("discount"),
    "currency": N_("currency"),
    "status": N_("status"),
    "channel": N_("channel"),
    "brand": N_("brand"),
    "part_of_day": N_("part of the day (UTC)"),
    "buyer_known": N_("buyer known"),
    "quantity": N_("quantity"),
    "unit_price": N_("unit price"),
    "product_known": N_("product known"),
    "unit_cost_known": N_("unit cost known"),
    "amount": N_("amount"),
    "acquisition_channel": N_("acquisition channel"),
    "country": N_("country"),
    "email_known": N_("e-mail known"),
    "phone_known": N_("phone known"),
    "referrer_known": N_("referrer known"),
    "kind": N_("kind"),
    "score": N_("score"),
    "purpose": N_("purpose"),
    "granted": N_("granted"),
    "plan": N_("plan"),
    "period": N_("period"),
    "category": N_("category"),
    "unit_cost": N_("unit cost"),
    "(not stated)": N_("(not stated)"),
    "(other)": N_("(other)"),
    "yes": N_("yes"),
    "no": N_("no"),
    "code": N_("code"),
}

#: Fact of a row about something done by hand → how it is called; and those of its values that are words.
ABOUT = {
    "decided": N_("decided"),
    "export": N_("exported"),
    "source": N_("source"),
    "run_id": N_("run"),
    "to": N_("to"),
    "erasure": N_("erasure"),
    "format": N_("format"),
    "gate": N_("gate"),
    "model": N_("model"),
    "period": N_("period"),
    "role": N_("role"),
    "batches": N_("batches"),
    "rows": N_("rows"),
    "corrected_rows": N_("corrected rows"),
    "files": N_("files"),
    "removed": N_("removed"),
    "form": N_("form"),
    "corrected": N_("corrected"),
    "withdrawn": N_("withdrawn"),
    "masked copy": N_("masked copy"),
    "a person's own data": N_("a person's own data"),
}


@dataclass(frozen=True)
class Statement:
    """A sentence of the summary, and whether it is good, a warning (`warn`) or bad."""

    tone: str
    text: str


def opinion(facts: Facts, language: Language) -> list[Statement]:
    """The report in five sentences: the nights, the totals, the checks, the drift, the ledger."""
    _, many, count = language.gettext, language.ngettext, language.count
    runs, published, checks = len(facts.nights), len(facts.published), facts.checks
    blocked = sum(rule.failed for rule in checks.failures if rule.severity == "critical")
    warned = sum(rule.failed for rule in checks.failures) - blocked
    unbalanced = [total for total in facts.totals if not total.agrees]
    said = [
        Statement(
            "good" if published == runs else "bad" if not published else "warn",
            many("%(published)s of %(runs)s night was published.", "%(published)s of %(runs)s nights were published.", runs)
            % {"published": count(published), "runs": count(runs)},
        )
    ]
    if facts.totals:
        said.append(
            Statement("bad", _("Totals do not agree for %(sources)s.") % {"sources": ", ".join(sorted({t.source for t in unbalanced}))})
            if unbalanced
            else Statement(
                "good",
                _("Every row and every cent that the sources gave is accounted for: %(rows)s rows.")
                % {"rows": count(sum(total.given for total in facts.totals))},
            )
        )
    if checks.checks:
        tone = "bad" if blocked else "warn" if warned else "good"
        text = _("%(held)s of %(checks)s checks held; %(critical)s that block and %(warnings)s that warn did not.") % {
            "held": count(checks.held),
            "checks": count(checks.checks),
            "critical": count(blocked),
            "warnings": count(warned),
        }
        said.append(Statement(tone, text))
    said.append(_drift(facts, language))
    said.append(
        Statement("bad", _("The ledger does not hold: %(problem)s.") % {"problem": facts.ledger_problem})
        if facts.ledger_problem
        else Statement("good", _("The ledger holds, all %(rows)s rows of it.") % {"rows": count(facts.ledger_rows)})
    )
    return said


def _drift(facts: Facts, language: Language) -> Statement:
    _, many, count = language.gettext, language.ngettext, language.count
    if not facts.drift_measured:
        return Statement("warn", _("Drift was not measured: no night came as far as its staged data."))
    if not facts.drift_nights:
        return Statement("good", _("There is no good night before to hold what came in against."))
    moved = len(facts.moved)
    if moved:
        text = many(
            "%(moved)s quantity has moved against the last good nights.",
            "%(moved)s quantities have moved against the last good nights.",
            moved,
        )
        return Statement("warn", text % {"moved": count(moved)})
    return Statement("good", _("Nothing that came in has moved against the last good nights."))
