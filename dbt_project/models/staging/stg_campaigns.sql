with

base as (

    select * from {{ ref('base_campaigns') }}

)

select
    campaign_id,
    name,
    technique,
    reward_cost,
    stance,
    purpose,
    weight,
    offer_cost,
    starts_at,
    ends_at,
    control_share,
    updated_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
