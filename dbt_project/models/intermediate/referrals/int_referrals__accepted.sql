-- grain: referred person, with the one valid edge that leads to them
{{ config(materialized='view') }}

with

judged as (

    select * from {{ ref('int_referrals__judged') }}

)

select
    referred_person_id,
    referrer_person_id,
    claimed_on as edge_on,
    first_purchase_on,
    is_converted
from judged
where is_valid
