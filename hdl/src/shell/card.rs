//! A card: the shell and two engines.

/// Declares a card's top: `card! { /// What it is.  Name, MsmEngine, base bits, sum bits, PoseidonEngine }` makes
/// `Name<D, S>`, whose `new` takes the [`Shell`](crate::shell::top::Shell) and the engines. Engines are any blocks with the streams of the real ones.
#[macro_export]
macro_rules! card {
    ($(#[$meta:meta])* $name:ident, $msm:ty, $base:expr, $sum:expr, $poseidon:ty) => {
        $(#[$meta])*
        #[derive(LogicBlock)]
        #[allow(missing_docs)]
        pub struct $name<const D: usize, const S: usize> {
            pub clock: Signal<In, Clock>,
            /// Power-up reset.
            pub reset: Signal<In, Bit>,
            /// Of the `compact` shape's multipliers, three times the clock, and its strobe; `pipelined` ignores both.
            pub ring_clock: Signal<In, Clock>,
            pub ring_strobe: Signal<In, Bit>,
            /// One cycle or longer: function-level reset.
            pub function_reset: Signal<In, Bit>,
            /// What the card says of its own Verilog, tied by the board.
            pub rtl_checksum: Signal<In, Bits<64>>,
            /// Of the die; 0x80000000 without a sensor.
            pub temperature: Signal<In, Bits<32>>,
            /// Held until taken.
            pub interrupt_request: Signal<Out, Bit>,
            pub interrupt_taken: Signal<In, Bit>,
            pub s_axil_awaddr: Signal<In, Bits<12>>,
            pub s_axil_awvalid: Signal<In, Bit>,
            pub s_axil_wdata: Signal<In, Bits<32>>,
            pub s_axil_wstrb: Signal<In, Bits<4>>,
            pub s_axil_wvalid: Signal<In, Bit>,
            pub s_axil_bready: Signal<In, Bit>,
            pub s_axil_araddr: Signal<In, Bits<12>>,
            pub s_axil_arvalid: Signal<In, Bit>,
            pub s_axil_rready: Signal<In, Bit>,
            pub s_axil_awready: Signal<Out, Bit>,
            pub s_axil_wready: Signal<Out, Bit>,
            pub s_axil_bresp: Signal<Out, Bits<2>>,
            pub s_axil_bvalid: Signal<Out, Bit>,
            pub s_axil_arready: Signal<Out, Bit>,
            pub s_axil_rdata: Signal<Out, Bits<32>>,
            pub s_axil_rresp: Signal<Out, Bits<2>>,
            pub s_axil_rvalid: Signal<Out, Bit>,
            pub m_axi_arid: Signal<Out, Bits<4>>,
            pub m_axi_araddr: Signal<Out, Bits<64>>,
            pub m_axi_arlen: Signal<Out, Bits<8>>,
            pub m_axi_arsize: Signal<Out, Bits<3>>,
            pub m_axi_arburst: Signal<Out, Bits<2>>,
            pub m_axi_arvalid: Signal<Out, Bit>,
            pub m_axi_rready: Signal<Out, Bit>,
            pub m_axi_awid: Signal<Out, Bits<4>>,
            pub m_axi_awaddr: Signal<Out, Bits<64>>,
            pub m_axi_awlen: Signal<Out, Bits<8>>,
            pub m_axi_awsize: Signal<Out, Bits<3>>,
            pub m_axi_awburst: Signal<Out, Bits<2>>,
            pub m_axi_awvalid: Signal<Out, Bit>,
            pub m_axi_wdata: Signal<Out, Bits<D>>,
            pub m_axi_wstrb: Signal<Out, Bits<S>>,
            pub m_axi_wlast: Signal<Out, Bit>,
            pub m_axi_wvalid: Signal<Out, Bit>,
            pub m_axi_bready: Signal<Out, Bit>,
            pub m_axi_arready: Signal<In, Bit>,
            pub m_axi_rid: Signal<In, Bits<4>>,
            pub m_axi_rdata: Signal<In, Bits<D>>,
            pub m_axi_rresp: Signal<In, Bits<2>>,
            pub m_axi_rlast: Signal<In, Bit>,
            pub m_axi_rvalid: Signal<In, Bit>,
            pub m_axi_awready: Signal<In, Bit>,
            pub m_axi_wready: Signal<In, Bit>,
            pub m_axi_bid: Signal<In, Bits<4>>,
            pub m_axi_bresp: Signal<In, Bits<2>>,
            pub m_axi_bvalid: Signal<In, Bit>,
            shell: $crate::shell::top::Shell<D, S, { $base }, { $sum }>,
            msm: $msm,
            poseidon: $poseidon,
        }

        impl<const D: usize, const S: usize> $name<D, S> {
            /// The card of these parts.
            pub fn new(
                shell: $crate::shell::top::Shell<D, S, { $base }, { $sum }>,
                msm: $msm,
                poseidon: $poseidon,
            ) -> Self {
                Self {
                    clock: Default::default(),
                    reset: Default::default(),
                    ring_clock: Default::default(),
                    ring_strobe: Default::default(),
                    function_reset: Default::default(),
                    rtl_checksum: Default::default(),
                    temperature: Default::default(),
                    interrupt_request: Default::default(),
                    interrupt_taken: Default::default(),
                    s_axil_awaddr: Default::default(),
                    s_axil_awvalid: Default::default(),
                    s_axil_wdata: Default::default(),
                    s_axil_wstrb: Default::default(),
                    s_axil_wvalid: Default::default(),
                    s_axil_bready: Default::default(),
                    s_axil_araddr: Default::default(),
                    s_axil_arvalid: Default::default(),
                    s_axil_rready: Default::default(),
                    s_axil_awready: Default::default(),
                    s_axil_wready: Default::default(),
                    s_axil_bresp: Default::default(),
                    s_axil_bvalid: Default::default(),
                    s_axil_arready: Default::default(),
                    s_axil_rdata: Default::default(),
                    s_axil_rresp: Default::default(),
                    s_axil_rvalid: Default::default(),
                    m_axi_arid: Default::default(),
                    m_axi_araddr: Default::default(),
                    m_axi_arlen: Default::default(),
                    m_axi_arsize: Default::default(),
                    m_axi_arburst: Default::default(),
                    m_axi_arvalid: Default::default(),
                    m_axi_rready: Default::default(),
                    m_axi_awid: Default::default(),
                    m_axi_awaddr: Default::default(),
                    m_axi_awlen: Default::default(),
                    m_axi_awsize: Default::default(),
                    m_axi_awburst: Default::default(),
                    m_axi_awvalid: Default::default(),
                    m_axi_wdata: Default::default(),
                    m_axi_wstrb: Default::default(),
                    m_axi_wlast: Default::default(),
                    m_axi_wvalid: Default::default(),
                    m_axi_bready: Default::default(),
                    m_axi_arready: Default::default(),
                    m_axi_rid: Default::default(),
                    m_axi_rdata: Default::default(),
                    m_axi_rresp: Default::default(),
                    m_axi_rlast: Default::default(),
                    m_axi_rvalid: Default::default(),
                    m_axi_awready: Default::default(),
                    m_axi_wready: Default::default(),
                    m_axi_bid: Default::default(),
                    m_axi_bresp: Default::default(),
                    m_axi_bvalid: Default::default(),
                    shell,
                    msm,
                    poseidon,
                }
            }
        }

        impl<const D: usize, const S: usize> Logic for $name<D, S> {
            #[hdl_gen]
            fn update(&mut self) {
                self.shell.clock.next = self.clock.val();
                self.shell.reset.next = self.reset.val();
                self.msm.clock.next = self.clock.val();
                self.msm.reset.next = self.shell.engine_reset.val();
                self.msm.ring_clock.next = self.ring_clock.val();
                self.msm.ring_strobe.next = self.ring_strobe.val();
                self.poseidon.clock.next = self.clock.val();
                self.poseidon.reset.next = self.shell.engine_reset.val();
                self.shell.function_reset.next = self.function_reset.val();
                self.shell.rtl_checksum.next = self.rtl_checksum.val();
                self.shell.temperature.next = self.temperature.val();
                self.interrupt_request.next = self.shell.interrupt_request.val();
                self.shell.interrupt_taken.next = self.interrupt_taken.val();
                self.shell.s_axil_awaddr.next = self.s_axil_awaddr.val();
                self.shell.s_axil_awvalid.next = self.s_axil_awvalid.val();
                self.shell.s_axil_wdata.next = self.s_axil_wdata.val();
                self.shell.s_axil_wstrb.next = self.s_axil_wstrb.val();
                self.shell.s_axil_wvalid.next = self.s_axil_wvalid.val();
                self.shell.s_axil_bready.next = self.s_axil_bready.val();
                self.shell.s_axil_araddr.next = self.s_axil_araddr.val();
                self.shell.s_axil_arvalid.next = self.s_axil_arvalid.val();
                self.shell.s_axil_rready.next = self.s_axil_rready.val();
                self.s_axil_awready.next = self.shell.s_axil_awready.val();
                self.s_axil_wready.next = self.shell.s_axil_wready.val();
                self.s_axil_bresp.next = self.shell.s_axil_bresp.val();
                self.s_axil_bvalid.next = self.shell.s_axil_bvalid.val();
                self.s_axil_arready.next = self.shell.s_axil_arready.val();
                self.s_axil_rdata.next = self.shell.s_axil_rdata.val();
                self.s_axil_rresp.next = self.shell.s_axil_rresp.val();
                self.s_axil_rvalid.next = self.shell.s_axil_rvalid.val();
                self.m_axi_arid.next = self.shell.m_axi_arid.val();
                self.m_axi_araddr.next = self.shell.m_axi_araddr.val();
                self.m_axi_arlen.next = self.shell.m_axi_arlen.val();
                self.m_axi_arsize.next = self.shell.m_axi_arsize.val();
                self.m_axi_arburst.next = self.shell.m_axi_arburst.val();
                self.m_axi_arvalid.next = self.shell.m_axi_arvalid.val();
                self.m_axi_rready.next = self.shell.m_axi_rready.val();
                self.m_axi_awid.next = self.shell.m_axi_awid.val();
                self.m_axi_awaddr.next = self.shell.m_axi_awaddr.val();
                self.m_axi_awlen.next = self.shell.m_axi_awlen.val();
                self.m_axi_awsize.next = self.shell.m_axi_awsize.val();
                self.m_axi_awburst.next = self.shell.m_axi_awburst.val();
                self.m_axi_awvalid.next = self.shell.m_axi_awvalid.val();
                self.m_axi_wdata.next = self.shell.m_axi_wdata.val();
                self.m_axi_wstrb.next = self.shell.m_axi_wstrb.val();
                self.m_axi_wlast.next = self.shell.m_axi_wlast.val();
                self.m_axi_wvalid.next = self.shell.m_axi_wvalid.val();
                self.m_axi_bready.next = self.shell.m_axi_bready.val();
                self.shell.m_axi_arready.next = self.m_axi_arready.val();
                self.shell.m_axi_rid.next = self.m_axi_rid.val();
                self.shell.m_axi_rdata.next = self.m_axi_rdata.val();
                self.shell.m_axi_rresp.next = self.m_axi_rresp.val();
                self.shell.m_axi_rlast.next = self.m_axi_rlast.val();
                self.shell.m_axi_rvalid.next = self.m_axi_rvalid.val();
                self.shell.m_axi_awready.next = self.m_axi_awready.val();
                self.shell.m_axi_wready.next = self.m_axi_wready.val();
                self.shell.m_axi_bid.next = self.m_axi_bid.val();
                self.shell.m_axi_bresp.next = self.m_axi_bresp.val();
                self.shell.m_axi_bvalid.next = self.m_axi_bvalid.val();
                self.msm.pass_data.next = self.shell.pass_data.val();
                self.msm.pass_valid.next = self.shell.pass_valid.val();
                self.shell.pass_ready.next = self.msm.pass_ready.val();
                self.msm.base_data.next = self.shell.base_data.val();
                self.msm.base_valid.next = self.shell.base_valid.val();
                self.shell.base_ready.next = self.msm.base_ready.val();
                self.msm.scalar_data.next = self.shell.scalar_data.val();
                self.msm.scalar_valid.next = self.shell.scalar_valid.val();
                self.shell.scalar_ready.next = self.msm.scalar_ready.val();
                self.poseidon.pairs_data.next = self.shell.pairs_data.val();
                self.poseidon.pairs_valid.next = self.shell.pairs_valid.val();
                self.shell.pairs_ready.next = self.poseidon.pairs_ready.val();
                self.shell.sum_data.next = self.msm.sum_data.val();
                self.shell.sum_valid.next = self.msm.sum_valid.val();
                self.msm.sum_ready.next = self.shell.sum_ready.val();
                self.shell.hashes_data.next = self.poseidon.hashes_data.val();
                self.shell.hashes_valid.next = self.poseidon.hashes_valid.val();
                self.poseidon.hashes_ready.next = self.shell.hashes_ready.val();
                self.msm.done_ready.next = true;
            }
        }
    };
}
