{# What rules over one entity have to know of another: a select for the `lookups` of `stage_base`, at most one row per key. #}

{# Contacts that were merged into another: their orders may change hands. #}
{% macro merged_contacts(contacts) -%}
select
    contact_id as _merged_contact_id
from {{ contacts }}
where
    row_status = 'accepted'
    and merged_into is not null
{% endmacro %}

{# The contact of an order as far as two versions of it can be compared: an id or an address, unless it was merged into another. #}
{% macro contact_key(is_address) -%}
    case
        when _merged_contact_id is null and position('@' in contact_ref) {{ '>' if is_address else '=' }} 0 then lower(trim(contact_ref))
    end
{%- endmacro %}

{# Accepted orders that `refunds` name, with the most that was paid for them: net with VAT and shipping, or gross, whichever is more. #}
{% macro paid_orders(orders, refunds) -%}
select
    order_id as _known_order_id,
    ordered_at as _ordered_at,
    coalesce(upper(trim(currency)), {{ setting('company_currency') }}) as _order_currency,
    greatest(net_amount + coalesce(tax_amount, 0) + coalesce(shipping_amount, 0), coalesce(gross_amount, 0)) as _paid_amount
from {{ orders }}
where
    row_status = 'accepted'
    and order_id in (select refunds.order_id from {{ refunds }} as refunds)
{% endmacro %}

{# When each contact last gave a consent. #}
{% macro last_grants(consents) -%}
select
    contact_id as _granting_contact_id,
    max(changed_at) as _last_granted_at
from {{ consents }}
where
    row_status = 'accepted'
    and granted
group by contact_id
{% endmacro %}

{# A name or an address in one spelling, to compare two. #}
{% macro spelled(column) -%}
    nullif(lower(trim({{ column }})), '')
{%- endmacro %}

{#
Whether two sources mean two people by one contact id: of e-mail, phone and first name (last name, where there is no first) two are given on
both sides and differ, and neither an address nor the whole name is the same. Within one source a person may change all of them; a new last
name with a new address is a marriage as often as not.
#}
{% macro is_another_person() -%}
    _source <> _first_source
    and not coalesce({{ spelled('email') }} = _first_email, false)
    and not coalesce({{ spelled('phone') }} = _first_phone, false)
    and not coalesce({{ spelled('first_name') }} = _first_given_name and {{ spelled('last_name') }} = _first_family_name, false)
    and case when {{ spelled('email') }} <> _first_email then 1 else 0 end
        + case when {{ spelled('phone') }} <> _first_phone then 1 else 0 end
        + case
            when coalesce({{ spelled('first_name') }} <> _first_given_name, {{ spelled('last_name') }} <> _first_family_name) then 1
            else 0
        end >= 2
{%- endmacro %}
