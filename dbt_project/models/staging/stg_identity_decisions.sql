with

base as (

    select * from {{ ref('base_identity_decisions') }}

)

select
    contact_id,
    other_contact_id,
    decided_at,
    lower(trim(decision)) as decision,
    decided_by,
    reason,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
