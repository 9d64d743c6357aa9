-- grain: contact and name it ever gave for its referrer; a person may hold several claims, of which one at most is valid
with

judged as (

    select * from {{ ref('int_referrals__judged') }}

)

select
    referred_contact_id,
    claim_no,
    referred_person_id,
    referrer_person_id,
    named_by,
    claimed_at,
    claimed_on,
    edge_status,
    is_valid,
    refusal_reason,
    first_purchase_on,
    is_converted
from judged
