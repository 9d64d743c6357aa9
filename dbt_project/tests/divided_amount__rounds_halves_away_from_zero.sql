-- Assumes that an amount per customer is exact to the cent. In binary floating point 78.335 is a little less, and every such half is rounded
-- down: figures that an auditor divides by hand are a cent off. Reads no table: run it in CI.
{{ config(tags=['ci']) }}

with

cases as (

    select 'a half goes up' as case_name, cast(156.67 as decimal(38, 2)) as amount, 2 as parts, cast(78.34 as decimal(18, 2)) as expected
    union all
    select 'below zero, away from it', -156.67, 2, -78.34
    union all
    select 'less than a half goes down', 10.00, 3, 3.33
    union all
    select 'more than a half goes up', 20.00, 3, 6.67
    union all
    select 'below zero, less than a half', -10.00, 3, -3.33
    union all
    select 'nothing is nothing', 0.00, 7, 0.00
    union all
    select 'more cents than a double can hold', 90071992547409.93, 1, 90071992547409.93
    union all
    select 'among nobody', 10.00, 0, null
    union all
    select 'an unknown amount', null, 2, null

)

select
    case_name,
    expected,
    {{ divided_amount('amount', 'parts') }} as found
from cases
where expected is distinct from {{ divided_amount('amount', 'parts') }}
