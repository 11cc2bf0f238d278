"""What goes wrong with streams in laboratories, each with the tests that hold it: no row may lose its test.

The rows are what users of LSL programs report, and what was measured of liblsl itself.
"""

import ast
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
A, S = "app/acquisition", "app/session"

FAULTS: dict[str, tuple[str, ...]] = {
    "1 the outlet dies, kindly or not": (
        f"{A}/test_returns.py::test_a_device_that_ends_kindly_or_not_is_lost_within_two_seconds",
    ),
    "2 it comes back as it was": (
        f"{A}/test_lsl_faults.py::test_a_device_that_crashes_and_comes_back_is_taken_up_and_what_was_missed_is_counted",
        f"{A}/test_lsl_inlet_returns.py::test_a_stream_that_returns_as_it_was_is_resumed_with_its_loss",
    ),
    "3 4 6 with other channels, another rate, another order": (
        f"{A}/test_returns.py::test_a_device_that_returns_changed_is_told_and_not_accepted_in_silence",
        f"{A}/test_return_changed.py::test_with_another_rate_and_order_it_is_planned_anew",
        "integration/test_pair.py::test_when_ones_headset_comes_back_changed_the_other_loses_nothing_and_every_part_can_be_run_again",
    ),
    "5 with another number format": (
        f"{A}/test_returns.py::test_a_device_that_returns_with_another_number_format_is_taken_up_and_its_loss_is_counted",
        f"{A}/test_lsl_inlet_returns.py::test_another_number_format_is_no_change",
    ),
    "7 no source id, or a random one": (
        f"{A}/test_returns.py::test_a_device_without_a_lasting_source_id_is_found_again_by_its_name",
    ),
    "8 twins with one source id": (
        f"{A}/test_returns.py::test_when_a_twin_dies_the_other_takes_over",
        f"{A}/test_lsl_inlet.py::test_of_twins_the_newest_is_taken_and_told",
    ),
    "9 it appears late, vanishes early, dies while it is connected to": (
        f"{A}/test_returns.py::test_a_device_that_is_switched_on_later_is_found",
        f"{A}/test_returns.py::test_a_device_that_dies_while_it_is_connected_to_gives_a_clear_error_or_is_lost",
        f"{A}/test_lsl_inlet_returns.py::test_a_changed_stream_that_is_gone_again_before_it_is_accepted_is_looked_for",
    ),
    "10 it does not answer": (
        f"{A}/test_returns.py::test_a_device_that_is_announced_but_does_not_answer_is_told_and_can_be_left_at_once",
        f"{A}/test_clock_map.py::test_before_a_measurement_the_clocks_are_taken_as_one",
    ),
    "11 a freeze, and a burst after it": (
        f"{A}/test_lsl_faults.py::test_a_sender_that_is_frozen_for_long_is_lost_and_then_goes_on_without_loss",
        f"{A}/test_returns.py::test_a_burst_after_a_freeze_larger_than_one_pull_is_delivered_whole",
    ),
    "12 the network is cut (needs root)": (
        f"{A}/test_network_cut.py::test_after_a_cut_the_stream_goes_on_within_three_seconds_and_every_sample_is_accounted_for",
    ),
    "13 the reader stalls until the buffer overflows": (
        f"{A}/test_returns.py::test_what_a_reader_slept_through_is_counted_exactly",
        f"{A}/test_lsl_inlet.py::test_a_reader_that_slept_for_too_long_is_told_what_it_missed",
    ),
    "14 samples are lost: 1, 10, 1000": (
        f"{A}/test_lsl_faults.py::test_samples_that_were_never_sent_are_counted_exactly_and_shown",
        f"{A}/test_hard_conditions.py::test_a_loss_of_a_thousand_samples_is_counted_exactly_and_shown",
        f"{A}/test_timeline.py::test_with_exact_stamps_every_sample_keeps_its_number_whatever_is_lost",
    ),
    "15 time stamps that repeat, stand still, jump, drift, stray, lie in the future, come in bursts, are of another clock": (
        f"{A}/test_timeline.py::test_stamps_that_repeat_or_step_back_are_no_loss",
        f"{A}/test_lsl_inlet.py::test_time_stamps_that_stand_still_are_replaced_by_arrival_times",
        f"{A}/test_lsl_inlet.py::test_time_stamps_of_another_clock_are_brought_onto_this_one",
        f"{A}/test_lsl_faults.py::test_a_jump_of_the_devices_clock_is_no_loss_and_capture_times_stay_near",
        f"{A}/test_lsl_faults.py::test_what_comes_late_or_uneven_is_no_loss",
        f"{A}/test_lsl_faults.py::test_a_device_that_runs_fast_is_told",
        f"{A}/test_hard_conditions.py::test_stamps_ahead_of_the_clock_are_no_loss",
        f"{A}/test_hard_conditions.py::test_bursts_of_a_radio_link_are_no_loss_and_a_lost_one_is_counted",
    ),
    "16 irregular streams, and markers of any text": (
        f"{A}/test_lsl_inlet.py::test_what_is_not_eeg_is_refused_with_the_reason",
        f"{A}/test_lsl_inlet.py::test_markers_are_taken_along_and_aligned",
        f"{A}/test_lsl_inlet.py::test_numeric_triggers_are_markers",
        f"{A}/test_lsl_inlet.py::test_markers_that_are_not_text_do_no_harm",
    ),
    "17 values that are no numbers": (
        f"{A}/test_hard_conditions.py::test_values_that_are_no_numbers_are_passed_on_where_they_are",
        f"{A}/test_returns.py::test_a_signal_that_goes_wrong_is_still_passed_on_sample_by_sample",
        "sclcm_core/streaming/test_filters_and_resample.py::test_the_bridge_carries_the_last_good_value_over",
    ),
    "18 flat, railed, mains hum, an offset": (
        f"{A}/test_lsl_faults.py::test_faults_of_the_signal_arrive_as_they_are",
        f"{A}/test_returns.py::test_a_signal_that_goes_wrong_is_still_passed_on_sample_by_sample",
        "sclcm_core/streaming/test_quality.py::test_a_channel_at_the_amplifiers_limit_is_railed",
        "sclcm_core/streaming/test_quality.py::test_mains_hum_is_found_with_its_frequency_and_amplitude",
        f"{S}/test_offset.py::test_features_and_answers_are_those_of_the_signal_from_the_first_window_on",
        f"{S}/test_offset.py::test_a_headset_without_a_high_pass_is_predicted_and_found_good",
    ),
    "19 units: V, mV, µV, counts, none, wrong": (
        f"{A}/test_lsl_inlet.py::test_units_become_microvolts",
        f"{A}/test_units.py::test_an_undeclared_unit_is_inferred_whatever_the_offset",
        f"{A}/test_units.py::test_a_declared_unit_that_the_signal_rules_out_is_corrected_and_told",
    ),
    "20 labels: none, doubled, other spellings, extra channels, electrodes missing": (
        f"{A}/test_lsl_inlet.py::test_a_stream_without_labels_gets_numbers",
        f"{A}/test_matching.py::test_an_electrode_that_stands_more_than_once_is_told",
        f"{A}/test_matching.py::test_other_names_of_the_same_electrodes_are_understood",
        f"{A}/test_matching.py::test_triggers_counters_and_accelerometers_are_left_out",
        f"{A}/test_matching.py::test_missing_channels_are_named_together_with_what_is_there",
    ),
    "21 one channel, 256 channels, 4 Hz, 20 kHz": (
        f"{A}/test_lsl_inlet.py::test_slow_fast_and_wide_streams_are_read",
        f"{S}/test_extremes.py::test_every_window_is_predicted",
        f"{S}/test_extremes.py::test_four_hertz_are_refused_with_what_would_do",
    ),
    "22 chunks of one sample and of ten seconds": (
        f"{A}/test_lsl_faults.py::test_small_and_large_chunks_are_no_loss",
        f"{A}/test_hard_conditions.py::test_chunks_of_ten_seconds_are_no_loss_and_not_taken_for_a_lost_stream",
    ),
    "23 whole numbers and doubles": (f"{A}/test_lsl_inlet.py::test_every_number_format_is_read",),
    "24 two readers, ten streams, streams that come and go": (
        f"{A}/test_lsl_faults.py::test_two_listeners_hear_the_same",
        f"{A}/test_crowd.py::test_ten_streams_are_all_listed_while_others_come_and_go",
        f"{A}/test_crowd.py::test_two_listeners_of_each_of_ten_streams_lose_nothing",
        f"{A}/test_hard_conditions.py::test_streams_that_come_and_go_leave_no_thread_handle_or_memory_behind",
    ),
    "25 hours of stream (a benchmark: soak)": ("benchmarks/soak.py::rows",),
    "26 the window is blocked, the model is slow": (
        "app/gui/test_live_window.py::test_a_gui_that_stalls_for_five_seconds_costs_no_sample_and_latency_recovers",
        f"{S}/test_rerun.py::test_windows_that_were_skipped_live_are_skipped_again",
        f"{S}/test_rival.py::test_a_slow_second_model_skips_and_holds_nobody_up",
    ),
    "27 the disk is full or slow, the program is killed while it records": (
        f"{S}/test_recorder_disk.py::test_a_disk_that_fills_up_ends_the_recording_and_not_the_session",
        f"{S}/test_recorder_disk.py::test_a_slow_disk_costs_samples_of_the_recording_and_says_so",
        f"{S}/test_recorder.py::test_a_killed_session_leaves_all_but_its_last_second",
        "integration/test_pair.py::test_killed_it_leaves_both_people_but_for_the_last_second",
    ),
    "28 the computer sleeps": (
        f"{A}/test_hard_conditions.py::test_a_computer_that_sleeps_with_its_headset_wakes_with_it_and_nothing_is_lost",
    ),
    "29 the program is closed at any moment": (
        f"{A}/test_leaving.py::test_while_it_records_and_the_recording_is_whole",
        f"{A}/test_leaving.py::test_while_it_starts_or_searches",
        f"{A}/test_leaving.py::test_while_it_connects",
        f"{A}/test_leaving.py::test_while_the_stream_is_stalled",
        f"{A}/test_leaving.py::test_while_the_stream_is_lost_and_looked_for",
        f"{A}/test_lsl_faults.py::test_a_headset_ends_when_its_parent_is_killed",
        "app/gui/test_live_window.py::test_it_closes_within_two_seconds_while_it_looks_for_a_stream",
    ),
    "30 liblsl is missing, or PYLSL_LIB is wrong": (
        f"{A}/test_hard_conditions.py::test_without_any_library_every_command_that_needs_it_says_what_to_install",
        f"{A}/test_hard_conditions.py::test_a_library_that_is_not_one_is_told_and_files_still_play",
        f"{A}/test_lsl_network.py::test_a_library_that_is_not_liblsl_is_named_with_the_way_back",
        f"{A}/test_lsl_network.py::test_replaying_works_without_the_library_and_never_loads_it",
    ),
    "31 known peers that do not exist": (
        f"{A}/test_hard_conditions.py::test_peers_that_do_not_exist_slow_nothing_down",
        f"{A}/test_hard_conditions.py::test_peers_that_do_not_exist_do_not_slow_the_window",
    ),
    "32 many quick connections": (f"{A}/test_lsl_faults.py::test_many_connections_leave_no_thread_handle_or_memory_behind",),
}


@cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_the_tests_that_hold_it(fault: str) -> None:
    for place in FAULTS[fault]:
        file, _, name = place.partition("::")
        assert name in functions(TESTS / file), f"{fault}: {place} is gone; put the test that holds it now in its place"


def test_no_fault_of_the_thirty_two_is_left_out() -> None:
    numbers = [int(word) for fault in FAULTS for word in takewhile(str.isdecimal, fault.split())]
    assert [number for number in range(1, 33) if number not in numbers] == []
