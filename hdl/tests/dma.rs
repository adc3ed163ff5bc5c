//! The shell's blocks under Verilator, against plain memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use penstock_hdl::emit::emit;
use penstock_hdl::leaf::several;
use penstock_hdl::shell::{read_mux::ReadMux, reader::Reader, resize::Resize, write_mux::WriteMux, writer::Writer};
use penstock_hdl::simulation::{AxiBus, AxiOptions, Ram};
use penstock_hdl::verilator::{Library, Options, Port, Simulation};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::prelude::*;

/// Copiers: a reader whose stream a writer takes, two of them on one bus.
#[derive(LogicBlock)]
struct Copiers<const D: usize, const S: usize> {
    clock: Signal<In, Clock>,
    reset: Signal<In, Bit>,
    halt: Signal<In, Bit>,
    start: Vec<Signal<In, Bit>>,
    from: Vec<Signal<In, Bits<64>>>,
    to: Vec<Signal<In, Bits<64>>>,
    beats: Vec<Signal<In, Bits<32>>>,
    strobe: Vec<Signal<In, Bits<S>>>,
    busy: Vec<Signal<Out, Bit>>,
    pending: Vec<Signal<Out, Bit>>,
    read_fault: Vec<Signal<Out, Bit>>,
    read_fault_address: Vec<Signal<Out, Bits<64>>>,
    write_fault: Vec<Signal<Out, Bit>>,
    write_fault_address: Vec<Signal<Out, Bits<64>>>,
    m_axi_arid: Signal<Out, Bits<4>>,
    m_axi_araddr: Signal<Out, Bits<64>>,
    m_axi_arlen: Signal<Out, Bits<8>>,
    m_axi_arsize: Signal<Out, Bits<3>>,
    m_axi_arburst: Signal<Out, Bits<2>>,
    m_axi_arvalid: Signal<Out, Bit>,
    m_axi_arready: Signal<In, Bit>,
    m_axi_rid: Signal<In, Bits<4>>,
    m_axi_rdata: Signal<In, Bits<D>>,
    m_axi_rresp: Signal<In, Bits<2>>,
    m_axi_rlast: Signal<In, Bit>,
    m_axi_rvalid: Signal<In, Bit>,
    m_axi_rready: Signal<Out, Bit>,
    m_axi_awid: Signal<Out, Bits<4>>,
    m_axi_awaddr: Signal<Out, Bits<64>>,
    m_axi_awlen: Signal<Out, Bits<8>>,
    m_axi_awsize: Signal<Out, Bits<3>>,
    m_axi_awburst: Signal<Out, Bits<2>>,
    m_axi_awvalid: Signal<Out, Bit>,
    m_axi_awready: Signal<In, Bit>,
    m_axi_wdata: Signal<Out, Bits<D>>,
    m_axi_wstrb: Signal<Out, Bits<S>>,
    m_axi_wlast: Signal<Out, Bit>,
    m_axi_wvalid: Signal<Out, Bit>,
    m_axi_wready: Signal<In, Bit>,
    m_axi_bid: Signal<In, Bits<4>>,
    m_axi_bresp: Signal<In, Bits<2>>,
    m_axi_bvalid: Signal<In, Bit>,
    m_axi_bready: Signal<Out, Bit>,
    readers: Vec<Reader<D>>,
    writers: Vec<Writer<D, S>>,
    widen: Vec<Resize<D, 512>>,
    narrow: Vec<Resize<512, D>>,
    read_mux: ReadMux,
    write_mux: WriteMux<D, S>,
    size: Constant<Bits<3>>,
}

const COPIERS: usize = 2;

impl<const D: usize, const S: usize> Copiers<D, S> {
    fn new(most_beats: usize, depth_bits: usize) -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            halt: Default::default(),
            start: several(COPIERS),
            from: several(COPIERS),
            to: several(COPIERS),
            beats: several(COPIERS),
            strobe: several(COPIERS),
            busy: several(COPIERS),
            pending: several(COPIERS),
            read_fault: several(COPIERS),
            read_fault_address: several(COPIERS),
            write_fault: several(COPIERS),
            write_fault_address: several(COPIERS),
            m_axi_arid: Default::default(),
            m_axi_araddr: Default::default(),
            m_axi_arlen: Default::default(),
            m_axi_arsize: Default::default(),
            m_axi_arburst: Default::default(),
            m_axi_arvalid: Default::default(),
            m_axi_arready: Default::default(),
            m_axi_rid: Default::default(),
            m_axi_rdata: Default::default(),
            m_axi_rresp: Default::default(),
            m_axi_rlast: Default::default(),
            m_axi_rvalid: Default::default(),
            m_axi_rready: Default::default(),
            m_axi_awid: Default::default(),
            m_axi_awaddr: Default::default(),
            m_axi_awlen: Default::default(),
            m_axi_awsize: Default::default(),
            m_axi_awburst: Default::default(),
            m_axi_awvalid: Default::default(),
            m_axi_awready: Default::default(),
            m_axi_wdata: Default::default(),
            m_axi_wstrb: Default::default(),
            m_axi_wlast: Default::default(),
            m_axi_wvalid: Default::default(),
            m_axi_wready: Default::default(),
            m_axi_bid: Default::default(),
            m_axi_bresp: Default::default(),
            m_axi_bvalid: Default::default(),
            m_axi_bready: Default::default(),
            readers: (0..COPIERS).map(|_| Reader::new(most_beats, depth_bits)).collect(),
            writers: (0..COPIERS).map(|_| Writer::new(most_beats, depth_bits)).collect(),
            widen: (0..COPIERS).map(|_| Resize::new()).collect(),
            narrow: (0..COPIERS).map(|_| Resize::new()).collect(),
            read_mux: ReadMux::new(COPIERS),
            write_mux: WriteMux::new(COPIERS),
            size: Constant::new(u64::from(S.trailing_zeros()).into()),
        }
    }
}

impl<const D: usize, const S: usize> Logic for Copiers<D, S> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, read_mux, write_mux);
        self.read_mux.reset.next = self.reset.val();
        self.write_mux.reset.next = self.reset.val();
        for k in 0..2 {
            self.readers[k].clock.next = self.clock.val();
            self.readers[k].reset.next = self.reset.val();
            self.readers[k].halt.next = self.halt.val();
            self.readers[k].start.next = self.start[k].val();
            self.readers[k].address.next = self.from[k].val();
            self.readers[k].beats.next = self.beats[k].val();
            self.read_mux.ar_valid[k].next = self.readers[k].ar_valid.val();
            self.read_mux.ar_address[k].next = self.readers[k].ar_address.val();
            self.read_mux.ar_length[k].next = self.readers[k].ar_length.val();
            self.readers[k].ar_ready.next = self.read_mux.ar_ready[k].val();
            self.readers[k].r_valid.next = self.read_mux.r_valid[k].val();
            self.readers[k].r_data.next = self.m_axi_rdata.val();
            self.readers[k].r_error.next = self.m_axi_rresp.val().get_bit(1);
            self.read_fault[k].next = self.readers[k].fault.val();
            self.read_fault_address[k].next = self.readers[k].fault_address.val();
            self.widen[k].clock.next = self.clock.val();
            self.widen[k].reset.next = self.reset.val();
            self.widen[k].flush.next = false;
            self.widen[k].in_data.next = self.readers[k].out_data.val();
            self.widen[k].in_valid.next = self.readers[k].out_valid.val();
            self.readers[k].out_ready.next = self.widen[k].in_ready.val();
            self.narrow[k].clock.next = self.clock.val();
            self.narrow[k].reset.next = self.reset.val();
            self.narrow[k].flush.next = false;
            self.narrow[k].in_data.next = self.widen[k].out_data.val();
            self.narrow[k].in_valid.next = self.widen[k].out_valid.val();
            self.widen[k].out_ready.next = self.narrow[k].in_ready.val();
            self.writers[k].clock.next = self.clock.val();
            self.writers[k].reset.next = self.reset.val();
            self.writers[k].halt.next = self.halt.val();
            self.writers[k].in_data.next = self.narrow[k].out_data.val();
            self.writers[k].in_valid.next = self.narrow[k].out_valid.val();
            self.narrow[k].out_ready.next = self.writers[k].in_ready.val();
            self.writers[k].start.next = self.start[k].val();
            self.writers[k].address.next = self.to[k].val();
            self.writers[k].beats.next = self.beats[k].val();
            self.writers[k].last_strobe.next = self.strobe[k].val();
            self.write_mux.aw_valid[k].next = self.writers[k].aw_valid.val();
            self.write_mux.aw_address[k].next = self.writers[k].aw_address.val();
            self.write_mux.aw_length[k].next = self.writers[k].aw_length.val();
            self.writers[k].aw_ready.next = self.write_mux.aw_ready[k].val();
            self.write_mux.w_valid[k].next = self.writers[k].w_valid.val();
            self.write_mux.w_data[k].next = self.writers[k].w_data.val();
            self.write_mux.w_strobe[k].next = self.writers[k].w_strobe.val();
            self.write_mux.w_last[k].next = self.writers[k].w_last.val();
            self.writers[k].w_ready.next = self.write_mux.w_ready[k].val();
            self.writers[k].b_valid.next = self.write_mux.b_valid[k].val();
            self.writers[k].b_error.next = self.m_axi_bresp.val().get_bit(1);
            self.write_fault[k].next = self.writers[k].fault.val();
            self.write_fault_address[k].next = self.writers[k].fault_address.val();
            self.busy[k].next = self.readers[k].busy.val() | self.writers[k].busy.val();
            self.pending[k].next = self.readers[k].pending.val() | self.writers[k].pending.val();
        }
        self.m_axi_arid.next = self.read_mux.bus_ar_id.val();
        self.m_axi_araddr.next = self.read_mux.bus_ar_address.val();
        self.m_axi_arlen.next = self.read_mux.bus_ar_length.val();
        self.m_axi_arsize.next = self.size.val();
        self.m_axi_arburst.next = 1.into();
        self.m_axi_arvalid.next = self.read_mux.bus_ar_valid.val();
        self.read_mux.bus_ar_ready.next = self.m_axi_arready.val();
        self.read_mux.bus_r_id.next = self.m_axi_rid.val();
        self.read_mux.bus_r_valid.next = self.m_axi_rvalid.val();
        self.m_axi_rready.next = true;
        self.m_axi_awid.next = self.write_mux.bus_aw_id.val();
        self.m_axi_awaddr.next = self.write_mux.bus_aw_address.val();
        self.m_axi_awlen.next = self.write_mux.bus_aw_length.val();
        self.m_axi_awsize.next = self.size.val();
        self.m_axi_awburst.next = 1.into();
        self.m_axi_awvalid.next = self.write_mux.bus_aw_valid.val();
        self.write_mux.bus_aw_ready.next = self.m_axi_awready.val();
        self.m_axi_wdata.next = self.write_mux.bus_w_data.val();
        self.m_axi_wstrb.next = self.write_mux.bus_w_strobe.val();
        self.m_axi_wlast.next = self.write_mux.bus_w_last.val();
        self.m_axi_wvalid.next = self.write_mux.bus_w_valid.val();
        self.write_mux.bus_w_ready.next = self.m_axi_wready.val();
        self.write_mux.bus_b_id.next = self.m_axi_bid.val();
        self.write_mux.bus_b_valid.next = self.m_axi_bvalid.val();
        self.m_axi_bready.next = true;
    }
}

/// A job of one copier. Lengths are in bytes.
#[derive(Clone, Copy, Debug)]
struct Copy {
    from: u64,
    to: u64,
    length: usize,
}

struct Bench {
    simulation: Simulation,
    bus: AxiBus,
    ram: Ram,
    ports: [[Port; 10]; COPIERS],
}

const BASE: u64 = 0x1234_5670_0000;

impl Bench {
    fn new<const D: usize, const S: usize>(most_beats: usize, options: AxiOptions) -> Self {
        let design = emit("copiers", || Copiers::<D, S>::new(most_beats, 5)).unwrap();
        let library = Library::build(&design, &Options::default()).unwrap();
        let mut simulation = library.simulation().unwrap();
        let bus = AxiBus::new(&simulation, options).unwrap();
        let ports = std::array::from_fn(|k| {
            [
                "start",
                "from",
                "to",
                "beats",
                "strobe",
                "busy",
                "read_fault",
                "read_fault_address",
                "write_fault",
                "write_fault_address",
            ]
            .map(|name| simulation.port(&format!("{name}${k}")).unwrap())
        });
        let reset = simulation.port("reset").unwrap();
        simulation.set(reset, 1);
        simulation.tick();
        simulation.tick();
        simulation.set(reset, 0);
        let mut ram = Ram::new(BASE, 1 << 17);
        ChaCha8Rng::seed_from_u64(1).fill_bytes(&mut ram.bytes);
        Self { simulation, bus, ram, ports }
    }

    fn start(&mut self, copier: usize, copy: Copy) {
        let [start, from, to, beats, strobe, ..] = self.ports[copier];
        let beat = self.bus.beat_bytes();
        self.simulation.set(start, 1);
        self.simulation.set(from, copy.from);
        self.simulation.set(to, copy.to);
        self.simulation.set(beats, copy.length.div_ceil(beat) as u64);
        let last = (copy.length - 1) % beat + 1;
        self.simulation.set(strobe, u64::MAX >> (64 - last));
        self.cycle();
        self.simulation.set(start, 0);
    }

    fn cycle(&mut self) {
        self.bus.drive(&mut self.simulation, &mut self.ram);
        self.simulation.tick();
    }

    fn get(&self, copier: usize, port: usize) -> u64 {
        self.simulation.get(self.ports[copier][port])
    }

    fn busy(&self) -> bool {
        (0..COPIERS).any(|copier| self.get(copier, 5) == 1)
    }

    fn run(&mut self) {
        for _ in 0..20_000 {
            if !self.busy() {
                assert_eq!(self.bus.violations, Vec::<String>::new());
                return;
            }
            self.cycle();
        }
        panic!(
            "the copiers hang: {:?}\n{:?} {:?}",
            self.bus,
            [self.get(0, 5), self.get(0, 6), self.get(0, 8)],
            self.simulation.cycles()
        );
    }
}

/// Streams in these copiers come in 64-byte words, as in the card: so sources are whole multiples of 64 bytes.
fn copies_at_every_offset<const D: usize, const S: usize>(most_beats: usize, options: AxiOptions) {
    let mut bench = Bench::new::<D, S>(most_beats, options);
    let mut random = ChaCha8Rng::seed_from_u64(D as u64);
    let mut expected = bench.ram.bytes.clone();
    for round in 0..40 {
        for copier in 0..COPIERS {
            // Sources in the first half; the copiers' targets apart from each other, with guards between.
            let blocks = random.gen_range(1..60);
            let cut = if round % 2 == 0 { 0 } else { random.gen_range(0..S) };
            let from = 64 * random.gen_range(0..900u64);
            let to = 0x10000 + 0x8000 * copier as u64 + 64 * random.gen_range(0..400u64);
            let length = blocks * 64 - cut;
            let source = expected[from as usize..][..length].to_vec();
            expected[to as usize..][..length].copy_from_slice(&source);
            bench.start(copier, Copy { from: BASE + from, to: BASE + to, length });
        }
        bench.run();
        assert!(bench.ram.bytes == expected, "round {round}: bytes differ");
    }
    assert!(bench.bus.most_outstanding > 2, "only {} under way", bench.bus.most_outstanding);
}

#[test]
fn copies_arrive_on_a_rough_64_bit_bus() {
    copies_at_every_offset::<64, 8>(16, AxiOptions::rough(1));
}

#[test]
fn copies_arrive_on_a_rough_256_bit_bus() {
    copies_at_every_offset::<256, 32>(8, AxiOptions::rough(2));
}

#[test]
fn copies_arrive_on_a_rough_512_bit_bus() {
    copies_at_every_offset::<512, 64>(8, AxiOptions::rough(3));
}
