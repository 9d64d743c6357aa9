"""A small shop in which every rule holds: one warehouse file with the column sets of the real one, 300 orders of 40 customers."""

from __future__ import annotations

from pathlib import Path

import duckdb
from goodwill.entities import ENTITIES, PLUMBING
from goodwill.settings.business import BusinessSettings, flat_settings

AS_OF = "2025-06-30"

#: What each entity's source gave, by column; `n` counts the rows from 0. Columns left out are null.
_ROWS: dict[str, tuple[int, dict[str, str]]] = {
    "orders": (
        300,
        {
            "order_id": "'o' || n",
            "ordered_at": f"timestamp '{AS_OF} 10:00:00' - to_days(cast(n as int))",
            "contact_ref": "'c' || (n % 40)",
            "net_amount": "10 + n % 7",
            "gross_amount": "12 + n % 7",
            "tax_amount": "2",
            "currency": "'EUR'",
            "status": "'paid'",
        },
    ),
    "order_lines": (
        600,
        {
            "order_id": "'o' || (n // 2)",
            "line_no": "n % 2 + 1",
            "product_id": "'p' || (n % 5)",
            "quantity": "1",
            "unit_price": "(10 + (n // 2) % 7) / 2",
            "net_amount": "(10 + (n // 2) % 7) / 2",
            "unit_cost": "2",
        },
    ),
    "refunds": (
        10,
        {
            "refund_id": "'r' || n",
            "order_id": "'o' || n",
            "refunded_at": f"timestamp '{AS_OF} 12:00:00' - to_days(cast(n as int))",
            "amount": "5",
        },
    ),
    "contacts": (
        45,
        {
            "contact_id": "'c' || n",
            "created_at": "timestamp '2024-01-01'",
            "email": "'c' || n || '@shop.example'",
            "birth_year": "1980",
            "referred_by": "case when n between 1 and 4 then 'c' || (n + 20) end",
        },
    ),
    "contact_events": (
        200,
        {
            "event_id": "'e' || n",
            "contact_ref": "'c' || (n % 40)",
            "message_id": "'m' || (n // 2)",
            "score": "case when n >= 190 then 9 end",
            "occurred_at": f"timestamp '{AS_OF} 08:00:00' - to_days(cast(n // 2 as int)) + to_hours(cast(n % 2 as int))",
            "kind": "case when n >= 190 then 'survey_answered' when n % 2 = 0 then 'message_sent' else 'opened' end",
            "cost": "0.01",
        },
    ),
    "products": (5, {"product_id": "'p' || n", "name": "'product ' || n", "category": "'category ' || (n % 2)"}),
    "campaigns": (2, {"campaign_id": "'k' || n", "name": "'campaign'"}),
    "marketing_spend": (30, {"day": f"date '{AS_OF}' - cast(n as int)", "channel": "'search'", "amount": "20"}),
    "identity_decisions": (
        2,
        {
            "contact_id": "'c1'",
            "other_contact_id": "'c2'",
            "decided_at": f"timestamp '{AS_OF}' - to_days(cast(n as int))",
            "decision": "case n when 0 then 'same' else 'different' end",
        },
    ),
    "consents": (
        40,
        {
            "contact_id": "'c' || n",
            "channel": "'email'",
            "purpose": "'marketing'",
            "changed_at": "timestamp '2024-01-01'",
            "granted": "true",
        },
    ),
    "product_costs": (5, {"product_id": "'p' || n", "valid_from": "date '2024-01-01'", "unit_cost": "2"}),
    "exchange_rates": (
        10,
        {
            "day": f"date '{AS_OF}' - cast(n // 2 as int)",
            "currency": "case n % 2 when 0 then 'USD' else 'EUR' end",
            "rate": "case n % 2 when 0 then 0.9 else 1 end",
        },
    ),
    "subscriptions": (3, {"subscription_id": "'s' || n", "contact_ref": "'c' || n", "amount": "9", "started_at": "timestamp '2025-01-01'"}),
}

_STAGING = """
create table staging.reconciliation as
    select entity, 'shop' as source, source_rows, source_rows as landed_rows, source_rows as accepted_rows, 0::bigint as superseded_rows,
        0::bigint as quarantined_rows, 0::bigint as repeated_rows, 0::bigint as conflicting_rows, 0::bigint as corrected_rows, source_amount, source_amount as landed_amount, source_amount as accepted_amount,
        0::decimal(38, 2) as superseded_amount, 0::decimal(38, 2) as quarantined_amount, 0::bigint as after_as_of_rows,
        0::decimal(38, 2) as after_as_of_amount, true as is_reconciled
    from control.source_totals;
update staging.reconciliation set source_rows = 301, landed_rows = 301, quarantined_rows = 1 where entity = 'orders';
create table staging.observations as
    select 'contact_events' as entity, 'shop' as source, 'SUSPECT_EVENT' as code, 1::bigint as rows_count, 'b-contact_events' as example_batch_id,
        'contact_events.csv' as example_file, 1::bigint as example_row_no;
create table staging.quarantine as
    select 'orders' as entity, 'shop' as source, 'b-orders' as batch_id, 'orders.csv' as file, 301::bigint as row_no,
        'ordered_at' as column_name, 'BAD_TIMESTAMP' as reason, '30 February' as value, '{}' as raw_row;
"""

_INTERMEDIATE = """
create table intermediate.int_people as
    select contact_id as person_id, contact_id, substr(contact_id, 2)::int < 40 as is_customer, false as is_guest,
        null::boolean as has_active_subscription
    from staging.stg_contacts;
create table intermediate.int_purchase_days as
    select contact_ref as person_id, ordered_at::date as purchased_on, sum(net_amount) as paid_amount from staging.stg_orders group by 1, 2;
create table intermediate.int_customer_facts as
    select person_id, false as is_guest, false as is_left_censored, min(purchased_on) as first_purchase_on, max(purchased_on) as last_purchase_on,
        count(*) as purchase_days, count(*) - 1 as x, max(purchased_on) - min(purchased_on) as t_x_days,
        date '2025-06-30' - min(purchased_on) as age_days
    from intermediate.int_purchase_days group by person_id;
create table intermediate.int_contracts__running (person_id varchar);
"""

_MARTS = """
create table marts.fct_orders as
    select order_id, contact_ref as person_id, false as is_guest, ordered_at, ordered_at::date as ordered_on, status, false as is_cancelled,
        channel, brand, campaign_id, coupon_code, partner_id, false as is_promoted, 2::bigint as lines_count, currency as source_currency,
        net_amount, gross_amount, discount_amount, tax_amount, shipping_amount, shipping_cost as shipping_cost_amount,
        payment_fee as payment_fee_amount, net_amount as revenue_amount, 0::decimal(18, 2) as refunded_amount,
        4::decimal(18, 2) as cost_of_goods_amount, false as margin_is_assumed, (net_amount - 4)::decimal(18, 2) as margin_by_event_date_amount,
        (net_amount - 4)::decimal(18, 2) as margin_by_order_date_amount
    from staging.stg_orders;
create table marts.fct_order_lines as
    select order_id, line_no, 'c0' as person_id, date '2025-06-30' as ordered_on, false as is_cancelled, product_id, 'product' as product_name,
        'category' as product_category, quantity, discount_amount, net_amount, 0::decimal(18, 2) as order_discount_amount,
        net_amount as revenue_amount, 0::decimal(18, 2) as refunded_amount,
        2::decimal(18, 2) as cost_of_goods_amount, false as margin_is_assumed, 0::decimal(18, 2) as order_costs_amount,
        (net_amount - 2)::decimal(18, 2) as margin_by_event_date_amount, (net_amount - 2)::decimal(18, 2) as margin_by_order_date_amount
    from staging.stg_order_lines;
create table marts.fct_refunds as
    select refund_id, order_id, 'c0' as person_id, true as is_order_known, false as is_order_assumed,
        refunded_at, refunded_at::date as refunded_on,
        refunded_at::date as ordered_on, reason, amount as paid_back_amount, amount as refunded_amount,
        (-amount)::decimal(18, 2) as revenue_amount, (-amount)::decimal(18, 2) as margin_by_event_date_amount
    from staging.stg_refunds;
create table marts.fct_contact_events as
    select event_id, contact_ref as person_id, occurred_at, occurred_at::date as occurred_on, kind, channel, campaign_id, message_id, variant,
        score, product_id, cost as cost_amount
    from staging.stg_contact_events;
create table marts.daily_reconciliation as
    select entity, 'shop' as source, day::varchar as day_name, day, n as landed_rows, n as accepted_rows, 0::bigint as superseded_rows,
        0::bigint as quarantined_rows, amount as landed_amount, amount as accepted_amount, 0::decimal(38, 2) as superseded_amount,
        0::decimal(38, 2) as quarantined_amount, n as due_rows, n as fact_rows, amount as due_amount, amount as fact_amount,
        0::bigint as differing_rows, true as is_reconciled
    from (
        select 'orders' as entity, ordered_on as day, count(*)::bigint as n, coalesce(sum(net_amount), 0)::decimal(38, 2) as amount
        from marts.fct_orders group by ordered_on
        union all
        select 'refunds', refunded_on, count(*)::bigint, coalesce(sum(paid_back_amount), 0)::decimal(38, 2) from marts.fct_refunds group by refunded_on
        union all
        select 'contact_events', occurred_on, count(*)::bigint, coalesce(sum(cost_amount), 0)::decimal(38, 2)
        from marts.fct_contact_events group by occurred_on
    ) as days;
update marts.daily_reconciliation set landed_rows = landed_rows + 1, quarantined_rows = 1 where entity = 'orders' and day = date '2025-06-30';
create table marts.cohort_retention as
    select date '2024-09-01' as cohort_month, 'all' as acquisition_channel, age, age < 9 as is_mature, 40::bigint as customers_count,
        40::bigint as customers_eligible, case when age < 9 then 40 end::bigint as active_customers,
        case when age = 0 then 1.0 when age < 9 then 0.5 end::double as retention_rate,
        case when age = 0 then 1.0 when age < 9 then 0.6 end::double as rolling_retention_rate,
        case when age < 9 then 100 end::decimal(18, 2) as revenue_amount, case when age < 9 then 50 end::decimal(18, 2) as margin_amount,
        case when age < 9 then 100 end::decimal(18, 2) as cumulative_revenue_amount,
        case when age < 9 then 50 end::decimal(18, 2) as cumulative_ltv_amount
    from (select unnest(range(10)) as age);
create table marts.cohort_retention_by_distance as
    select * exclude (acquisition_channel), 'new' as distance_at_acquisition from marts.cohort_retention;
create table marts.cohort_retention_by_month as
    select cohort_month, 'all' as acquisition_channel, (cohort_month + to_months(n))::date as month, n::bigint as months_since, n < 9 as is_complete,
        40::bigint as customers_count, case when n = 0 then 40 when n < 9 then 20 end::bigint as active_customers,
        case when n = 0 then 1 when n < 9 then 0.5 end::double as retention_rate, case when n < 9 then 100 end::decimal(18, 2) as revenue_amount,
        case when n < 9 then 50 end::decimal(18, 2) as margin_by_event_date_amount
    from (select distinct cohort_month from marts.cohort_retention) cross join (select unnest(range(10)) as n);
create table marts.repurchase_curve as
    select 2::bigint as purchase_number, segment_kind, segment, days::bigint as days, 40::bigint as customers_count, at_risk::bigint as at_risk_count,
        bought::bigint as bought_count, 1 - rate::double as still_waiting_rate, rate::double as repurchase_rate,
        low::double as repurchase_low_rate, high::double as repurchase_high_rate, 40::bigint as median_days
    from (values ('all', 'all'), ('cohort_month', '2024-09-01')) as segments(segment_kind, segment)
    cross join (values (0, 40, 0, 0, null, null), (40, 40, 20, 0.5, 0.4, 0.6), (80, 10, 2, 0.6, 0.4, 0.7)) as steps(days, at_risk, bought, rate, low, high);
create table marts.repurchase_rates as
    select 2::bigint as purchase_number, segment_kind, segment, days::bigint as window_days, 40::bigint as customers_count,
        eligible::bigint as customers_eligible, bought::bigint as bought_count, rate::double as repurchase_rate, low::double as repurchase_low_rate,
        high::double as repurchase_high_rate
    from (values ('all', 'all'), ('cohort_month', '2024-09-01')) as segments(segment_kind, segment)
    cross join (values (30, 40, 10, 0.25, 0.14, 0.4), (90, 20, 10, 0.5, 0.3, 0.7), (365, 0, 0, null, null, null)) as windows(days, eligible, bought, rate, low, high);
create table intermediate.int_marketing_spend__purposed as
    select day, date_trunc('month', day)::date as spend_month, channel, campaign_id, 'acquisition' as purpose, true as is_purpose_assumed, amount
    from staging.stg_marketing_spend;
create table marts.fct_costs as
    select concat('event:', event_id) as cost_id, 'contact' as cost_kind, person_id, occurred_on as incurred_on, kind as event_kind, channel, campaign_id,
        null::varchar as purpose, cost_amount
    from marts.fct_contact_events where cost_amount <> 0
    union all
    select concat('spend:', day), 'marketing', null, day, null, channel, campaign_id, purpose, amount::decimal(18, 2)
    from intermediate.int_marketing_spend__purposed;
create table marts.acquisition_costs as
    select spend_month as month, scope, case when scope = 'channel' then channel else 'all' end as acquisition_channel, false as is_month_complete,
        sum(amount)::decimal(18, 2) as acquisition_spend_amount, 0::decimal(18, 2) as assumed_spend_amount, 0::decimal(18, 2) as referral_spend_amount,
        0::decimal(18, 2) as rewards_amount, sum(amount)::decimal(18, 2) as acquisition_cost_amount, 4::bigint as new_customers_count,
        0::bigint as referred_customers_count, (sum(amount) / 4)::decimal(18, 2) as cac_amount, 200::decimal(18, 2) as ltv_3_amount,
        null::decimal(18, 2) as ltv_6_amount, null::decimal(18, 2) as ltv_12_amount, null::decimal(18, 2) as ltv_12_low_amount,
        null::decimal(18, 2) as ltv_12_high_amount, null::decimal(18, 2) as ltv_24_amount, 3::bigint as payback_months, true as payback_observable,
        null::double as ltv_12_to_cac_ratio, null::decimal(18, 2) as retention_spend_amount, null::bigint as retained_customers_count,
        null::double as apparent_cost_ratio
    from intermediate.int_marketing_spend__purposed cross join (values ('channel'), ('blended'), ('paid')) as scopes(scope)
    group by 1, 2, 3;
create table marts.customer_months as
    select person_id, date_trunc('month', ordered_on)::date as month, count(*) as orders_count, count(distinct ordered_on) as purchase_days_count,
        sum(revenue_amount)::decimal(18, 2) as ordered_amount, 0::decimal(18, 2) as refunded_amount, sum(revenue_amount)::decimal(18, 2) as revenue_amount,
        sum(margin_by_event_date_amount)::decimal(18, 2) as margin_by_event_date_amount, 2::bigint as contacts_sent_count,
        5::bigint as contact_events_count, 1::decimal(18, 2) as cost_to_serve_amount,
        (sum(margin_by_event_date_amount) - 1)::decimal(18, 2) as margin_after_service_amount,
        case when max(ordered_on) < date '2025-06-01' then 'active' end as life_cycle_stage
    from marts.fct_orders group by 1, 2;
create table marts.subscription_movements as
    select subscription_id, (date '2025-01-01' + to_months(n))::date as month, contact_ref as person_id, plan, case when n = 0 then 'new' end as begun_as,
        null::varchar as ended_as, null::varchar as end_reason, true as is_period_known, case when n = 0 then 0 else 9 end::decimal(18, 2) as mrr_start_amount,
        case when n = 0 then 9 else 0 end::decimal(18, 2) as new_amount, 0::decimal(18, 2) as reactivation_amount, 0::decimal(18, 2) as upgrade_amount,
        0::decimal(18, 2) as downgrade_amount, 0::decimal(18, 2) as churned_amount, 0::decimal(18, 2) as transferred_amount,
        9::decimal(18, 2) as mrr_end_amount
    from staging.stg_subscriptions cross join (select unnest(range(6))::int as n) as months;
create table marts.message_reactions as
    select message_id, contact_ref as person_id, 'email' as channel, campaign_id, null::varchar as variant, occurred_at as sent_at,
        occurred_at as delivered_at, true as delivery_is_derived, occurred_at + interval 1 hour as opened_at, null::timestamp as read_at,
        null::timestamp as visited_at, null::timestamp as rejected_at, null::varchar as rejected_by, null::timestamp as ignored_at,
        false as is_opened_before_sent, 'opened' as reaction, occurred_at + interval 1 hour as reacted_at
    from staging.stg_contact_events where kind = 'message_sent';
create table intermediate.int_survey_answers as
    select event_id, contact_ref as person_id, 'nps' as survey_kind, occurred_at as answered_at, occurred_at::date as answered_on, score,
        'promoter' as opinion, true as is_counted
    from staging.stg_contact_events where kind = 'survey_answered';
create table marts.satisfaction as
    select month, 'nps' as survey_kind, segment_kind, segment, answers::bigint as answers_count, answers::bigint as promoters_count,
        0::bigint as passives_count, 0::bigint as detractors_count, case when answers > 0 then 100 end::double as score,
        null::double as score_low, null::double as score_high, 20::bigint as asked_count, 0.5::double as response_rate,
        6::bigint as satisfied_count, 0.5::double as satisfied_repurchase_rate, 0.2::double as satisfied_repurchase_low_rate,
        0.8::double as satisfied_repurchase_high_rate, 0::bigint as dissatisfied_count, null::double as dissatisfied_repurchase_rate,
        null::double as dissatisfied_repurchase_low_rate, null::double as dissatisfied_repurchase_high_rate, 20::bigint as silent_count,
        0.4::double as silent_repurchase_rate, 0.2::double as silent_repurchase_low_rate, 0.6::double as silent_repurchase_high_rate
    from (values ('all', 'all'), ('acquisition_channel', 'unknown')) as segments(segment_kind, segment)
    cross join (values (date '2025-01-01', 0), (date '2025-03-01', (select count(*) from intermediate.int_survey_answers))) as months(month, answers);
create table marts.labels as
    select unnest(['top_20_percent_make_80', 'satisfied_buyers_return_nps']) as code, 'folklore_claim' as kind, 'words' as english, 'mots' as french;
create table marts.folklore as
    select code as claim, 0.8::double as claimed_from, 0.8::double as claimed_to, 0.8::double as figure, 0.75::double as figure_low,
        0.85::double as figure_high, 'customers' as counted_in, 40::bigint as cases_count, 'holds' as verdict
    from marts.labels;
create table marts.referral_edges as
    select contact_id as referred_contact_id, 1::bigint as claim_no, contact_id as referred_person_id, referred_by as referrer_person_id,
        'contact' as named_by, created_at as claimed_at,
        created_at::date as claimed_on, case when contact_id = 'c4' then 'refused' else 'valid' end as edge_status, contact_id <> 'c4' as is_valid,
        case when contact_id = 'c4' then 'order_before_edge' end as refusal_reason, date '2024-09-10' as first_purchase_on, true as is_converted
    from staging.stg_contacts where referred_by is not null;
create table marts.referral_tree as
    select referred_person_id as person_id, referrer_person_id, claimed_on as edge_on, referrer_person_id as root_person_id, 1::bigint as depth,
        0::bigint as direct_people_count, 0::bigint as direct_customers_count, 0::bigint as downstream_people_count,
        0::bigint as downstream_customers_count
    from marts.referral_edges where is_valid
    union all
    select referrer_person_id, null, null, referrer_person_id, 0, 1, 1, 1, 1 from marts.referral_edges where is_valid;
create table marts.referral_program as
    select month, month < date '2025-06-01' as is_month_complete, 4::bigint as invitations_count, 1::bigint as shares_count,
        3::bigint as invited_people_count, 2::bigint as invited_referred_count, 1::bigint as invited_customers_count,
        null::double as invitation_conversion_rate, claims::bigint as claims_count, (claims * 3 / 4)::bigint as valid_count,
        (claims / 4)::bigint as refused_count, 0::bigint as pending_count, 1::bigint as converted_count, null::double as referral_conversion_rate,
        1::bigint as referred_customers_count, 0::decimal(18, 2) as rewards_amount, 0::decimal(18, 2) as programme_spend_amount,
        40::bigint as cohort_customers_count, claims > 0 as is_cohort_mature, 4::bigint as brought_customers_count,
        case when claims > 0 then 0.1 end::double as k_factor, case when claims > 0 then 1.111111111 end::double as customers_per_seed,
        case when claims > 0 then 30 end::double as cycle_days
    from (values (date '2024-01-01', 4), (date '2025-06-01', 0)) as months(month, claims);
update marts.referral_program set converted_count = 0 where claims_count = 0;
create table marts.person_contacts as
    select contact_id, contact_id as person_id, true as is_survivor, 'own' as link_rule, 'contact' as evidence_kind,
        null::varchar as linked_to_contact_id, created_at::date as linked_on, null::date as closed_on
    from staging.stg_contacts;
update marts.person_contacts set person_id = 'c1', is_survivor = false, link_rule = 'decided_same', evidence_kind = 'decision',
    linked_to_contact_id = 'c1' where contact_id = 'c2';
create table marts.shared_identifiers as
    select 'email' as kind, md5(n::varchar) as identifier_hash, 'c' || n as first_contact_id, 2::bigint as contacts_count, 2::bigint as names_count,
        2::bigint as people_count, 'shared' as reason
    from range(3) as numbers(n);
create table intermediate.int_identifiers__judged as
    select kind, identifier_hash as identifier_key, contacts_count, names_count, false as is_blocked from marts.shared_identifiers;
"""

_MODEL = """
create table model.clv_scores as
    select person_id, 'mbg_nbd' as model_used, x, t_x_days, age_days, 0.7::double as p_alive, 0.5::double as expected_purchases_30,
        1.5::double as expected_purchases_90, 3.0::double as expected_purchases_180, 6.0::double as expected_purchases_365,
        12.0::double as expected_spend, 0.6::double as margin_rate, false as margin_is_assumed,
        'margin' as value_basis, 3::decimal(18, 2) as expected_value_30,
        9::decimal(18, 2) as expected_value_90, 18::decimal(18, 2) as expected_value_180, 36::decimal(18, 2) as expected_value_365,
        36::decimal(18, 2) as clv_12, 60::decimal(18, 2) as clv_24, 80::decimal(18, 2) as clv_36,
        date '2025-08-01' as expected_next_purchase_on, null::varchar as fallback_reason, 0::decimal(18, 2) as subscription_value_12,
        0::decimal(18, 2) as subscription_value_24, 0::decimal(18, 2) as subscription_value_36, null::decimal(18, 2) as subscription_value_ever,
        36::decimal(18, 2) as clv, 12::bigint as horizon_months, 0.1::double as annual_discount_rate, null::varchar as brand,
        'unit_sale' as business_model, null::varchar as positioning, null::varchar as subscription_plans, {intervals}
    from intermediate.int_customer_facts;
create table model.clv_runs as
    select run_id, as_of, unnest(['mbg_nbd', 'bg_nbd', 'gamma_gamma']) as model, 'all' as group_name, 'fitted' as origin,
        'accepted' as status, '' as message, unnest([true, false, true]) as is_scoring_model, unnest(['passed', null, null]) as gate,
        null::varchar as gate_message, run_id as parameters_run_id, as_of as parameters_as_of, null::bigint as stale_days,
        true as converged, 1e-10::double as slope, 5::bigint as evaluations, null::varchar as warm_start_run_id, true as with_prior,
        40::bigint as customers, 40::bigint as repeat_customers, 9::bigint as tuples, 0::bigint as left_out_customers,
        null::bigint as left_out_from_x, 0::bigint as impossible_histories, {parameters},
        '{{}}' as covariance, 'week' as time_unit, -100.0::double as log_likelihood, 1e-7::double as crosscheck_difference,
        0.01::double as parameter_shift, 0.01::double as psi_x, 0.01::double as psi_age, 0.01::double as psi_spend, 'hash' as data_hash,
        0.1::double as fitted_seconds
    from control.night;
create table model.clv_holdouts as
    select run_id, unnest(['mbg_nbd', 'same_as_last_period', 'shifted_beta_geometric']) as model, 'all' as group_name, as_of - 91 as cut_on, 13::bigint as weeks, as_of as measured_on,
        40::bigint as customers, 60.0::double as predicted, 60::bigint as actual, 0.0::double as bias, 0.5::double as mae, 0.3::double as spearman,
        0.6::double as gini, 0.1::double as decile_error, 1.1::double as loss,
        unnest([null, null, 4.0])::double as predicted_ended, unnest([null, null, 4])::bigint as actual_ended,
        unnest([null, null, 2.0])::double as ended_error, unnest([null, null, 600.0])::double as predicted_value,
        unnest([null, null, 600.0])::double as actual_value, null::varchar as message
    from control.night;
create table model.clv_calibration as
    select run_id, 'mbg_nbd' as model, as_of - 91 as cut_on, unnest(range(1, 11)) as decile, 4.0::double as customers, 6.0::double as predicted,
        6.0::double as actual
    from control.night;
create table model.clv_tracking as
    select run_id, 'mbg_nbd' as model, as_of - 91 as cut_on, week, 5.0::double as predicted, 5.0::double as actual,
        5.0 * week as predicted_in_all, 5.0 * week as actual_in_all
    from control.night cross join range(1, 14) as weeks (week);
create table model.segment_assignments as
    select person_id, case when is_customer then 'maintain' end as value_class, case when is_customer then 'neither' end as value_class_reason,
        case when not is_customer then 'prospect' when person_id < 'c2' then 'active' else 'loyal' end as life_cycle_stage,
        'rule' as life_cycle_reason, case when is_customer then 'existing' else 'new' end as distance, 'rule' as distance_reason,
        case when is_customer then 3 end as recency_score, case when is_customer then 3 end as frequency_score,
        case when is_customer then 3 end as monetary_score, case when is_customer then 'regular' end as rfm_group,
        case when is_customer then 'rule' end as rfm_reason, 40::decimal(18, 2) as actual_value_amount, 60::decimal(18, 2) as potential_value_amount,
        case when is_customer then as_of - 1 end as value_class_since_on, null::varchar as previous_value_class,
        as_of - 1 as life_cycle_stage_since_on, null::varchar as previous_life_cycle_stage, as_of - 1 as distance_since_on,
        null::varchar as previous_distance, case when is_customer then as_of - 1 end as rfm_group_since_on, null::varchar as previous_rfm_group,
        null::date as outside_since_on, false as is_loss, null::date as churn_onset_on, null::varchar as churn_onset_reason,
        null::varchar as early_warning, null::varchar as early_warning_reason
    from intermediate.int_people cross join control.night;
""".format(
    intervals=", ".join(
        [
            f"{0 if side == 'low' else level // 10}::integer as purchases_{days}_{side}_{level}"
            for days in (30, 90, 180, 365)
            for level in (80, 95)
            for side in ("low", "high")
        ]
        + [
            f"{0 if side == 'low' else level}::decimal(18, 2) as clv_{months}_{side}_{level}"
            for months in (12, 24, 36)
            for level in (80, 95)
            for side in ("low", "high")
        ]
    ),
    parameters=", ".join(
        f"{value}::double as {name}, 0.1::double as {name}_standard_error"
        for name, value in {"r": 0.5, "alpha": 5, "a": 0.7, "b": 2, "s": 0.6, "beta": 11, "p": 6, "q": 4, "v": 15}.items()
    ),
)

_PUBLISHED = """
create table marts.clv_customers as from model.clv_scores;
create table marts.clv_model_runs as from model.clv_runs;
create table marts.clv_holdouts as from model.clv_holdouts;
create table marts.clv_calibration as from model.clv_calibration;
create table marts.clv_tracking as from model.clv_tracking;
create table marts.segments as select * exclude (outside_since_on, is_loss) from model.segment_assignments;
create table marts.dim_customers as
    select people.person_id, people.contact_id, people.is_customer, people.is_guest, people.has_active_subscription, placed.distance, placed.life_cycle_stage, placed.value_class,
        facts.first_purchase_on, facts.last_purchase_on, coalesce(facts.purchase_days, 0) as purchase_days_count,
        coalesce(facts.purchase_days, 0) as orders_count, 100::decimal(18, 2) as revenue_amount, 0.1::double as promotion_rate,
        0.05::double as return_rate, case when facts.person_id is null then 0 else 40 end::decimal(18, 2) as margin_amount,
        'email: marketing' as consents_granted, null::varchar as consents_withdrawn, date '2025-01-01' as consent_changed_on,
        1::decimal(18, 2) as cost_to_serve_amount, (margin_amount - 1)::decimal(18, 2) as margin_after_service_amount,
        5::decimal(18, 2) as referral_rewards_amount, (margin_amount - 6)::decimal(18, 2) as customer_margin_amount, scores.p_alive, scores.clv_12, placed.churn_onset_on, placed.early_warning
    from intermediate.int_people as people
    left join intermediate.int_customer_facts as facts using (person_id)
    left join model.clv_scores as scores using (person_id)
    left join model.segment_assignments as placed using (person_id);
create table model.recorded_nights as select as_of - 1 as as_of, 'night before' as run_id from control.night;
create table marts.customer_history as
    select person_id, as_of - n as valid_from_on, case when n = 9 then as_of - 3 end as valid_to_on, n = 3 as is_current,
        life_cycle_stage, life_cycle_reason, distance, value_class, value_class_reason, rfm_group
    from marts.segments cross join control.night cross join (values (3), (9)) as spans(n)
    where n = 3 or person_id = 'c1';
create table marts.segment_sizes as
    select as_of - n as measured_on, division, coalesce(case division when 'value_class' then placed.value_class else placed.life_cycle_stage end, 'none') as segment,
        count(*) as people_count, sum(coalesce(clv_12, 0))::decimal(38, 2) as clv_12_amount, 40::decimal(38, 2) as actual_value_amount
    from marts.segments as placed inner join marts.dim_customers using (person_id)
    cross join control.night cross join (values (0), (1)) as nights(n) cross join (values ('value_class'), ('life_cycle_stage')) as divisions(division)
    group by 1, 2, 3;
create table marts.segment_migrations as
    select as_of as moved_on, 'value_class' as division, 'maintain' as from_segment, to_segment, 2::bigint as people_count,
        70::decimal(38, 2) as clv_12_amount, 80::decimal(38, 2) as actual_value_amount
    from control.night cross join (values ('most_valuable'), ('most_growable')) as moves(to_segment);
create table marts.customer_equity as
    select as_of as measured_on, division, case when division = 'all' then 'all' else 'maintain' end as segment, count(*) as customers_count,
        sum(clv_12)::decimal(38, 2) as clv_12_amount, 2400::decimal(38, 2) as clv_24_amount, 3200::decimal(38, 2) as clv_36_amount,
        as_of - 1 as compared_with_on, (sum(clv_12) - 40)::decimal(38, 2) as previous_clv_12_amount, 40::decimal(38, 2) as change_amount,
        36::decimal(38, 2) as new_amount, 14::decimal(38, 2) as kept_amount, 10::decimal(38, 2) as won_back_amount, (-20)::decimal(38, 2) as lost_amount,
        0::decimal(38, 2) as moved_amount, 1::bigint as new_customers_count, 1::bigint as won_back_customers_count, 1::bigint as lost_customers_count
    from marts.dim_customers cross join control.night cross join (values ('all'), ('value_class')) as divisions(division)
    where clv_12 is not null group by as_of, division;
create table marts.concentration as
    select measure, 40::bigint as holders_count, 400::decimal(38, 2) as held_amount, 2::bigint as negative_customers_count,
        (-5)::decimal(38, 2) as negative_amount, 0.1::double as top_1_rate, 0.2::double as top_5_rate, 0.3::double as top_10_rate,
        0.5::double as top_20_rate, 0.4::double as holders_of_80_rate, 0.6::double as gini
    from (values ('revenue'), ('margin'), ('actual_value'), ('clv_12')) as measures(measure);
create table marts.concentration_curve as
    select measure, hundredth::bigint as hundredth, hundredth::bigint as customers_count, hundredth::decimal(38, 2) as held_amount,
        hundredth / 100.0::double as customers_rate, sqrt(hundredth / 100.0) as held_rate
    from marts.concentration cross join range(101) as hundredths(hundredth);
create table marts.referral_value as
    select referrer_person_id as person_id, 1::bigint as direct_people_count, 1::bigint as direct_customers_count,
        1::bigint as downstream_customers_count, 50::decimal(18, 2) as crv_amount, 'advocate' as quadrant
    from marts.referral_edges where edge_status = 'valid';
"""


def build_world(path: Path) -> Path:
    """Write the warehouse file of the small shop to `path`."""
    settings = flat_settings(BusinessSettings())
    with duckdb.connect(str(path)) as connection:
        for schema in ("control", "landed", "staging", "intermediate", "model", "marts"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            f"create table control.night as select 'night' as run_id, date '{AS_OF}' as as_of, timestamp '2025-07-01 03:00:00' as started_at, "
            f"'{settings['company_currency']}' as company_currency, "
            f"'{settings['company_business_time_zone']}' as company_business_time_zone"
        )
        connection.execute(
            "create table control.sources (source varchar, entity varchar, system varchar, connector varchar, quarantine_share double)"
        )
        connection.execute(
            "create table control.source_totals (entity varchar, source varchar, batch_id varchar, file varchar, source_rows bigint, "
            "source_amount decimal(38, 2), unparsable_amounts bigint)"
        )
        for entity in ENTITIES.values():
            rows, values = _ROWS.get(entity.name, (0, {}))
            columns = [f"cast({values.get(column.name, 'null')} as {column.sql_type}) as {column.name}" for column in entity.columns]
            plumbing = {
                "_source": "'shop'",
                "_batch_id": f"'b-{entity.name}'",
                "_file": f"'{entity.name}.csv'",
                "_row_no": "n + 1",
                "_extracted_at": "timestamp '2025-07-01 02:00:00'",
                "_problems": "[]",
            }
            columns += [f"cast({plumbing.get(name, 'null')} as {sql_type}) as {name}" for name, sql_type in PLUMBING.items()]
            connection.execute(f"create table landed.{entity.name} as select {', '.join(columns)} from range({rows}) as numbers(n)")
            kept = ", ".join([*(column.name for column in entity.columns), "_source", "_system", "_batch_id"])
            flags = ", false as is_suspect" if entity.name == "contact_events" else ""
            connection.execute(f"create table staging.stg_{entity.name} as select {kept}{flags} from landed.{entity.name}")
            if rows:
                connection.execute(f"insert into control.sources values ('shop', '{entity.name}', 'shop', 'file', 0.05)")
                amount = f"(select sum({entity.amount}) from landed.{entity.name})" if entity.amount else "0"
                connection.execute(
                    f"insert into control.source_totals select '{entity.name}', 'shop', 'b-{entity.name}', '{entity.name}.csv', {rows}, {amount}, 0"
                )
        for script in (_STAGING, _INTERMEDIATE, _MARTS, _MODEL, _PUBLISHED):
            connection.execute(script)
    return path
