-- Assumes that our own generic tests can fail. Each is run on a good and a bad set of rows; a test that finds another number of bad rows
-- than the one written beside it would pass, or fail, every night for the wrong reason. Reads no table: run it in CI.
{{ config(tags=['ci']) }}

{%- set good_keys = "(select 1 as a, 'x' as b union all select 1, 'y' union all select 2, null)" %}
{%- set bad_keys = "(select 1 as a, 'x' as b union all select 1, 'x' union all select 2, null union all select 2, null)" %}
{%- set shares = "(select 0.0 as rate union all select 1.0 union all select null)" %}
{%- set no_shares = "(select -0.01 as rate union all select 1.01 union all select cast('nan' as double))" %}
{%- set spans = "(select 'p' as k, 1 as f, 2 as t union all select 'p', 2, null union all select 'q', 1, 9)" %}
{%- set overlaps = "(select 'p' as k, 1 as f, 3 as t union all select 'p', 2, null union all select 'q', 5, 5"
    ~ " union all select 'r', 1, null union all select 'r', 4, 5)" %}
{%- set parents = "(select 'a' as id union all select 'b')" %}
{%- set children = "(select 'a' as id, true as counts union all select null, true union all select 'c', false)" %}
{%- set orphans = "(select 'c' as id, true as counts union all select 'a', true union all select 'd', true)" %}
{%- set parts = "(select 'a' as k, 1 as v union all select 'a', 2 union all select 'b', 0)" %}
{%- set totals = "(select 'a' as k, 3 as v union all select 'b', 0)" %}
{%- set wrong_totals = "(select 'a' as k, 4 as v union all select 'c', 0)" %}
{%- set cases = [
    ('unique_combination', 'good', 0, test_unique_combination(good_keys, ['a', 'b'])),
    ('unique_combination', 'bad', 2, test_unique_combination(bad_keys, ['a', 'b'])),
    ('expression_is_true', 'good', 0, test_expression_is_true(shares, 'rate >= 0', where='rate is not null')),
    ('expression_is_true', 'bad and unknown', 2, test_expression_is_true(shares, 'rate > 0')),
    ('rate_between_0_and_1', 'good', 0, test_rate_between_0_and_1(shares, 'rate')),
    ('rate_between_0_and_1', 'bad', 3, test_rate_between_0_and_1(no_shares, 'rate')),
    ('no_overlapping_spans', 'good', 0, test_no_overlapping_spans(spans, ['k'], 'f', 't')),
    ('no_overlapping_spans', 'bad', 3, test_no_overlapping_spans(overlaps, ['k'], 'f', 't')),
    ('relationships_where', 'good', 0, test_relationships_where(children, 'id', parents, 'id', where='counts')),
    ('relationships_where', 'bad', 2, test_relationships_where(orphans, 'id', parents, 'id', where='counts')),
    ('sums_to', 'good', 0, test_sums_to(parts, 'v', totals, 'v', ['k'])),
    ('sums_to', 'bad', 3, test_sums_to(parts, 'v', wrong_totals, 'v', ['k'])),
] %}

with

found as (
{% for name, rows, expected, sql in cases %}
    select
        '{{ name }}' as test_name,
        '{{ rows }}' as rows_given,
        {{ expected }} as expected_count,
        (select count(*) from ({{ sql }}) as failures) as found_count
    {{- '\n    union all' if not loop.last }}
{%- endfor %}

)

select *
from found
where expected_count <> found_count
