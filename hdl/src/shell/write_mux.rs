//! Joins the writers to the AW, W and B channels.
//!
//! W has no identifier: its beats belong to the bursts in the order of AW. So a writer whose address went out owns W until
//! its last beat has gone, and the next address waits for that. Responses find their writer by identifier.

use rust_hdl::prelude::*;

use super::arbiter::{MASTERS, RoundRobin};
use crate::leaf::{Parameter, several};

/// Joins writers numbered from 0, with beats of `D` bits, `S` bytes: a writer's number is its identifier on the bus.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct WriteMux<const D: usize, const S: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, Bit>,
    pub aw_valid: Vec<Signal<In, Bit>>,
    pub aw_ready: Vec<Signal<Out, Bit>>,
    pub aw_address: Vec<Signal<In, Bits<64>>>,
    pub aw_length: Vec<Signal<In, Bits<8>>>,
    pub w_valid: Vec<Signal<In, Bit>>,
    pub w_ready: Vec<Signal<Out, Bit>>,
    pub w_data: Vec<Signal<In, Bits<D>>>,
    pub w_strobe: Vec<Signal<In, Bits<S>>>,
    pub w_last: Vec<Signal<In, Bit>>,
    /// For each writer: the response on B is its.
    pub b_valid: Vec<Signal<Out, Bit>>,
    pub bus_aw_id: Signal<Out, Bits<4>>,
    pub bus_aw_address: Signal<Out, Bits<64>>,
    pub bus_aw_length: Signal<Out, Bits<8>>,
    pub bus_aw_valid: Signal<Out, Bit>,
    pub bus_aw_ready: Signal<In, Bit>,
    pub bus_w_valid: Signal<Out, Bit>,
    pub bus_w_ready: Signal<In, Bit>,
    pub bus_w_data: Signal<Out, Bits<D>>,
    pub bus_w_strobe: Signal<Out, Bits<S>>,
    pub bus_w_last: Signal<Out, Bit>,
    pub bus_b_id: Signal<In, Bits<4>>,
    pub bus_b_valid: Signal<In, Bit>,
    arbiter: RoundRobin,
    asked: DFF<Bit>,
    owned: DFF<Bit>,
    owner: DFF<Bits<16>>,
    id: DFF<Bits<4>>,
    address: DFF<Bits<64>>,
    length: DFF<Bits<8>>,
    free: Signal<Local, Bit>,
    request: Signal<Local, Bits<16>>,
    open: Signal<Local, Bit>,
    beat: Signal<Local, Bit>,
    one_hot: Vec<Parameter<Bits<16>>>,
    number: Vec<Parameter<Bits<4>>>,
    _writers: usize,
}

impl<const D: usize, const S: usize> WriteMux<D, S> {
    /// For a number of writers, at most [`MASTERS`].
    pub fn new(writers: usize) -> Self {
        assert!(writers <= MASTERS, "identifiers have four bits");
        Self {
            aw_valid: several(writers),
            aw_ready: several(writers),
            aw_address: several(writers),
            aw_length: several(writers),
            w_valid: several(writers),
            w_ready: several(writers),
            w_data: several(writers),
            w_strobe: several(writers),
            w_last: several(writers),
            b_valid: several(writers),
            arbiter: RoundRobin::new(),
            one_hot: (0..writers).map(|k| Parameter::new((1u64 << k).into())).collect(),
            number: (0..writers).map(|k| Parameter::new((k as u64).into())).collect(),
            _writers: writers,
            ..Self::default()
        }
    }
}

impl<const D: usize, const S: usize> Logic for WriteMux<D, S> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, arbiter);
        dff_setup!(self, clock, asked, owned, owner, id, address, length);
        self.arbiter.reset.next = self.reset.val();

        // a turn: an address, then its beats.
        self.free.next = !(self.asked.q.val() | self.owned.q.val());
        self.request.next = 0.into();
        for k in 0..self._writers {
            if self.aw_valid[k].val() {
                self.request.next = self.request.val() | self.one_hot[k].val();
            }
        }
        self.arbiter.request.next = self.request.val();
        self.arbiter.served.next = self.free.val() & (self.request.val() != 0);
        if self.bus_aw_ready.val() {
            self.asked.d.next = false;
        }
        if self.free.val() & (self.request.val() != 0) {
            self.asked.d.next = true;
            self.owned.d.next = true;
            self.owner.d.next = self.arbiter.grant.val();
        }
        for k in 0..self._writers {
            self.aw_ready[k].next = self.free.val() & self.arbiter.grant.val().get_bit(k);
            if self.free.val() & self.arbiter.grant.val().get_bit(k) {
                self.id.d.next = self.number[k].val();
                self.address.d.next = self.aw_address[k].val();
                self.length.d.next = self.aw_length[k].val();
            }
        }
        self.bus_aw_valid.next = self.asked.q.val();
        self.bus_aw_id.next = self.id.q.val();
        self.bus_aw_address.next = self.address.q.val();
        self.bus_aw_length.next = self.length.q.val();

        // beats of the owner.
        self.open.next = self.owned.q.val() & !self.asked.q.val();
        self.bus_w_valid.next = false;
        self.bus_w_data.next = 0.into();
        self.bus_w_strobe.next = 0.into();
        self.bus_w_last.next = false;
        self.beat.next = false;
        for k in 0..self._writers {
            self.w_ready[k].next = (self.open.val() & self.owner.q.val().get_bit(k)) & self.bus_w_ready.val();
            if self.open.val() & self.owner.q.val().get_bit(k) {
                self.bus_w_valid.next = self.w_valid[k].val();
                self.bus_w_data.next = self.w_data[k].val();
                self.bus_w_strobe.next = self.w_strobe[k].val();
                self.bus_w_last.next = self.w_last[k].val();
                self.beat.next = (self.w_valid[k].val() & self.w_last[k].val()) & self.bus_w_ready.val();
            }
            self.b_valid[k].next = self.bus_b_valid.val() & (self.bus_b_id.val() == self.number[k].val());
        }
        if self.beat.val() {
            self.owned.d.next = false;
        }
        if self.reset.val() {
            self.asked.d.next = false;
            self.owned.d.next = false;
        }
    }
}
