//! Joins the readers to the AR and R channels.
//!
//! Requests take turns. A response finds its reader by its identifier, so responses of different readers may come in any
//! order, beat by beat. R is always ready: every reader has reserved its space.

use rust_hdl::prelude::*;

use super::arbiter::{MASTERS, RoundRobin};
use crate::leaf::{Parameter, several};

/// Joins readers numbered from 0: a reader's number is its identifier on the bus.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct ReadMux {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub ar_valid: Vec<Signal<In, Bit>>,
    pub ar_ready: Vec<Signal<Out, Bit>>,
    pub ar_address: Vec<Signal<In, Bits<64>>>,
    pub ar_length: Vec<Signal<In, Bits<8>>>,
    /// For each reader: the beat on R is its.
    pub r_valid: Vec<Signal<Out, Bit>>,
    pub bus_ar_id: Signal<Out, Bits<4>>,
    pub bus_ar_address: Signal<Out, Bits<64>>,
    pub bus_ar_length: Signal<Out, Bits<8>>,
    pub bus_ar_valid: Signal<Out, Bit>,
    pub bus_ar_ready: Signal<In, Bit>,
    pub bus_r_id: Signal<In, Bits<4>>,
    pub bus_r_valid: Signal<In, Bit>,
    /// A request waits here.
    pub pending: Signal<Out, Bit>,
    arbiter: RoundRobin,
    full: DFF<Bit>,
    id: DFF<Bits<4>>,
    address: DFF<Bits<64>>,
    length: DFF<Bits<8>>,
    free: Signal<Local, Bit>,
    request: Signal<Local, Bits<16>>,
    one_hot: Vec<Parameter<Bits<16>>>,
    number: Vec<Parameter<Bits<4>>>,
    _readers: usize,
}

impl ReadMux {
    /// For a number of readers, at most [`MASTERS`].
    pub fn new(readers: usize) -> Self {
        assert!(readers <= MASTERS, "identifiers have four bits");
        Self {
            ar_valid: several(readers),
            ar_ready: several(readers),
            ar_address: several(readers),
            ar_length: several(readers),
            r_valid: several(readers),
            arbiter: RoundRobin::new(),
            one_hot: (0..readers).map(|k| Parameter::new((1u64 << k).into())).collect(),
            number: (0..readers).map(|k| Parameter::new((k as u64).into())).collect(),
            _readers: readers,
            ..Self::default()
        }
    }
}

impl Logic for ReadMux {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, arbiter);
        dff_setup!(self, clock, full, id, address, length);
        self.arbiter.reset.next = self.reset.val();
        self.free.next = !self.full.q.val() | self.bus_ar_ready.val();
        self.request.next = 0.into();
        for k in 0..self._readers {
            if self.ar_valid[k].val() {
                self.request.next = self.request.val() | self.one_hot[k].val();
            }
        }
        self.arbiter.request.next = self.request.val();
        self.arbiter.served.next = self.free.val() & (self.request.val() != 0);
        if self.free.val() {
            self.full.d.next = self.request.val() != 0;
        }
        for k in 0..self._readers {
            self.ar_ready[k].next = self.free.val() & self.arbiter.grant.val().get_bit(k);
            if self.free.val() & self.arbiter.grant.val().get_bit(k) {
                self.id.d.next = self.number[k].val();
                self.address.d.next = self.ar_address[k].val();
                self.length.d.next = self.ar_length[k].val();
            }
            self.r_valid[k].next = self.bus_r_valid.val() & (self.bus_r_id.val() == self.number[k].val());
        }
        if self.reset.val() {
            self.full.d.next = false;
        }
        self.bus_ar_valid.next = self.full.q.val();
        self.bus_ar_id.next = self.id.q.val();
        self.bus_ar_address.next = self.address.q.val();
        self.bus_ar_length.next = self.length.q.val();
        self.pending.next = self.full.q.val();
    }
}
