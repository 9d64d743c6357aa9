-- Assumes that a segment tonight is what it was on the accepted night before, and who came, less who went. If sizes and migrations were counted
-- over different people, a marketer would look for customers who never moved.
with

nights as (

    select max(as_of) as previous_on from {{ source('model', 'recorded_nights') }}

),

moved as (

    select
        division,
        to_segment as segment,
        people_count as change
    from {{ ref('segment_migrations') }}
    where moved_on = {{ as_of() }}
    union all
    select
        division,
        from_segment as segment,
        -people_count as change
    from {{ ref('segment_migrations') }}
    where moved_on = {{ as_of() }}
    union all
    select
        sizes.division,
        sizes.segment,
        case when sizes.measured_on = {{ as_of() }} then -sizes.people_count else sizes.people_count end as change
    from {{ ref('segment_sizes') }} as sizes
    cross join nights
    where sizes.measured_on = {{ as_of() }} or sizes.measured_on = nights.previous_on

)

select
    moved.division,
    moved.segment,
    sum(moved.change) as unexplained_count
from moved
cross join nights
-- nobody can tell the people without a segment from those who are not there
where nights.previous_on is not null and moved.segment <> 'none'
group by moved.division, moved.segment
having sum(moved.change) <> 0
