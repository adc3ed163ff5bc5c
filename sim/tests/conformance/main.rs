//! The conformance suite: what every card does, over every transport.
//!
//! One list of cases, run against the model and against the Verilated RTL in both shapes, each in-process and behind a
//! vfio-user socket, and against a real card when `PENSTOCK_CARD` names one (`vfio:0000:65:00.0`, or `sim:/path` for a
//! card that another process serves). All of it on RTL takes long: `cargo xtask conformance` does that, and every test
//! run does some of it.
//! Expected results come from halo2curves and light-poseidon.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod expected;
mod faults;
mod layouts;
mod life;
mod memory;
mod registers;
mod rings;
mod socket;
mod subject;

macro_rules! case {
    (always $subject:ident $module:ident $case:ident) => {
        #[test]
        fn $case() {
            if let Some(subject) = crate::subject::$subject() {
                crate::$module::$case(&subject);
            }
        }
    };
    (in_campaigns $subject:ident $module:ident $case:ident) => {
        #[test]
        #[ignore = "simulates for long; cargo xtask conformance"]
        fn $case() {
            if let Some(subject) = crate::subject::$subject() {
                crate::$module::$case(&subject);
            }
        }
    };
}

macro_rules! suite {
    ($when:ident $subject:ident: $($module:ident { $($case:ident),* $(,)? })*) => {
        mod $subject {
            $(mod $module {
                $(case! { $when $subject $module $case })*
            })*
        }
    };
}

macro_rules! every_card {
    ($when:ident $subject:ident) => {
        suite! { $when $subject:
            registers {
                registers_and_dma_show_the_same_identity,
                unknown_registers_read_zero,
                read_only_registers_ignore_writes,
                accesses_outside_the_window_are_refused,
                rings_cannot_move_while_the_card_is_enabled,
                bad_rings_are_refused,
            }
            commands {
                sums_equal_halo2curves,
                several_vectors_share_a_command,
                hashes_equal_circomlib,
                self_tests_pass,
                bases_can_be_replaced,
                unknown_opcodes_and_reserved_bytes_are_refused,
                invalid_fields_are_refused_by_name,
                elements_that_are_not_canonical_are_refused,
                requests_that_the_card_cannot_take_never_reach_it,
            }
            memory {
                results_stay_inside_their_buffers_at_every_offset,
                misaligned_addresses_are_refused_and_nothing_is_written,
                unmapped_addresses_are_faults,
                buffers_that_run_out_of_their_mapping_are_faults,
                memory_is_reused_and_limited,
            }
            rings {
                rings_wrap_thousands_of_times,
                a_full_ring_makes_the_submitter_wait,
                completions_are_awaited_in_any_order,
                threads_share_a_card,
                dropped_tickets_are_forgotten,
                polling_works_without_interrupts,
            }
            life {
                a_reset_ends_what_is_under_way_and_the_card_works_on,
                a_soft_reset_by_someone_else_is_noticed,
                without_bus_mastering_nothing_moves,
                a_card_can_be_opened_again_and_again,
            }
        }
    };
}

macro_rules! every_model {
    ($subject:ident) => {
        suite! { always $subject:
            faults {
                a_command_that_never_completes_times_out,
                a_second_completion_is_a_violation,
                an_unknown_id_is_a_violation,
                a_flipped_bit_in_a_sum_is_noticed,
                a_corrupt_scalar_gives_another_sum,
                a_card_that_vanishes_is_lost,
                refused_dma_is_a_fault,
                a_stalled_ring_fills_up,
                a_lost_interrupt_costs_time_only,
                commands_that_wait_their_turn_are_not_late,
                a_failed_card_accepts_nothing_until_reset,
            }
        }
    };
}

mod cards {
    every_card!(always model_in_process);
    every_card!(always model_socket);
}

mod faulty {
    every_model!(model_in_process);
    every_model!(model_socket);
}

/// What any of the shell's parts would fail, quick enough for every day.
mod daily {
    suite! { always compact_in_process:
        registers { registers_and_dma_show_the_same_identity, unknown_registers_read_zero, bad_rings_are_refused }
        commands { sums_equal_halo2curves, hashes_equal_circomlib, self_tests_pass, invalid_fields_are_refused_by_name }
        memory { unmapped_addresses_are_faults }
        rings { rings_wrap_thousands_of_times }
        life { a_reset_ends_what_is_under_way_and_the_card_works_on, without_bus_mastering_nothing_moves }
    }
    suite! { always compact_socket:
        commands { several_vectors_share_a_command }
        life { a_card_can_be_opened_again_and_again }
    }
    suite! { always pipelined_in_process:
        commands { several_vectors_share_a_command, hashes_equal_circomlib, self_tests_pass }
    }
}

mod rtl {
    every_card!(in_campaigns compact_in_process);
    every_card!(in_campaigns compact_socket);
    every_card!(in_campaigns pipelined_in_process);
    every_card!(in_campaigns pipelined_socket);
}

every_card!(always named);
