with

base as (

    select * from {{ ref('base_consents') }}

)

select
    contact_id,
    channel,
    purpose,
    changed_at,
    granted,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
