//! Soft and function-level reset: everything is forgotten, but only once the bus is quiet.
//!
//! ```text
//! request ──> halt: no new bursts ──> nothing under way ──> clear for some cycles ──> as new
//! ```
//!
//! A transfer that was begun is ended: dropping it would hang the host's bridge or let late data hit the next user.

use rust_hdl::prelude::*;

/// Orders resets.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Quiesce {
    pub clock: Signal<In, Clock>,
    /// Power-up reset: clears at once.
    pub reset: Signal<In, Bit>,
    pub soft_reset: Signal<In, Bit>,
    pub function_reset: Signal<In, Bit>,
    /// Something is under way on the bus.
    pub pending: Signal<In, Bit>,
    pub halt: Signal<Out, Bit>,
    /// Reset of everything behind the register file.
    pub clear: Signal<Out, Bit>,
    /// This clearing is on behalf of a function-level reset.
    pub clear_all: Signal<Out, Bit>,
    pub resetting: Signal<Out, Bit>,
    active: DFF<Bit>,
    whole: DFF<Bit>,
    quiet: DFF<Bits<8>>,
    clearing: DFF<Bit>,
    /// Goes to all ends of the card, so it starts from a register.
    cleared: DFF<Bit>,
}

impl Logic for Quiesce {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, whole, quiet, clearing, cleared);
        if self.active.q.val() {
            self.quiet.d.next = self.quiet.q.val() + 1;
            if self.pending.val() & !self.clearing.q.val() {
                self.quiet.d.next = 0.into();
            }
            if self.quiet.q.val() == 8 {
                self.clearing.d.next = true;
            }
            if self.quiet.q.val() == 15 {
                self.clearing.d.next = false;
            }
            if self.quiet.q.val() == 16 {
                self.active.d.next = false;
                self.whole.d.next = false;
                self.quiet.d.next = 0.into();
            }
        }
        if self.soft_reset.val() | self.function_reset.val() {
            self.active.d.next = true;
        }
        if self.function_reset.val() {
            self.whole.d.next = true;
        }
        if self.reset.val() {
            self.active.d.next = false;
            self.whole.d.next = false;
            self.quiet.d.next = 0.into();
            self.clearing.d.next = false;
        }
        self.halt.next = self.active.q.val();
        self.cleared.d.next = self.clearing.q.val() | self.reset.val();
        self.clear.next = self.cleared.q.val();
        self.clear_all.next = (self.clearing.q.val() & self.whole.q.val()) | self.reset.val();
        self.resetting.next = self.active.q.val();
    }
}
