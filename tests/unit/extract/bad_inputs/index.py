"""The ninety bad inputs, each with the tests that prove what becomes of it; a structure test holds that every one of them exists.

A proof is the id of a pytest test (all of its parameters, or the one that is named), or `dbt:` and the name of a unit test of a model.
"""

from __future__ import annotations

__all__ = ["INDEX"]

_CASES = "tests/unit/extract/bad_inputs/test_cases.py"
_EXCEL = "tests/unit/sources/file/test_excel.py"
_ARRIVING = "tests/unit/sources/file/test_arriving.py"
_REMOTE = "tests/unit/sources/file/test_remote.py"
_VOLUME = "tests/unit/extract/test_volume.py"
_DRIFT = "tests/unit/extract/test_drift.py"
_STAGING = "tests/warehouse/test_staging.py"
_TABLES = "tests/unit/sources/test_postgresql_incremental.py"
_REST = "tests/unit/sources/rest/test_rest_pages.py"
_IDENTITY = "tests/warehouse/test_identity.py"

_STATUSES = f"{_STAGING}::test_every_row_gets_its_status_whatever_arrives_first"


def _case(*names: str) -> tuple[str, ...]:
    return tuple(f"{_CASES}::test_bad_input[{name}]" for name in names)


#: Number of the bad input → its proofs.
INDEX: dict[int, tuple[str, ...]] = {
    1: _case("01-byte-order-mark"),
    2: _case("02-utf-16-undeclared", "02-utf-16-without-mark", "02-utf-16-declared"),
    3: (
        *_case("03-latin-1-byte-in-utf-8", "03-latin-1-file", "03-latin-1-declared"),
        f"{_ARRIVING}::test_the_share_of_rows_that_are_not_text_is_the_sources_or_the_businesss",
    ),
    4: _case("04-missing-column-in-a-row"),
    5: _case("05-extra-column-in-a-row"),
    6: _case("06-unquoted-thousands-mark"),
    7: _case("07-semicolon-undeclared", "07-decimal-comma-undeclared", "07-decimal-comma-declared"),
    8: _case("08-duplicated-header"),
    9: (*_case("09-header-case-and-space", "09-header-accents"), f"{_ARRIVING}::test_a_header_that_was_healed_is_in_the_manifest"),
    10: _case("10-reordered-columns"),
    11: (
        *_case("11-added-column"),
        f"{_DRIFT}::test_a_change_is_named",
        "tests/dags/test_corrections.py::test_a_correction_counts_from_the_next_night_until_it_is_taken_back_and_a_new_column_is_said_once",
    ),
    12: _case("12-removed-column"),
    13: _case("13-renamed-column"),
    14: (*_case("14-id-with-point-zero-is-text"), f"{_DRIFT}::test_a_change_that_nothing_can_be_made_of_blocks_whatever_the_policy"),
    15: _case("15-empty-file", "15-empty-file-allowed"),
    16: (
        *_case("16-header-only"),
        f"{_VOLUME}::test_an_odd_volume_is_a_warning_on_record",
        f"{_VOLUME}::test_an_odd_volume_blocks_where_it_should",
    ),
    17: _case("17-no-header"),
    18: _case("18-nul-byte"),
    19: _case("19-five-megabyte-field"),
    20: _case("20-unclosed-quote", "20-text-after-a-quote"),
    21: _case("21-newline-in-quotes"),
    22: _case("22-mixed-line-ends", "22-carriage-returns-only"),
    23: _case("23-no-final-newline"),
    24: _case("24-cut-last-line", "29-total-missing"),
    25: _case("25-truncated-gzip"),
    26: _case("26-gz-that-is-plain", "26-plain-that-is-gz", "26-zip-of-two", "26-workbook-named-csv"),
    27: _case("27-html-page"),
    28: _case("28-comment-undeclared", "28-comment-declared", "28-lines-skipped"),
    29: _case("29-total-undeclared", "29-total-declared", "29-total-that-disagrees", "29-total-missing"),
    30: _case("30-blank-lines"),
    31: _case("31-tabs-in-csv", "31-tabs-in-tsv"),
    32: _case("32-not-a-number", "32-infinity"),
    33: (*_case("33-exponent", "33-underscore", "33-hexadecimal"), f"{_EXCEL}::test_what_is_no_amount_is_quarantined"),
    34: _case("34-currency-sign"),
    35: _case("35-three-decimals"),
    36: _case("36-huge-amount"),
    37: ("dbt:base_orders__every_row_gets_its_status",),
    38: ("dbt:base_order_lines__quantities_and_amounts",),
    39: ("dbt:base_refunds__no_more_is_paid_back_than_was_paid", _STATUSES),
    40: ("dbt:base_refunds__a_refund_fits_its_order", _STATUSES, f"{_STAGING}::test_what_stays_and_needs_a_word_is_observed"),
    41: ("dbt:base_refunds__a_refund_fits_its_order", _STATUSES),
    42: ("dbt:base_exchange_rates__rates_of_currencies", _STATUSES),
    43: ("dbt:base_orders__an_order_keeps_its_contact_and_its_currency", _STATUSES),
    44: _case("44-id-over-int64"),
    45: _case("45-leading-zeros"),
    46: _case("46-id-over-2-53"),
    47: ("dbt:base_orders__why_a_row_is_superseded", _STATUSES),
    48: ("dbt:base_orders__why_a_row_is_superseded", "dbt:observations__what_is_said_of_rows_that_stay", _STATUSES),
    49: ("dbt:base_orders__an_order_keeps_its_contact_and_its_currency", _STATUSES),
    50: ("dbt:int_identities__matches_ids_and_addresses", "dbt:int_people__left_censoring_and_everyone_once"),
    51: ("dbt:observations__what_is_said_of_rows_that_stay",),
    52: ("dbt:base_orders__every_row_gets_its_status",),
    53: (*_case("53-zero-date"), "dbt:base_orders__every_row_gets_its_status", _STATUSES),
    54: (
        *_case("54-epoch-undeclared", "54-epoch-file-undeclared", "54-epoch-declared", "54-epoch-microseconds"),
        f"{_EXCEL}::test_a_serial_number_is_a_date_only_where_declared",
    ),
    55: _case("55-day-or-month-undeclared", "55-day-first-declared"),
    56: _case("56-29-february"),
    57: ("tests/warehouse/test_dates.py::test_months_later", "tests/warehouse/test_dates.py::test_days_between"),
    58: _case("58-offset", "58-offset-without-colon", "58-zulu"),
    59: (
        *_case("59-hour-that-is-missing", "59-missing-hour-earlier", "59-hour-that-is-double", "59-double-hour-later"),
        "tests/unit/extract/test_casting.py::test_wall_clocks_read_as_the_tz_database_says",
    ),
    60: _case("60-offsets-beside-none", "60-named-zone"),
    61: _case("61-na-is-text", "61-null-declared"),
    62: (*_case("62-spaces", "62-zero-width", "62-decomposed"), "dbt:int_contacts__keyed__one_notation"),
    63: _case("63-emoji"),
    64: (*_case("64-mail-is-kept"), "dbt:int_contacts__keyed__one_notation", "dbt:int_contacts__keyed__plus_tags_if_wanted"),
    65: (*_case("65-injection-is-text"), "tests/unit/sources/test_postgresql.py::test_hostile_names_are_quoted"),
    66: (
        *_case("66-formula-is-text"),
        "tests/unit/extract/test_corrections.py::test_a_formula_is_inert_in_the_file_and_itself_when_it_comes_back",
    ),
    67: (
        "tests/unit/report/test_report_page.py::test_hostile_data_stay_text",
        "tests/unit/quality/test_data_docs.py::test_values_of_the_data_are_inert_and_personal_ones_are_not_there",
    ),
    68: (
        *_case("68-escapes-are-text", "68-escapes-in-a-header"),
        "tests/unit/cli/test_quarantine.py::test_a_row_is_shown_whole_with_its_bad_cells_marked",
    ),
    69: ("dbt:int_referrals__screened__refuses_by_the_first_rule",),
    70: (
        "dbt:int_referrals__judged__opens_every_circle_at_its_youngest_edge",
        "dbt:int_referrals__judged__a_circle_of_a_thousand_and_a_chain_of_five_hundred",
    ),
    71: ("dbt:int_referrals__judged__valid_refused_pending", "dbt:int_referrals__claimed__another_name_is_another_claim"),
    72: ("dbt:int_referrals__claimed__an_unknown_id_waits_where_there_are_no_codes",),
    73: ("dbt:int_contacts__merged__the_survivor", f"{_IDENTITY}::test_an_unmerge_at_the_source_restores_everything"),
    74: ("dbt:int_contacts__keyed__merges_and_deletions_by_their_dates", f"{_STAGING}::test_a_deleted_contact_stays_deleted"),
    75: ("dbt:base_contacts__what_was_deleted_stays_deleted", f"{_STAGING}::test_a_deleted_contact_stays_deleted"),
    76: ("dbt:base_consents__a_change_is_dated_by_itself",),
    77: ("dbt:observations__what_is_said_of_rows_that_stay",),
    78: ("dbt:base_contact_events__what_no_person_made_is_suspect",),
    79: (
        "tests/dags/test_replay.py::test_out_of_order_and_twice_and_wrong_at_first",
        f"{_TABLES}::test_the_first_pull_is_whole_and_the_next_reads_from_the_look_back_on",
    ),
    80: (f"{_CASES}::test_the_same_bytes_again_are_no_news_and_a_correction_supersedes",),
    81: (
        f"{_CASES}::test_the_same_bytes_again_are_no_news_and_a_correction_supersedes",
        f"{_ARRIVING}::test_a_smaller_file_under_a_known_name_is_said_and_a_larger_one_is_not",
    ),
    82: (
        "tests/unit/extract/test_arrival.py::test_only_what_was_sent_last_of_each_file_counts",
        f"{_VOLUME}::test_a_missing_day_is_named_until_it_comes",
        f"{_VOLUME}::test_a_missing_day_holds_the_next_back_where_it_should",
    ),
    83: (
        f"{_ARRIVING}::test_a_file_lands_when_its_marker_is_there",
        f"{_ARRIVING}::test_a_file_that_grows_while_it_settles_is_refused_and_lands_when_it_is_whole",
        f"{_ARRIVING}::test_a_file_that_shrank_a_moment_ago_and_goes_on_changing_is_refused",
        f"{_ARRIVING}::test_a_file_that_changes_between_reading_and_landing_is_refused",
        f"{_REMOTE}::test_a_file_that_changes_while_it_is_read_lands_nothing",
    ),
    84: (
        f"{_TABLES}::test_a_connection_cut_while_reading_lands_nothing_and_the_next_night_all",
        "tests/faults/test_landing_crash.py::test_a_landing_killed_anywhere_leaves_no_batch_or_a_whole_one",
    ),
    85: (
        f"{_REST}::test_a_server_that_ignores_the_page_is_seen",
        f"{_REST}::test_rows_that_shift_while_they_are_read_count_once",
        f"{_REST}::test_a_total_that_never_agrees_lands_nothing",
        "tests/unit/sources/test_postgresql.py::test_an_empty_table_is_refused_unless_it_may_be",
    ),
    86: (f"{_TABLES}::test_a_clock_that_was_ahead_hides_nothing", f"{_TABLES}::test_the_mark_never_falls"),
    87: (f"{_TABLES}::test_all_is_read_again_when_it_is_due_and_removed_rows_are_counted",),
    88: (f"{_TABLES}::test_a_full_pull_counts_what_vanished",),
    89: (f"{_VOLUME}::test_an_odd_volume_is_a_warning_on_record", f"{_VOLUME}::test_an_odd_volume_blocks_where_it_should"),
    90: (
        f"{_VOLUME}::test_a_clock_that_goes_back_does_not_reorder_batches",
        "tests/dags/test_night.py::test_an_earlier_day_is_published_beside_and_shows_only_what_had_happened",
    ),
}
