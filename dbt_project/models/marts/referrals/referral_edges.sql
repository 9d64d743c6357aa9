-- grain: contact that names its referrer; a person who was merged from several contacts may claim several
with

judged as (

    select * from {{ ref('int_referrals__judged') }}

)

select
    referred_contact_id,
    referred_person_id,
    referrer_person_id,
    claimed_at,
    claimed_on,
    edge_status,
    is_valid,
    refusal_reason,
    first_purchase_on,
    is_converted
from judged
