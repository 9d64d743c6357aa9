{# Unicode text: what engines spell differently. #}

{# A text in Unicode form NFC, without invisible characters (zero width, soft hyphen, direction marks) and without outer spaces. #}
{% macro clean_text(value) -%}
    {{ return(adapter.dispatch('clean_text', 'goodwill')(value)) }}
{%- endmacro %}

{% macro duckdb__clean_text(value) -%}
    trim(regexp_replace(
        nfc_normalize({{ value }}),
        '[\x{00AD}\x{034F}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}]', '', 'g'
    ))
{%- endmacro %}

{# A member of the object that a JSON object holds under a key, as text; null where there is none. Any key will do, quotes and dots in it too. #}
{% macro json_member(object, key, member) -%}
    {{ return(adapter.dispatch('json_member', 'goodwill')(object, key, member)) }}
{%- endmacro %}

{% macro duckdb__json_member(object, key, member) -%}
    json_extract_string(from_json({{ object }}, '"MAP(VARCHAR, JSON)"')[{{ key }}], '$.{{ member }}')
{%- endmacro %}

{# Whether a key was made of its row's content (a mapping's `hash`): 32 hexadecimal digits and the number of the copy, behind the name space. #}
{% macro is_content_key(key) -%}
    {{ return(adapter.dispatch('is_content_key', 'goodwill')(key)) }}
{%- endmacro %}

{% macro duckdb__is_content_key(key) -%}
    regexp_matches({{ key }}, '(^|:)[0-9a-f]{32}-[0-9]+$')
{%- endmacro %}

{# The words of a text in one order: case folded, accents stripped, whatever is no letter, mark or digit taken for a space. #}
{% macro sorted_words(value) -%}
    {{ return(adapter.dispatch('sorted_words', 'goodwill')(value)) }}
{%- endmacro %}

{% macro duckdb__sorted_words(value) -%}
    array_to_string(
        list_sort(string_split(
            trim(regexp_replace(
                replace(lower(strip_accents(nfc_normalize({{ value }}))), 'ß', 'ss'), '[^\p{L}\p{M}\p{N}]+', ' ', 'g'
            )),
            ' '
        )),
        ' '
    )
{%- endmacro %}

{# An address without its plus-tag: `ann+news@shop.example` becomes `ann@shop.example`. #}
{% macro without_plus_tag(address) -%}
    {{ return(adapter.dispatch('without_plus_tag', 'goodwill')(address)) }}
{%- endmacro %}

{% macro duckdb__without_plus_tag(address) -%}
    regexp_replace({{ address }}, '^([^+@]+)[+][^@]*@', '\1@')
{%- endmacro %}

{# Whether a text is one address in plain letters, with nothing around it and without a plus-tag, as most are: told at a tenth of the cost of taking it to pieces. #}
{% macro is_plain_address(text) -%}
    {{ return(adapter.dispatch('is_plain_address', 'goodwill')(text)) }}
{%- endmacro %}

{% macro duckdb__is_plain_address(text) -%}
    regexp_full_match({{ text }}, '[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9.-]*[A-Za-z0-9]')
{%- endmacro %}

{# One address without what is written around it: `mailto:ann@shop.example`, `Ann <ann@shop.example>` and `'ann@shop.example';` are `ann@shop.example`; a text that is more than one address stays as it is. #}
{% macro unwrapped_address(text) -%}
    {{ return(adapter.dispatch('unwrapped_address', 'goodwill')(text)) }}
{%- endmacro %}

{# Most have nothing written around them, and are told from the others at a tenth of the cost. #}
{% macro duckdb__unwrapped_address(text) -%}
    case
        when regexp_matches({{ text }}, '[<>:;,"''?\s]|[.]$')
            then regexp_replace({{ text }}, '^(?:[^<>@]*<)?\s*[''"]?(?:mailto:\s*)?([^\s@<>()\[\],;:"]+@[^\s@<>()\[\],;:"''?]{1,255}?)(?:\?\S{0,255})?[.''";,\s]*(?:>[\s;,.]*)?$', '\1')
        else {{ text }}
    end
{%- endmacro %}
