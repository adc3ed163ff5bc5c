//! The AXI4-Lite slave: turns bus transfers into register accesses.
//!
//! One access of each kind at a time. Address and data of a write may come in either order; a write takes effect in the
//! cycle in which both are here. Responses are always OKAY: an unknown register reads zero.

use rust_hdl::prelude::*;

/// The protocol's side is `s_axil_…`, the registers' side is the rest.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct LiteSlave {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub aw_address: Signal<In, Bits<12>>,
    pub aw_valid: Signal<In, Bit>,
    pub aw_ready: Signal<Out, Bit>,
    pub w_data: Signal<In, Bits<32>>,
    pub w_strobe: Signal<In, Bits<4>>,
    pub w_valid: Signal<In, Bit>,
    pub w_ready: Signal<Out, Bit>,
    pub b_valid: Signal<Out, Bit>,
    pub b_ready: Signal<In, Bit>,
    pub ar_address: Signal<In, Bits<12>>,
    pub ar_valid: Signal<In, Bit>,
    pub ar_ready: Signal<Out, Bit>,
    pub r_data: Signal<Out, Bits<32>>,
    pub r_valid: Signal<Out, Bit>,
    pub r_ready: Signal<In, Bit>,
    /// A whole register is written; partial writes change nothing.
    pub write: Signal<Out, Bit>,
    pub write_address: Signal<Out, Bits<12>>,
    pub write_data: Signal<Out, Bits<32>>,
    /// A register is read; its value is taken in the same cycle.
    pub read: Signal<Out, Bit>,
    pub read_address: Signal<Out, Bits<12>>,
    pub read_data: Signal<In, Bits<32>>,
    addressed: DFF<Bit>,
    address: DFF<Bits<12>>,
    filled: DFF<Bit>,
    data: DFF<Bits<32>>,
    strobe: DFF<Bits<4>>,
    answered: DFF<Bit>,
    asked: DFF<Bit>,
    asked_address: DFF<Bits<12>>,
    offered: DFF<Bit>,
    value: DFF<Bits<32>>,
    commit: Signal<Local, Bit>,
}

impl Logic for LiteSlave {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            addressed,
            address,
            filled,
            data,
            strobe,
            answered,
            asked,
            asked_address,
            offered,
            value
        );
        // Writes.
        self.aw_ready.next = !self.addressed.q.val();
        if self.aw_valid.val() & !self.addressed.q.val() {
            self.addressed.d.next = true;
            self.address.d.next = self.aw_address.val();
        }
        self.w_ready.next = !self.filled.q.val();
        if self.w_valid.val() & !self.filled.q.val() {
            self.filled.d.next = true;
            self.data.d.next = self.w_data.val();
            self.strobe.d.next = self.w_strobe.val();
        }
        if self.b_ready.val() {
            self.answered.d.next = false;
        }
        self.commit.next = (self.addressed.q.val() & self.filled.q.val()) & !self.answered.q.val();
        if self.commit.val() {
            self.addressed.d.next = false;
            self.filled.d.next = false;
            self.answered.d.next = true;
        }
        self.write.next = self.commit.val() & self.strobe.q.val().all();
        self.write_address.next = self.address.q.val();
        self.write_data.next = self.data.q.val();
        self.b_valid.next = self.answered.q.val();

        // Reads.
        self.ar_ready.next = !self.asked.q.val();
        if self.ar_valid.val() & !self.asked.q.val() {
            self.asked.d.next = true;
            self.asked_address.d.next = self.ar_address.val();
        }
        if self.r_ready.val() {
            self.offered.d.next = false;
        }
        self.read.next = self.asked.q.val() & !self.offered.q.val();
        if self.asked.q.val() & !self.offered.q.val() {
            self.asked.d.next = false;
            self.offered.d.next = true;
            self.value.d.next = self.read_data.val();
        }
        self.read_address.next = self.asked_address.q.val();
        self.r_valid.next = self.offered.q.val();
        self.r_data.next = self.value.q.val();

        if self.reset.val() {
            self.addressed.d.next = false;
            self.filled.d.next = false;
            self.answered.d.next = false;
            self.asked.d.next = false;
            self.offered.d.next = false;
        }
    }
}
