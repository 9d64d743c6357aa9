-- grain: contact with a certain link; group_id is the same for all contacts that merges and decisions join
with

links as (

    select * from {{ ref('int_contact_links__certain') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions__latest') }}
    where decision = 'different'

),

{{ connected_groups('joined', 'links') }},

-- two contacts that a steward calls different, and that links to others join all the same: neither keeps a link
first_of_pair as {{ materialized() }} (

    select
        decisions.contact_id,
        decisions.other_contact_id,
        joined.group_id
    from decisions
    inner join joined
        on decisions.contact_id = joined.contact_id

),

contradicted_pairs as {{ materialized() }} (

    select
        first_of_pair.contact_id,
        first_of_pair.other_contact_id,
        first_of_pair.group_id
    from first_of_pair
    inner join joined
        on first_of_pair.other_contact_id = joined.contact_id
        and first_of_pair.group_id = joined.group_id

),

cut_off as (

    select contact_id from contradicted_pairs
    union
    select other_contact_id as contact_id from contradicted_pairs

),

contradicted_groups as (

    select group_id
    from contradicted_pairs
    group by group_id

),

remaining_links as (

    select
        links.contact_id,
        links.other_contact_id
    from links
    inner join joined
        on links.contact_id = joined.contact_id
    inner join contradicted_groups
        on joined.group_id = contradicted_groups.group_id
    left join cut_off as here
        on links.contact_id = here.contact_id
    left join cut_off as there
        on links.other_contact_id = there.contact_id
    where here.contact_id is null and there.contact_id is null

),

{{ connected_groups('rejoined', 'remaining_links') }}

select
    joined.contact_id,
    case
        when contradicted_groups.group_id is null then joined.group_id
        else coalesce(rejoined.group_id, joined.contact_id)
    end as group_id,
    joined.group_id as joined_group_id,
    cut_off.contact_id is not null as is_cut_off
from joined
left join contradicted_groups
    on joined.group_id = contradicted_groups.group_id
left join rejoined
    on joined.contact_id = rejoined.contact_id
left join cut_off
    on joined.contact_id = cut_off.contact_id
