-- grain: link between two contacts and the rule and identifier behind it; each contact of an identifier is linked to one of them, not to all
with

contacts as (

    select * from {{ ref('int_contacts__keyed') }}

),

identifiers as (

    select * from {{ ref('int_identifiers__judged') }}
    where not is_blocked

),

decisions as (

    select * from {{ ref('int_identity_decisions__latest') }}
    where decision = 'different'

),

probable_matches as (

    select * from {{ source('identity', 'probable_matches') }}
    where {{ setting('identity_probabilistic') }} and probability >= {{ setting('identity_match_probability') }}

),

-- an e-mail of several names links within each name only, and its nameless contacts to nobody
carried as (

    select
        identifiers.kind,
        identifiers.identifier_key,
        contacts.contact_id,
        contacts.created_at,
        contacts.created_on,
        contacts.name_key,
        case when identifiers.names_count > 1 then contacts.name_key else '' end as linked_name
    from identifiers
    inner join contacts
        on identifiers.identifier_key = contacts.email_key
    where identifiers.kind = 'email'
        and {{ setting('identity_match_by_email') }}
        and (identifiers.names_count <= 1 or contacts.name_key is not null)
    union all
    select
        identifiers.kind,
        identifiers.identifier_key,
        contacts.contact_id,
        contacts.created_at,
        contacts.created_on,
        contacts.name_key,
        contacts.name_key as linked_name
    from identifiers
    inner join contacts
        on identifiers.identifier_key = contacts.phone_key
    where identifiers.kind = 'phone'
        and {{ setting('identity_match_by_phone') }}
        and contacts.name_key is not null

),

-- the oldest with a name is the one the others are linked to
ranked as (

    select
        *,
        count(*) over (partition by kind, identifier_key, linked_name) as group_count,
        row_number() over (
            partition by kind, identifier_key, linked_name
            order by
                case when name_key is null then 1 else 0 end asc nulls last,
                created_at asc nulls last,
                contact_id asc nulls last
        ) as group_rank
    from carried

),

alike as (

    select * from ranked
    where group_count between 2 and {{ setting('identity_largest_person') }}

),

matched as (

    select
        alike.contact_id,
        heads.contact_id as other_contact_id,
        case
            when alike.kind = 'phone' then 'same_phone_same_name'
            when alike.name_key = heads.name_key then 'same_email_same_name'
            else 'same_email_no_name'
        end as link_rule,
        alike.kind,
        alike.identifier_key,
        greatest(alike.created_on, heads.created_on) as linked_on
    from alike
    inner join alike as heads
        on alike.kind = heads.kind
        and alike.identifier_key = heads.identifier_key
        and alike.linked_name = heads.linked_name
        and heads.group_rank = 1
    where alike.group_rank > 1

),

probable as (

    select
        probable_matches.contact_id,
        probable_matches.other_contact_id,
        greatest(here.created_on, there.created_on) as linked_on
    from probable_matches
    inner join contacts as here
        on probable_matches.contact_id = here.contact_id
    inner join contacts as there
        on probable_matches.other_contact_id = there.contact_id
    left join decisions
        on decisions.contact_id = least(probable_matches.contact_id, probable_matches.other_contact_id)
        and decisions.other_contact_id = greatest(probable_matches.contact_id, probable_matches.other_contact_id)
    where decisions.contact_id is null

)

select
    contact_id,
    other_contact_id,
    link_rule,
    kind,
    identifier_key,
    linked_on
from matched
union all
select
    contact_id,
    other_contact_id,
    'probabilistic' as link_rule,
    'probability' as kind,
    cast(null as varchar) as identifier_key,
    linked_on
from probable
