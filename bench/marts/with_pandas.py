"""The customer months with pandas: what a careful analyst would write."""

from __future__ import annotations

import pandas as pd

from bench.marts.shop import Landed

__all__ = ["customer_months"]


def _read(landed: Landed, source: str, columns: list[str], key: list[str]) -> pd.DataFrame:
    """The last version of each key."""
    parts = [pd.read_parquet(file, columns=[*columns, *({"updated_at"} - set(columns))][: None if source != "exchange_rates" else -1])
             for file in landed.files[source]]  # fmt: skip
    rows = pd.concat(parts, ignore_index=True)
    if "updated_at" in rows:
        rows = rows.sort_values("updated_at", kind="stable")
    return rows.drop_duplicates(key, keep="last")


def _days(stamps: pd.Series, zone: str) -> pd.Series:
    return pd.to_datetime(stamps, utc=True).dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()


def _converted(rows: pd.DataFrame, day: str, rates: pd.DataFrame, currency: str, columns: list[str]) -> pd.DataFrame:
    """Amounts in the reporting currency, by the last rate up to the day."""
    rows = pd.merge_asof(rows.sort_values(day), rates, left_on=day, right_on="rated_on", by="currency")
    foreign = rows["currency"].notna() & (rows["currency"] != currency)
    for column in columns:
        rows[column] = rows[column].where(~foreign, _at_rate(rows[column], rows["rate"]))
    return rows


def _times(quantity: pd.Series, price: pd.Series) -> pd.Series:
    """Exact to the cent: thousandths of a piece times hundredths of a cent, the half cent up."""
    return ((quantity * 1_000).round() * (price * 10_000).round() + 50_000) // 100_000 / 100


def _at_rate(amount: pd.Series, rate: pd.Series) -> pd.Series:
    """Exact to the cent: cents times millionths, the half cent up."""
    return ((amount * 100).round() * (rate * 1_000_000).round() + 500_000) // 1_000_000 / 100


def customer_months(landed: Landed) -> pd.DataFrame:
    """Person and month → counts and amounts."""
    rates = _read(landed, "exchange_rates", ["day", "currency", "rate"], ["day", "currency"])
    rates = rates.assign(rated_on=pd.to_datetime(rates["day"]), rate=pd.to_numeric(rates["rate"])).sort_values("rated_on")[
        ["rated_on", "currency", "rate"]
    ]
    contacts = _read(landed, "contacts", ["contact_id", "email"], ["contact_id"])
    by_mail = contacts.dropna(subset=["email"]).assign(email=lambda each: each["email"].str.strip().str.lower())
    people = pd.concat([contacts.set_index("contact_id", drop=False)["contact_id"], by_mail.set_index("email")["contact_id"]])

    amounts = ["net_amount", "shipping_cost", "payment_fee"]
    orders = _read(landed, "orders", ["order_id", "ordered_at", "contact_ref", "currency", "status", *amounts], ["order_id"])
    orders["ordered_on"] = _days(orders["ordered_at"], landed.zone)
    orders[amounts] = orders[amounts].apply(pd.to_numeric)
    orders = _converted(orders, "ordered_on", rates, landed.currency, amounts)
    orders["is_cancelled"] = orders["status"].str.lower().isin(landed.cancelled)
    orders["person_id"] = orders["contact_ref"].map(people).fillna("guest:" + orders["order_id"])

    numbers = ["quantity", "unit_cost"]
    lines = _read(landed, "order_lines", ["order_id", "line_no", "product_id", *numbers], ["order_id", "line_no"])
    lines[numbers] = lines[numbers].apply(pd.to_numeric)
    lines = lines.merge(orders[["order_id", "ordered_on", "rate"]], on="order_id")
    costs = _read(landed, "product_costs", ["product_id", "valid_from", "unit_cost"], ["product_id", "valid_from"])
    costs = costs.assign(valid_from=pd.to_datetime(costs["valid_from"]), dated_cost=pd.to_numeric(costs["unit_cost"])).sort_values(
        "valid_from"
    )
    lines = pd.merge_asof(
        lines.sort_values("ordered_on"),
        costs[["product_id", "valid_from", "dated_cost"]],
        left_on="ordered_on",
        right_on="valid_from",
        by="product_id",
    )
    own = _times(lines["quantity"], lines["unit_cost"])
    lines["cost"] = own.where(lines["rate"].isna(), _at_rate(own, lines["rate"])).fillna(_times(lines["quantity"], lines["dated_cost"]))
    by_order = lines.groupby("order_id")["cost"].agg(["size", "count", "sum"])
    by_order["cost"] = by_order["sum"].where(by_order["size"] == by_order["count"])
    orders = orders.merge(by_order[["cost"]], left_on="order_id", right_index=True, how="left")

    refunds = _read(landed, "refunds", ["refund_id", "order_id", "refunded_at", "amount", "currency"], ["refund_id"])
    refunds["refunded_on"] = _days(refunds["refunded_at"], landed.zone)
    refunds["amount"] = pd.to_numeric(refunds["amount"])
    refunds = _converted(refunds, "refunded_on", rates, landed.currency, ["amount"])
    refunds = refunds.merge(orders[["order_id", "person_id", "is_cancelled"]], on="order_id")
    refunds["amount"] = refunds["amount"].where(~refunds["is_cancelled"], 0.0)

    paid = orders[~orders["is_cancelled"]].copy()
    paid["margin"] = paid["net_amount"] - paid["cost"] - paid["shipping_cost"].fillna(0) - paid["payment_fee"].fillna(0)
    days = paid.groupby(["person_id", "ordered_on"])["net_amount"].sum()
    back = refunds.groupby(["person_id", "refunded_on"])["amount"].sum().rename_axis(["person_id", "ordered_on"])
    days = days.sub(back.reindex(days.index).fillna(0)).round(2)
    days = days[days > 0].reset_index()

    events = _read(landed, "contact_events", ["event_id", "contact_ref", "occurred_at", "kind", "cost"], ["event_id"])
    events = events.assign(
        person_id=events["contact_ref"].map(people),
        month=_days(events["occurred_at"], landed.zone).dt.to_period("M"),
        cost=pd.to_numeric(events["cost"]).fillna(0),
        sent=events["kind"].eq("message_sent"),
    ).dropna(subset=["person_id"])

    key = ["person_id", "month"]
    paid = paid.assign(month=paid["ordered_on"].dt.to_period("M"), unknown=paid["margin"].isna(), margin=paid["margin"].fillna(0))
    refunds["month"] = refunds["refunded_on"].dt.to_period("M")
    days["month"] = days["ordered_on"].dt.to_period("M")
    months = pd.concat(
        [
            paid.groupby(key).agg(
                orders=("order_id", "size"), ordered=("net_amount", "sum"), margin=("margin", "sum"), unknown=("unknown", "sum")
            ),
            days.groupby(key).agg(purchase_days=("ordered_on", "size")),
            refunds.groupby(key).agg(refunded=("amount", "sum")),
            events.groupby(key).agg(events=("event_id", "size"), sent=("sent", "sum"), service=("cost", "sum")),
        ],
        axis=1,
    ).fillna(0)
    months["margin"] = (months["margin"] - months["refunded"]).where(months["unknown"] == 0)
    return months.reset_index()[["month", "orders", "purchase_days", "ordered", "refunded", "margin", "sent", "events", "service"]]
