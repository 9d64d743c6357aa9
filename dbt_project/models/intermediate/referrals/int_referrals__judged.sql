-- grain: claim of a referral, with the first rule that refuses it, if any
{%- set levels = hop_levels() %}
{%- set rounds = 3 %}

with

screened as (

    select * from {{ ref('int_referrals__screened') }}

),

-- edge_age orders all sound claims from old to young
sound as {{ materialized() }} (

    select
        referred_contact_id,
        claim_no,
        referred_person_id,
        referrer_person_id,
        row_number() over (
            order by claimed_at asc nulls last, referred_contact_id asc nulls last, claim_no asc nulls last
        ) as edge_age
    from screened
    where reason is null

),

closing_0 as (

    select edge_age
    from sound
    where false

),

-- One referrer per customer: the first sound claim that closes no circle. A circle is opened at its youngest edge, and whoever made that
-- claim may have made a later one: so the circles are looked for once more, as often as somebody has another claim.
{% for round in range(1, rounds + 1) %}
left_{{ round }} as (

    select
        sound.referred_person_id,
        sound.referrer_person_id,
        sound.edge_age,
        row_number() over (partition by sound.referred_person_id order by sound.edge_age asc nulls last) as claim_rank
    from sound
    left join closing_{{ round - 1 }} as closing
        on sound.edge_age = closing.edge_age
    where closing.edge_age is null

),

first_claims_{{ round }} as {{ materialized() }} (

    select
        referred_person_id,
        referrer_person_id,
        edge_age
    from left_{{ round }}
    where claim_rank = 1

),

-- who has a claim left that no circle was looked for in
{% if round > 1 -%}
another_{{ round }} as (

    select count(*) as claims_count
    from closing_{{ round - 1 }} as closing
    inner join sound
        on closing.edge_age = sound.edge_age
    inner join first_claims_{{ round }} as claims
        on sound.referred_person_id = claims.referred_person_id

),

{% endif -%}
-- hops_n: who still has 2^n referrers above, and the youngest edge on the way; only whoever is on a circle or below one has so many
hops_{{ round }}_0 as {{ materialized() }} (

    select
        referred_person_id as person_id,
        referrer_person_id as upper_person_id,
        edge_age as youngest_age
    from first_claims_{{ round }}
    {%- if round > 1 %}
    where (select claims_count from another_{{ round }}) > 0
    {%- endif %}

),
{% for level in range(1, levels + 1) %}
hops_{{ round }}_{{ level }} as {{ materialized() }} (

    select
        here.person_id,
        there.upper_person_id,
        greatest(here.youngest_age, there.youngest_age) as youngest_age
    from hops_{{ round }}_{{ level - 1 }} as here
    inner join hops_{{ round }}_{{ level - 1 }} as there
        on here.upper_person_id = there.person_id

),
{% endfor %}
-- whoever is reached after so many steps is on a circle, and has passed its every edge
closing_{{ round }} as {{ materialized() }} (

    select edge_age from closing_{{ round - 1 }}
    union
    select members.youngest_age as edge_age
    from hops_{{ round }}_{{ levels }} as members
    inner join hops_{{ round }}_{{ levels }} as arrivals
        on members.person_id = arrivals.upper_person_id

),
{% endfor %}
verdicts as (

    select
        sound.referred_contact_id,
        sound.claim_no,
        case
            when closing.edge_age is not null then 'cycle'
            when claims.edge_age is null then 'second_referrer'
        end as reason
    from sound
    left join closing_{{ rounds }} as closing
        on sound.edge_age = closing.edge_age
    left join first_claims_{{ rounds }} as claims
        on sound.edge_age = claims.edge_age

),

judged as (

    select
        screened.*,
        coalesce(screened.reason, verdicts.reason) as refusal_reason
    from screened
    left join verdicts
        on screened.referred_contact_id = verdicts.referred_contact_id
        and screened.claim_no = verdicts.claim_no

)

select
    referred_contact_id,
    claim_no,
    referred_person_id,
    referrer_person_id,
    named_by,
    claimed_at,
    claimed_on,
    case
        when refusal_reason is null then 'valid'
        when refusal_reason = 'referrer_unknown' then 'pending'
        else 'refused'
    end as edge_status,
    refusal_reason is null as is_valid,
    refusal_reason,
    first_purchase_on,
    refusal_reason is null
    and coalesce(
        first_purchase_on >= claimed_on
        and first_purchase_on < {{ add_days('claimed_on', setting('referrals_window_days')) }},
        false
    ) as is_converted
from judged
