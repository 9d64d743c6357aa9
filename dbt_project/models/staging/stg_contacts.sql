with

base as (

    select * from {{ ref('base_contacts') }}

)

select
    contact_id,
    created_at,
    email,
    phone,
    first_name,
    last_name,
    company,
    postcode,
    city,
    country,
    birth_year,
    acquisition_channel,
    campaign_id,
    referred_by,
    referral_code,
    owner,
    address_fingerprint,
    updated_at,
    merged_into,
    deleted_at,
    _source,
    _system,
    _batch_id
from base
where row_status = 'accepted'
