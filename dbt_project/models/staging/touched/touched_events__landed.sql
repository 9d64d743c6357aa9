-- grain: contact event whose landed rows are judged anew: new ones came, its message is now known to be sent, or more happened in its second
{%- set arrived, events = source('arrived', 'contact_events'), source('basis', 'base_contact_events') %}
{%- if is_increment() %}

with

came as (

    select
        event_id,
        contact_ref,
        {{ second_of('occurred_at') }} as second_at,
        case when lower(trim(kind)) = 'message_sent' then message_id end as sent_message_id
    from {{ arrived }}

),

-- of the events there were, those of the same people and messages
met as (

    select
        event_id,
        contact_ref,
        {{ second_of('occurred_at') }} as second_at
    from {{ events }}
    where event_id is not null and contact_ref in (select contact_ref from came)

),

-- the first sending that is told of makes every reaction to a message that was never sent suspect
first_told as (

    select count(*) as sendings
    from came
    where
        sent_message_id is not null
        and not exists (select 1 from {{ events }} where lower(trim(kind)) = 'message_sent' and message_id is not null)

)

select event_id
from came
where event_id is not null
union
select event_id
from {{ events }}
where event_id is not null and message_id in (select sent_message_id from came)
union
select met.event_id
from met
inner join came
    on met.contact_ref = came.contact_ref
    and met.second_at = came.second_at
union
select event_id
from {{ events }}
where event_id is not null and message_id is not null and (select sendings from first_told) > 0
{%- else %}

{{ nothing_touched('event_id') }}
{%- endif %}
