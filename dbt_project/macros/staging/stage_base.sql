{#
Builds base_<entity>: every landed row with its status, and which earlier row it repeats or contradicts.

- superseded: another row of the same key speaks later; or the row was corrected by hand, or is a copy that its source's rule sets aside,
  whatever its problems; or it carries a problem, and its source mended it in a later batch. `superseded_as` says which: version, repeat,
  conflict, correction, mended;
- quarantined: the row carries a problem, found when it was read or by a rule below; read again as it was, it counts once;
- accepted: the rest. landed = accepted + superseded + quarantined, always.

The versions of a key speak in the order of `updated_at`, of the batch's number, of the row, of the content: never in the order of arrival.
Only keys that occur more than once are ranked. A bad version never wins against sound ones.

Parameters
----------
entity : name of the landed view.
columns : the columns of the entity.
key : the columns that identify a row; `required_key` those of them that may not be null (all, unless given).
version : the column that dates a version, or none.
happened : timestamps and dates of things that already happened: not before 1990, not after 2100, not later than a day after extraction.
dated : timestamps and dates that may lie ahead: not before 1990, not after 2100.
rules : further row rules, each a dict of column, reason, when (a condition; unknown counts as kept).
rate : dict of currency and event_at (or event_on, a date): the row needs a known currency, and an exchange rate that holds on that business
    day unless it is in the reporting currency.
written : column → expression, for columns whose values are compared in one spelling.
lookups : what rows of other kinds say, each a dict of name, query (at most one row for each landed row), columns (they begin with `_`)
    and on (the condition of a left join); rules read their columns.
earlier : window functions over the versions of a key before this one, name (begins with `_`) → function; read by `version_rules`, which are
    like `rules`, but judge sound versions of keys that occur more than once. `version_lookups` are like `lookups`, joined to such versions
    only, which are called `doubtful`; the queries of `flag_lookups` may read `judged`.
running : a limit on a sum over the accepted rows of a group: dict of group, order, column, reason, amount and limit. A row that alone is over
    the limit does not count towards the sum.
flags : further columns, name → expression; `flag_lookups` are like `lookups`, for flags only.
#}
{% macro stage_base(
    entity, columns, key, required_key=none, version='updated_at', happened=[], dated=[], rules=[], rate=none, lookups=[],
    version_lookups=[], earlier={}, version_rules=[], running=none, flag_lookups=[], flags={}, written={}, touched=none
) -%}

{%- set plumbing = ['_source', '_system', '_batch_id', '_file', '_row_no', '_extracted_at'] -%}
{%- set identity = ['_source', '_batch_id', '_row_no'] -%}
{%- set needed_key = key if required_key is none else required_key -%}
{%- set all_rules = row_rules(needed_key, version, happened, dated) + rules + (rate_rules(rate) if rate is not none else []) -%}
{%- set all_lookups = lookups + (rate_lookups(rate) if rate is not none else []) -%}
{%- set kept = ['_read_problems', '_is_repeat'] if touched is not none else [] -%}
{%- set goes_on = touched is not none and may_be_increment() -%}
{%- set looked_up = all_lookups | map(attribute='columns') | sum(start=[]) %}

with

{% for lookup in all_lookups -%}
{{ lookup.name }} as (
    {{ lookup.query | indent(4) }}
),

{% endfor -%}
{% if goes_on -%}
arrived_and_touched as (

    select
        {%- for column in columns + plumbing %}
        {{ column }},
        {%- endfor %}
        _problems,
        _is_repeat
    from {{ source('arrived', entity) }}
    union all
    select
        {%- for column in columns + plumbing %}
        {{ column }},
        {%- endfor %}
        _read_problems as _problems,
        _is_repeat
    from {{ source('basis', 'base_' ~ entity) }}
    {{ where_touched(touched.by, touched.key) }}
    or {{ touched.key }} is null

),

{% endif -%}
-- a row may have been corrected more than once
corrected as (

    select distinct
        source as _corrected_source,
        batch_id as _corrected_batch_id,
        row_no as _corrected_row_no
    from {{ source('control', 'corrections') }}

),

-- read once and kept, since casting costs more; of rows too many to keep in memory the doubtful ones are looked for first, and all are cast again
judged as {{ inlined() if is_too_much_to_keep(entity) and not goes_on else materialized() }} (

    select
        {%- for column in columns + plumbing %}
        {{ written[column] ~ ' as ' ~ column if column in written else 'landed.' ~ column }},
        {%- endfor %}
        {%- for column in looked_up %}
        {{ column }},
        {%- endfor %}
        {%- if touched is not none %}
        landed._problems as _read_problems,
        landed._is_repeat,
        {%- endif %}
        {{ with_problems('landed._problems', all_rules) | indent(8) }} as _problems,
        case
            when _corrected_row_no is not null then 'correction'
            when landed._is_repeat then 'repeat'
        end as _set_aside_as
    from {{ 'arrived_and_touched' if goes_on and execute else source('landed', entity) }} as landed
    {%- for lookup in all_lookups %}
    left join {{ lookup.name }}
        on {{ lookup.on }}
    {%- endfor %}
    left join corrected
        on landed._source = corrected._corrected_source
        and landed._batch_id = corrected._corrected_batch_id
        and landed._row_no = corrected._corrected_row_no

),

{% for lookup in version_lookups + flag_lookups -%}
{{ lookup.name }} as (

    {{ lookup.query | indent(4) }}
),

{% endfor -%}
repeated_keys as (

    select
        {{ key | join(',\n        ') }}
    from judged
    where _set_aside_as is null
    group by {{ key | join(', ') }}
    having count(*) > 1

),

-- what only comparing can settle: rows that carry a problem, and rows of keys that occur more than once
doubtful as {{ materialized() }} (

    select judged.*
    from judged
    left join repeated_keys
        on {% for column in key -%}
        {{ 'and ' if not loop.first }}judged.{{ column }} {{ '=' if column in needed_key else 'is not distinct from' }} repeated_keys.{{ column }}
        {% endfor %}
    where {{ has_problems('judged._problems') }} or repeated_keys.{{ needed_key[0] }} is not null

),

versions as (

    select
        doubtful.*,
        {%- for column in version_lookups | map(attribute='columns') | sum(start=[]) %}
        {{ column }},
        {%- endfor %}
        batches.batch_no as _batch_no,
        {{ content_hash(columns | reject('equalto', version) | list, 'doubtful') }} as _content
    from doubtful
    {%- for lookup in version_lookups %}
    left join {{ lookup.name }}
        on {{ lookup.on }}
    {%- endfor %}
    left join {{ source('control', 'batches') }} as batches
        on doubtful._source = batches.source
        and doubtful._batch_id = batches.batch_id
    where
        doubtful._set_aside_as is null
        and not {{ has_problems('doubtful._problems') }}

),

numbered as (

    select
        versions.*,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                {%- for column in ([version] if version else []) + ['_batch_no', '_row_no', '_content', '_source', '_batch_id'] %}
                {{ column }} asc nulls first{{ ',' if not loop.last }}
                {%- endfor %}
        ) as _version_no
    from versions

),

{% if earlier -%}
compared as (

    select
        numbered.*,
        {%- for name, function in earlier.items() %}
        {{ function }} over (
            partition by {{ key | join(', ') }}
            order by _version_no asc nulls first
            rows between unbounded preceding and 1 preceding
        ) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from numbered

),

{% endif -%}
told_apart as (

    select
        {%- for column in key + ([version] if version else []) + identity + ['_batch_no', '_content', '_version_no'] %}
        {{ column }},
        {%- endfor %}
        {{ with_problems('_problems', version_rules) | indent(8) if version_rules else '_problems' }} as _version_problems
    from {{ 'compared' if earlier else 'numbered' }}

),

ranked as (

    select
        {{ identity | join(',\n        ') }},
        _version_problems,
        _content,
        _batch_no,
        {{ has_problems('_version_problems') }} as _is_bad,
        row_number() over (
            partition by {{ key | join(', ') }}, {{ has_problems('_version_problems') }}
            order by _version_no desc nulls last
        ) as _rank,
        {%- set same_version = (key + ([version] if version else [])) | join(', ') ~ ', ' ~ has_problems('_version_problems') %}
        row_number() over (partition by {{ same_version }}, _content order by _version_no desc nulls last) as _copy_no,
        rank() over (partition by {{ same_version }}, _content, _source order by _batch_no desc nulls last) as _reading_no,
        first_value(_content) over (partition by {{ same_version }} order by _version_no desc nulls last) as _last_content,
        first_value(_source) over (partition by {{ same_version }} order by _version_no desc nulls last) as _last_source,
        first_value(_batch_no) over (partition by {{ same_version }} order by _version_no desc nulls last) as _last_batch_no,
        {{ version ~ ' is not null' if version else 'false' }} as _is_dated
    from told_apart

),

-- a later batch of the same source may change a row that bears no date; two rows of one version that differ contradict each other
verdicts as (

    select
        {{ identity | join(',\n        ') }},
        case when _is_bad then _version_problems end as _version_problems,
        case
            when _is_bad and _reading_no = 1 then 'quarantined'
            when _is_bad or _rank > 1 then 'superseded'
            else 'accepted'
        end as _version_status,
        case
            when _is_bad and _reading_no > 1 then 'repeat'
            when _is_bad or _rank = 1 then null
            when _copy_no > 1 then 'repeat'
            when _content = _last_content then 'version'
            when not _is_dated and _source = _last_source and _batch_no < _last_batch_no then 'version'
            else 'conflict'
        end as _superseded_as
    from ranked

),

-- a bad row that its source sends again as it was (within the look-back of a pull, in a list that comes whole) is one bad row: the last reading
-- stands, or the one that was corrected. Of rows without a key nobody knows
bad_readings as (

    select
        {%- for column in identity %}
        doubtful.{{ column }},
        {%- endfor %}
        rank() over (
            partition by
                {%- for column in key %}
                doubtful.{{ column }},
                {%- endfor %}
                doubtful._source,
                {{ content_hash(columns, 'doubtful') }},
                cast(doubtful._problems as varchar)
            order by
                case when doubtful._set_aside_as = 'correction' then 1 else 2 end asc nulls last,
                batches.batch_no desc nulls last
        ) as _reading_no
    from doubtful
    left join {{ source('control', 'batches') }} as batches
        on doubtful._source = batches.source
        and doubtful._batch_id = batches.batch_id
    where
        {{ has_problems('doubtful._problems') }}
        {%- for column in needed_key %}
        and doubtful.{{ column }} is not null
        {%- endfor %}

),

{{ mended_rows(key, needed_key, version, identity) }}

settled as (

    select
        {{ identity | join(',
        ') }},
        _version_problems,
        _version_status,
        _superseded_as
    from verdicts
    union all
    select
        {{ identity | join(',
        ') }},
        null as _version_problems,
        'superseded' as _version_status,
        case when mended._row_no is not null then 'mended' else 'repeat' end as _superseded_as
    from bad_readings
    left join mended
        using ({{ identity | join(', ') }})
    where bad_readings._reading_no > 1 or mended._row_no is not null

),

standing as (

    select
        {%- for column in columns + plumbing %}
        judged.{{ column }},
        {%- endfor %}
        {%- for column in looked_up %}
        judged.{{ column }},
        {%- endfor %}
        {%- for column in kept %}
        judged.{{ column }},
        {%- endfor %}
        coalesce(settled._version_problems, judged._problems) as _problems,
        case
            when judged._set_aside_as is not null then 'superseded'
            when {{ has_problems('judged._problems') }} then coalesce(settled._version_status, 'quarantined')
            else coalesce(settled._version_status, 'accepted')
        end as row_status,
        coalesce(judged._set_aside_as, settled._superseded_as) as superseded_as
        {%- for name, expression in flags.items() %},
        {{ expression }} as {{ name }}
        {%- endfor %}
    from judged
    {%- for lookup in flag_lookups %}
    left join {{ lookup.name }}
        on {{ lookup.on }}
    {%- endfor %}
    left join settled
        on judged._source = settled._source
        and judged._batch_id = settled._batch_id
        and judged._row_no = settled._row_no

)
{%- if running is not none -%}
{%- set counted = "row_status = 'accepted' and " ~ running.amount ~ ' <= ' ~ running.limit -%}
{%- set excess = "row_status = 'accepted' and (" ~ running.amount ~ ' > ' ~ running.limit ~ ' or _running_amount > ' ~ running.limit ~ ')' -%}
,

summed as (

    select
        standing.*,
        sum(case when {{ counted }} then {{ running.amount }} end) over (
            partition by {{ running.group }}
            order by
                {%- for column in running.order + identity %}
                {{ column }} asc nulls last{{ ',' if not loop.last }}
                {%- endfor %}
            rows between unbounded preceding and current row
        ) as _running_amount
    from standing

)
{%- endif %}

select
    {%- for column in columns + plumbing %}
    {{ column }},
    {%- endfor %}
    {%- for name in flags %}
    {{ name }},
    {%- endfor %}
    {%- if running is not none %}
    {{ with_problems('_problems', [{'column': running.column, 'reason': running.reason, 'when': excess}]) | indent(4) }} as _problems,
    case when {{ excess }} then 'quarantined' else row_status end as row_status,
    {%- else %}
    _problems,
    row_status,
    {%- endif %}
    {%- for column in kept %}
    {{ column }},
    {%- endfor %}
    superseded_as
from {{ 'summed' if running is not none else 'standing' }}
{%- endmacro %}
