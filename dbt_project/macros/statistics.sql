{# Statistics of the marts: intervals are at 95 %, and what a sum of floating numbers gives is rounded, so that its order cannot show. #}

{# The quantile of the normal distribution that leaves 2.5 % above. #}
{% macro z_95() -%}
    1.959963984540054
{%- endmacro %}

{# A floating number to nine decimals: the same however the engine ordered its sums. #}
{% macro to_nine_decimals(value) -%}
    round(cast({{ value }} as double), 9)
{%- endmacro %}

{# The centre of the Wilson score interval of `successes` out of `trials`; null without trials. #}
{% macro wilson_centre(successes, trials) -%}
    ({{ as_ratio(successes) }} + {{ z_95() }} * {{ z_95() }} / 2) / nullif({{ as_ratio(trials) }} + {{ z_95() }} * {{ z_95() }}, 0)
{%- endmacro %}

{# Half the width of the Wilson score interval; null without trials. #}
{% macro wilson_half_width(successes, trials) -%}
    {{ z_95() }} * sqrt(
        {{ as_ratio(successes) }} * ({{ as_ratio(trials) }} - {{ successes }}) / nullif({{ as_ratio(trials) }}, 0)
        + {{ z_95() }} * {{ z_95() }} / 4
    ) / nullif({{ as_ratio(trials) }} + {{ z_95() }} * {{ z_95() }}, 0)
{%- endmacro %}

{# The share of `successes` among `trials` with the ends of its Wilson interval (Wilson 1927); null without trials. #}
{% macro share(successes, trials) -%}
    {{ to_nine_decimals(as_ratio(successes) ~ ' / nullif(' ~ trials ~ ', 0)') }}
{%- endmacro %}

{% macro wilson_low(successes, trials) -%}
    case
        when {{ trials }} > 0
            then greatest(0, {{ to_nine_decimals(wilson_centre(successes, trials) ~ ' - ' ~ wilson_half_width(successes, trials)) }})
    end
{%- endmacro %}

{% macro wilson_high(successes, trials) -%}
    case
        when {{ trials }} > 0
            then least(1, {{ to_nine_decimals(wilson_centre(successes, trials) ~ ' + ' ~ wilson_half_width(successes, trials)) }})
    end
{%- endmacro %}

{# A channel as the marts show it: `unknown` where nobody knows, and never the `all` that stands for all of them. #}
{% macro named_channel(channel) -%}
    case
        when {{ channel }} is null then 'unknown'
        when lower({{ channel }}) = 'all' then 'all (channel)'
        else {{ channel }}
    end
{%- endmacro %}
