//! The engine: pairs dealt out to the lanes in turn, hashes collected in the same turn, each made canonical on its way out.
//!
//! All lanes work at one speed, so dealing in strict rotation costs no time and keeps the order without tags.

use rust_hdl::prelude::*;

use crate::field::Field;

use super::config::EngineConfig;
use super::datapath::RESULT_BITS;
use super::lane::Lane;
use super::schedule::Microprogram;

/// As many lanes as the rotation has room for. A hash takes up to five cycles at the exit, so that even these are served.
pub const MAX_LANES: usize = 64;

/// Streams pairs in (two canonical elements, the first in the low 256 bits) and their hashes, canonical, out.
#[derive(LogicBlock)]
pub struct PoseidonEngine {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Drops what is in flight.
    pub reset: Signal<In, Bit>,
    /// Two canonical elements, the first in the low 256 bits.
    pub pairs_data: Signal<In, Bits<512>>,
    /// A pair is offered.
    pub pairs_valid: Signal<In, Bit>,
    /// A pair is taken; comes from a register.
    pub pairs_ready: Signal<Out, Bit>,
    /// A canonical element.
    pub hashes_data: Signal<Out, Bits<256>>,
    /// A hash is offered; comes from a register.
    pub hashes_valid: Signal<Out, Bit>,
    /// A hash is taken.
    pub hashes_ready: Signal<In, Bit>,
    /// Pairs taken whose hash has not left.
    pub in_flight: Signal<Out, Bits<16>>,
    /// The lane that takes the next pair, as one bit.
    pub dealing: Signal<Out, Bits<MAX_LANES>>,
    /// The lane whose hash is next, as one bit.
    pub collecting: Signal<Out, Bits<MAX_LANES>>,
    lanes: Vec<Lane>,
    // The pair to deal. It stands for a cycle after it was dealt.
    pair: DFF<Bits<512>>,
    pair_valid: DFF<Bit>,
    dealt: Signal<Local, Bit>,
    accepted: Signal<Local, Bit>,
    to: DFF<Bits<MAX_LANES>>,
    from: DFF<Bits<MAX_LANES>>,
    // The hash on its way out: less p until that would be negative.
    hash: DFF<Bits<RESULT_BITS>>,
    hash_valid: DFF<Bit>,
    canonical: DFF<Bit>,
    collected: Signal<Local, Bits<RESULT_BITS>>,
    collect: Signal<Local, Bit>,
    delivered: Signal<Local, Bit>,
    count: DFF<Bits<16>>,
    less: Signal<Local, Bits<256>>,
    modulus: Constant<Bits<256>>,
    first_lane: Constant<Bits<MAX_LANES>>,
    last_lane: Constant<Bits<MAX_LANES>>,
    _lanes: usize,
}

impl PoseidonEngine {
    /// An engine whose lanes run this program.
    pub fn new(config: &EngineConfig, program: &Microprogram) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            pairs_data: Default::default(),
            pairs_valid: Default::default(),
            pairs_ready: Default::default(),
            hashes_data: Default::default(),
            hashes_valid: Default::default(),
            hashes_ready: Default::default(),
            in_flight: Default::default(),
            dealing: Default::default(),
            collecting: Default::default(),
            lanes: (0..config.lanes).map(|_| Lane::new(&config.lane, program)).collect(),
            pair: Default::default(),
            pair_valid: Default::default(),
            dealt: Default::default(),
            accepted: Default::default(),
            to: Default::default(),
            from: Default::default(),
            hash: Default::default(),
            hash_valid: Default::default(),
            canonical: Default::default(),
            collected: Default::default(),
            collect: Default::default(),
            delivered: Default::default(),
            count: Default::default(),
            less: Default::default(),
            modulus: Constant::new(Field::Scalar.modulus().into()),
            first_lane: Constant::new((1 as LiteralType).into()),
            last_lane: Constant::new(((1 as LiteralType) << (config.lanes - 1)).into()),
            _lanes: config.lanes,
        }
    }
}

impl Logic for PoseidonEngine {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, pair, pair_valid, to, from, hash, hash_valid, canonical, count);

        // Deal.
        self.pairs_ready.next = !self.pair_valid.q.val();
        self.accepted.next = self.pairs_valid.val() & !self.pair_valid.q.val();
        self.dealt.next = false;
        for k in 0..self._lanes {
            self.lanes[k].clock.next = self.clock.val();
            self.lanes[k].reset.next = self.reset.val();
            self.lanes[k].in_data.next = self.pair.q.val();
            self.lanes[k].in_valid.next = self.pair_valid.q.val() & self.to.q.val().get_bit(k);
            if self.pair_valid.q.val() & self.to.q.val().get_bit(k) & self.lanes[k].in_ready.val() {
                self.dealt.next = true;
            }
        }
        if self.dealt.val() {
            self.to.d.next = self.to.q.val() << 1;
            if self.to.q.val() == self.last_lane.val() {
                self.to.d.next = self.first_lane.val();
            }
        }
        if self.dealt.val() {
            self.pair_valid.d.next = false;
        }
        if self.accepted.val() {
            self.pair.d.next = self.pairs_data.val();
            self.pair_valid.d.next = true;
        }

        // Collect.
        self.delivered.next = self.canonical.q.val() & self.hashes_ready.val();
        self.collected.next = 0.into();
        self.collect.next = false;
        for k in 0..self._lanes {
            self.lanes[k].out_ready.next = !self.hash_valid.q.val() & self.from.q.val().get_bit(k);
            if self.from.q.val().get_bit(k) {
                self.collected.next = self.lanes[k].out_data.val();
                self.collect.next = !self.hash_valid.q.val() & self.lanes[k].out_valid.val();
            }
        }
        if self.collect.val() {
            self.hash.d.next = self.collected.val();
            self.hash_valid.d.next = true;
            self.from.d.next = self.from.q.val() << 1;
            if self.from.q.val() == self.last_lane.val() {
                self.from.d.next = self.first_lane.val();
            }
        }
        // Its highest bit is set if it would be negative.
        self.less.next = bit_cast::<256, RESULT_BITS>(self.hash.q.val()) - self.modulus.val();
        if self.hash_valid.q.val() {
            if self.less.val().get_bit(255) {
                self.canonical.d.next = true;
            } else {
                self.hash.d.next = self.less.val().get_bits::<RESULT_BITS>(0);
            }
        }
        if self.delivered.val() {
            self.hash_valid.d.next = false;
            self.canonical.d.next = false;
        }
        self.hashes_data.next = bit_cast::<256, RESULT_BITS>(self.hash.q.val());
        self.hashes_valid.next = self.canonical.q.val();

        // Account.
        if self.accepted.val() & !self.delivered.val() {
            self.count.d.next = self.count.q.val() + 1;
        }
        if !self.accepted.val() & self.delivered.val() {
            self.count.d.next = self.count.q.val() - 1;
        }
        self.in_flight.next = self.count.q.val();
        self.dealing.next = self.to.q.val();
        self.collecting.next = self.from.q.val();

        if self.reset.val() {
            self.pair_valid.d.next = false;
            self.to.d.next = self.first_lane.val();
            self.from.d.next = self.first_lane.val();
            self.hash_valid.d.next = false;
            self.canonical.d.next = false;
            self.count.d.next = 0.into();
        }
    }
}
