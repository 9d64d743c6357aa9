"""The customer months with polars, lazily: nothing is read that is not needed."""

from __future__ import annotations

import polars as pl

from bench.marts.shop import Landed

__all__ = ["customer_months"]


def _read(landed: Landed, source: str, columns: list[str], key: list[str]) -> pl.LazyFrame:
    """The last version of each key."""
    rows = pl.scan_parquet(landed.files[source])
    if source == "exchange_rates":
        return rows.select(columns).unique(key, keep="last", maintain_order=True)
    return rows.select(*columns, "updated_at").sort("updated_at", maintain_order=True).unique(key, keep="last", maintain_order=True)


def _day(column: str, zone: str) -> pl.Expr:
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC").dt.convert_time_zone(zone).dt.date()


def _amount(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64)


def _converted(rows: pl.LazyFrame, day: str, rates: pl.LazyFrame, currency: str, columns: list[str]) -> pl.LazyFrame:
    """Amounts in the reporting currency, by the last rate up to the day."""
    joined = rows.sort(day).join_asof(rates, left_on=day, right_on="rated_on", by="currency", check_sortedness=False)
    foreign = pl.col("currency").is_not_null() & (pl.col("currency") != currency)
    return joined.with_columns(
        pl.when(foreign).then(_at_rate(pl.col(column))).otherwise(pl.col(column)).alias(column) for column in columns
    )


def _times(quantity: str, price: str) -> pl.Expr:
    """Exact to the cent: thousandths of a piece times hundredths of a cent, the half cent up."""
    return ((pl.col(quantity) * 1_000).round() * (pl.col(price) * 10_000).round() + 50_000).floordiv(100_000) / 100


def _at_rate(amount: pl.Expr) -> pl.Expr:
    """Exact to the cent: cents times millionths, the half cent up."""
    return ((amount * 100).round() * (pl.col("rate") * 1_000_000).round() + 500_000).floordiv(1_000_000) / 100


def customer_months(landed: Landed) -> pl.DataFrame:
    """Person and month → counts and amounts."""
    rates = (
        _read(landed, "exchange_rates", ["day", "currency", "rate"], ["day", "currency"])
        .select(pl.col("day").str.to_date().alias("rated_on"), "currency", _amount("rate"))
        .sort("rated_on")
    )
    contacts = _read(landed, "contacts", ["contact_id", "email"], ["contact_id"])
    people = pl.concat(
        [
            contacts.select(pl.col("contact_id").alias("contact_ref"), pl.col("contact_id").alias("known_id")),
            contacts.drop_nulls("email").select(
                pl.col("email").str.strip_chars().str.to_lowercase().alias("contact_ref"), pl.col("contact_id").alias("known_id")
            ),
        ]
    )

    amounts = ["net_amount", "shipping_cost", "payment_fee"]
    orders = _read(landed, "orders", ["order_id", "ordered_at", "contact_ref", "currency", "status", *amounts], ["order_id"])
    orders = orders.with_columns(_day("ordered_at", landed.zone).alias("ordered_on"), *map(_amount, amounts))
    orders = (
        _converted(orders, "ordered_on", rates, landed.currency, amounts)
        .join(people, on="contact_ref", how="left")
        .with_columns(
            pl.col("status").str.to_lowercase().is_in(landed.cancelled).fill_null(value=False).alias("is_cancelled"),
            pl.coalesce("known_id", pl.lit("guest:") + pl.col("order_id")).alias("person_id"),
        )
    )

    costs = (
        _read(landed, "product_costs", ["product_id", "valid_from", "unit_cost"], ["product_id", "valid_from"])
        .select("product_id", pl.col("valid_from").str.to_date(), _amount("unit_cost").alias("dated_cost"))
        .sort("valid_from")
    )
    own = _times("quantity", "unit_cost")
    lines = (
        _read(landed, "order_lines", ["order_id", "line_no", "product_id", "quantity", "unit_cost"], ["order_id", "line_no"])
        .with_columns(_amount("quantity"), _amount("unit_cost"))
        .join(orders.select("order_id", "ordered_on", "rate"), on="order_id")
        .sort("ordered_on")
        .join_asof(costs, left_on="ordered_on", right_on="valid_from", by="product_id", check_sortedness=False)
        .with_columns(
            pl.when(pl.col("rate").is_null()).then(own).otherwise(_at_rate(own)).fill_null(_times("quantity", "dated_cost")).alias("cost")
        )
        .group_by("order_id")
        .agg(pl.when(pl.col("cost").null_count() == 0).then(pl.col("cost").sum()).alias("cost"))
    )
    orders = orders.join(lines, on="order_id", how="left")

    refunds = _read(landed, "refunds", ["refund_id", "order_id", "refunded_at", "amount", "currency"], ["refund_id"])
    refunds = refunds.with_columns(_day("refunded_at", landed.zone).alias("refunded_on"), _amount("amount"))
    refunds = (
        _converted(refunds, "refunded_on", rates, landed.currency, ["amount"])
        .join(orders.select("order_id", "person_id", "is_cancelled"), on="order_id")
        .with_columns(pl.when("is_cancelled").then(0.0).otherwise(pl.col("amount")).alias("amount"))
    )

    paid = orders.filter(~pl.col("is_cancelled")).with_columns(
        (pl.col("net_amount") - pl.col("cost") - pl.col("shipping_cost").fill_null(0) - pl.col("payment_fee").fill_null(0)).alias("margin")
    )
    back = refunds.group_by("person_id", pl.col("refunded_on").alias("ordered_on")).agg(pl.col("amount").sum())
    days = (
        paid.group_by("person_id", "ordered_on")
        .agg(pl.col("net_amount").sum())
        .join(back, on=["person_id", "ordered_on"], how="left")
        .filter((pl.col("net_amount") - pl.col("amount").fill_null(0)).round(2) > 0)
    )
    events = (
        _read(landed, "contact_events", ["event_id", "contact_ref", "occurred_at", "kind", "cost"], ["event_id"])
        .join(people.rename({"known_id": "person_id"}), on="contact_ref")
        .with_columns(_day("occurred_at", landed.zone).alias("occurred_on"), _amount("cost"))
    )

    def by_month(rows: pl.LazyFrame, day: str, *figures: pl.Expr) -> pl.LazyFrame:
        return rows.group_by("person_id", pl.col(day).dt.truncate("1mo").alias("month")).agg(*figures)

    parts = [
        by_month(
            paid,
            "ordered_on",
            pl.len().cast(pl.Float64).alias("orders"),
            pl.col("net_amount").sum().alias("ordered"),
            pl.col("margin").sum(),
            pl.col("margin").null_count().cast(pl.Float64).alias("unknown"),
        ),
        by_month(days, "ordered_on", pl.len().cast(pl.Float64).alias("purchase_days")),
        by_month(refunds, "refunded_on", pl.col("amount").sum().alias("refunded")),
        by_month(
            events,
            "occurred_on",
            pl.len().cast(pl.Float64).alias("events"),
            (pl.col("kind") == "message_sent").sum().cast(pl.Float64).alias("sent"),
            pl.col("cost").sum().alias("service"),
        ),
    ]
    months = pl.concat(parts, how="diagonal").group_by("person_id", "month").agg(pl.all().sum())
    margin = pl.when(pl.col("unknown") == 0).then(pl.col("margin") - pl.col("refunded"))
    wanted = ["month", "orders", "purchase_days", "ordered", "refunded", "margin", "sent", "events", "service"]
    return months.with_columns(margin.alias("margin")).select(wanted).collect(engine="streaming")
