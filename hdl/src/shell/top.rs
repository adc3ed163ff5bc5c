//! The whole shell.
//!
//! ```text
//! host ──AXI4-Lite──> registers ──> submission ──> dispatch ──┬─> msm unit ──────> engine
//!                        ^             │                      ├─> poseidon unit ─> engine
//!                        │             │ read                 │ replies
//! host <──AXI4── read and write multiplexers <── completions <┘
//! ```
//!
//! Readers: 0 fetches commands, 1 Poseidon's pairs, 2 bases, from 3 on a scalar vector each. Writers: 0 completions,
//! 1 identity, 2 hashes, 3 sums. A number is also the identifier on the bus.

use penstock_abi::Capabilities;
use rust_hdl::prelude::*;

use super::completion::CompletionRing;
use super::dispatch::{Dispatch, JOB_BITS};
use super::fifo::Fifo;
use super::lite::LiteSlave;
use super::msm::{MsmUnit, PASS_BITS};
use super::poseidon::PoseidonUnit;
use super::quiesce::Quiesce;
use super::read_mux::ReadMux;
use super::reader::Reader;
use super::record::RecordWriter;
use super::registers::Registers;
use super::resize::Resize;
use super::self_test::KnownSum;
use super::submission::Submission;
use super::write_mux::WriteMux;
use crate::leaf::Parameter;

/// Readers before those of the scalar vectors, and writers.
const OTHER_READERS: usize = 3;
const WRITERS: usize = 4;
/// 2^3 jobs wait for each engine.
const JOB_DEPTH_BITS: usize = 3;

/// What a shell is built for.
#[derive(Clone, Debug)]
pub struct ShellConfig {
    /// What the card's registers say, and what its decoder checks by.
    pub capabilities: Capabilities,
    /// Pairs of a window and a vector that one pass of the MSM engine accumulates.
    pub groups: usize,
    /// What the MSM engine's self-test knows.
    pub known_sum: KnownSum,
    /// Beats of the longest burst, a power of two up to 256.
    pub most_beats: usize,
    /// Queues of readers and writers hold 2^this beats; at least one burst, several for several under way.
    pub depth_bits: usize,
}

/// The shell for a bus of `D` bits, `S` = `D` / 8 bytes, with the streams of its two engines: bases in words of `B` bits, sums in
/// words of `U`.
#[derive(LogicBlock, Default)]
#[allow(missing_docs)]
pub struct Shell<const D: usize, const S: usize, const B: usize, const U: usize> {
    pub clock: Signal<In, Clock>,
    /// Power-up reset.
    pub reset: Signal<In, Bit>,
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
    /// Resets the engines, also for a soft reset.
    pub engine_reset: Signal<Out, Bit>,
    pub pass_data: Signal<Out, Bits<PASS_BITS>>,
    pub pass_valid: Signal<Out, Bit>,
    pub pass_ready: Signal<In, Bit>,
    pub base_data: Signal<Out, Bits<B>>,
    pub base_valid: Signal<Out, Bit>,
    pub base_ready: Signal<In, Bit>,
    pub scalar_data: Signal<Out, Bits<256>>,
    pub scalar_valid: Signal<Out, Bit>,
    pub scalar_ready: Signal<In, Bit>,
    pub sum_data: Signal<In, Bits<U>>,
    pub sum_valid: Signal<In, Bit>,
    pub sum_ready: Signal<Out, Bit>,
    pub pairs_data: Signal<Out, Bits<512>>,
    pub pairs_valid: Signal<Out, Bit>,
    pub pairs_ready: Signal<In, Bit>,
    pub hashes_data: Signal<In, Bits<256>>,
    pub hashes_valid: Signal<In, Bit>,
    pub hashes_ready: Signal<Out, Bit>,
    slave: LiteSlave,
    registers: Registers,
    quiesce: Quiesce,
    submission: Submission,
    fetcher: Reader<D>,
    gather: Resize<D, 512>,
    dispatch: Dispatch,
    completions: CompletionRing,
    completion_writer: RecordWriter<D, S>,
    identity_writer: RecordWriter<D, S>,
    msm_jobs: Fifo<Bits<JOB_BITS>>,
    poseidon_jobs: Fifo<Bits<JOB_BITS>>,
    msm: MsmUnit<D, S, B, U>,
    poseidon: PoseidonUnit<D, S>,
    read_mux: ReadMux,
    write_mux: WriteMux<D, S>,
    raised: DFF<Bit>,
    under_way: DFF<Bits<32>>,
    beat_size: Parameter<Bits<3>>,
    pending: Signal<Local, Bit>,
    fatal: Signal<Local, Bit>,
    read_error: Signal<Local, Bit>,
    write_error: Signal<Local, Bit>,
    _msm_readers: usize,
}

impl<const D: usize, const S: usize, const B: usize, const U: usize> Shell<D, S, B, U> {
    /// A shell.
    pub fn new(config: &ShellConfig) -> Self {
        assert!(S * 8 == D && matches!(D, 64 | 128 | 256 | 512), "a bus of {D} bits has {} bytes, not {S}", D / 8);
        let ShellConfig { capabilities, groups, known_sum, most_beats, depth_bits } = config;
        let readers = OTHER_READERS + usize::from(capabilities.vectors);
        Self {
            registers: Registers::new(capabilities),
            submission: Submission::new(S, capabilities),
            fetcher: Reader::new(*most_beats, *depth_bits),
            gather: Resize::new(),
            dispatch: Dispatch::new(capabilities),
            completions: CompletionRing::new(3),
            completion_writer: RecordWriter::new(),
            identity_writer: RecordWriter::new(),
            msm_jobs: Fifo::new(JOB_DEPTH_BITS),
            poseidon_jobs: Fifo::new(JOB_DEPTH_BITS),
            msm: MsmUnit::new(capabilities, *groups, known_sum, *most_beats, *depth_bits),
            poseidon: PoseidonUnit::new(*most_beats, *depth_bits),
            read_mux: ReadMux::new(readers),
            write_mux: WriteMux::new(WRITERS),
            beat_size: Parameter::new(u64::from(S.trailing_zeros()).into()),
            _msm_readers: readers - 2,
            ..Self::default()
        }
    }
}

impl<const D: usize, const S: usize, const B: usize, const U: usize> Logic for Shell<D, S, B, U> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clock,
            slave,
            registers,
            quiesce,
            submission,
            fetcher,
            gather,
            dispatch,
            completions,
            completion_writer,
            identity_writer
        );
        clock!(self, clock, msm_jobs, poseidon_jobs, msm, poseidon, read_mux, write_mux);
        dff_setup!(self, clock, raised, under_way);

        // Resets. The register file and its slave live through all but power-up.
        self.slave.reset.next = self.reset.val();
        self.registers.reset.next = self.reset.val();
        self.registers.clear.next = self.quiesce.clear.val();
        self.registers.clear_all.next = self.quiesce.clear_all.val();
        self.registers.resetting.next = self.quiesce.resetting.val();
        self.quiesce.reset.next = self.reset.val();
        self.quiesce.soft_reset.next = self.registers.soft_reset.val();
        self.quiesce.function_reset.next = self.function_reset.val();
        self.engine_reset.next = self.quiesce.clear.val();
        self.submission.reset.next = self.quiesce.clear.val();
        self.fetcher.reset.next = self.quiesce.clear.val();
        self.gather.reset.next = self.quiesce.clear.val();
        self.dispatch.reset.next = self.quiesce.clear.val();
        self.completions.reset.next = self.quiesce.clear.val();
        self.completion_writer.reset.next = self.quiesce.clear.val();
        self.identity_writer.reset.next = self.quiesce.clear.val();
        self.msm_jobs.reset.next = self.quiesce.clear.val();
        self.poseidon_jobs.reset.next = self.quiesce.clear.val();
        self.msm.reset.next = self.quiesce.clear.val();
        self.poseidon.reset.next = self.quiesce.clear.val();
        self.read_mux.reset.next = self.quiesce.clear.val();
        self.write_mux.reset.next = self.quiesce.clear.val();
        self.fetcher.halt.next = self.quiesce.halt.val();
        self.completion_writer.halt.next = self.quiesce.halt.val();
        self.identity_writer.halt.next = self.quiesce.halt.val();
        self.msm.halt.next = self.quiesce.halt.val();
        self.poseidon.halt.next = self.quiesce.halt.val();
        self.pending.next = ((self.fetcher.pending.val() | self.completion_writer.pending.val())
            | (self.identity_writer.pending.val() | self.msm.pending.val()))
            | (self.poseidon.pending.val() | self.read_mux.pending.val());
        self.quiesce.pending.next = self.pending.val();

        // Registers.
        self.slave.aw_address.next = self.s_axil_awaddr.val();
        self.slave.aw_valid.next = self.s_axil_awvalid.val();
        self.slave.w_data.next = self.s_axil_wdata.val();
        self.slave.w_strobe.next = self.s_axil_wstrb.val();
        self.slave.w_valid.next = self.s_axil_wvalid.val();
        self.slave.b_ready.next = self.s_axil_bready.val();
        self.slave.ar_address.next = self.s_axil_araddr.val();
        self.slave.ar_valid.next = self.s_axil_arvalid.val();
        self.slave.r_ready.next = self.s_axil_rready.val();
        self.s_axil_awready.next = self.slave.aw_ready.val();
        self.s_axil_wready.next = self.slave.w_ready.val();
        self.s_axil_bresp.next = 0.into();
        self.s_axil_bvalid.next = self.slave.b_valid.val();
        self.s_axil_arready.next = self.slave.ar_ready.val();
        self.s_axil_rdata.next = self.slave.r_data.val();
        self.s_axil_rresp.next = 0.into();
        self.s_axil_rvalid.next = self.slave.r_valid.val();
        self.registers.write.next = self.slave.write.val();
        self.registers.write_address.next = self.slave.write_address.val();
        self.registers.write_data.next = self.slave.write_data.val();
        self.registers.read.next = self.slave.read.val();
        self.registers.read_address.next = self.slave.read_address.val();
        self.slave.read_data.next = self.registers.read_data.val();
        self.registers.rtl_checksum.next = self.rtl_checksum.val();
        self.registers.temperature.next = self.temperature.val();
        self.fatal.next = self.submission.fatal.val() | self.completions.fatal.val();
        self.registers.fatal.next = self.fatal.val();
        self.registers.fault_address.next = 0.into();
        if self.completions.fatal.val() {
            self.registers.fault_address.next = self.completions.fatal_address.val();
        }
        if self.submission.fatal.val() {
            self.registers.fault_address.next = self.submission.fatal_address.val();
        }
        self.registers.submission_head.next = self.submission.head.val();
        self.registers.completion_tail.next = self.completions.tail.val();
        if self.submission.accepted.val() & !self.completions.completed.val() {
            self.under_way.d.next = self.under_way.q.val() + 1;
        }
        if !self.submission.accepted.val() & self.completions.completed.val() {
            self.under_way.d.next = self.under_way.q.val() - 1;
        }
        self.registers.busy.next = self.under_way.q.val() != 0;

        // Commands.
        self.submission.enable.next = self.registers.is_ready.val() & !self.quiesce.halt.val();
        self.submission.base.next = self.registers.submission_base.val();
        self.submission.mask.next = self.registers.submission_mask.val();
        self.submission.tail.next = self.registers.tail.val();
        self.submission.now.next = self.registers.now.val();
        self.fetcher.start.next = self.submission.read_start.val();
        self.fetcher.address.next = self.submission.read_address.val();
        self.fetcher.beats.next = self.submission.read_beats.val();
        self.gather.flush.next = self.submission.read_start.val();
        self.gather.in_data.next = self.fetcher.out_data.val();
        self.gather.in_valid.next = self.fetcher.out_valid.val();
        self.fetcher.out_ready.next = self.gather.in_ready.val();
        self.submission.in_data.next = self.gather.out_data.val();
        self.submission.in_valid.next = self.gather.out_valid.val();
        self.gather.out_ready.next = self.submission.in_ready.val();
        self.submission.read_fault.next = self.fetcher.fault.val();
        self.submission.read_fault_address.next = self.fetcher.fault_address.val();
        self.dispatch.in_valid.next = self.submission.out_valid.val();
        self.submission.out_ready.next = self.dispatch.in_ready.val();
        self.dispatch.command.next = self.submission.command.val();
        self.dispatch.fetched.next = self.submission.fetched.val();
        self.dispatch.status.next = self.submission.status.val();
        self.dispatch.detail.next = self.submission.detail.val();
        self.identity_writer.start.next = self.dispatch.write_start.val();
        self.identity_writer.address.next = self.dispatch.write_address.val();
        self.identity_writer.record.next = self.registers.identity.val();
        self.identity_writer.short.next = false;
        self.dispatch.write_busy.next = self.identity_writer.busy.val();
        self.dispatch.write_fault.next = self.identity_writer.fault.val();

        // Engines.
        self.msm_jobs.in_data.next = self.dispatch.job.val();
        self.msm_jobs.in_valid.next = self.dispatch.msm_valid.val();
        self.dispatch.msm_ready.next = self.msm_jobs.in_ready.val();
        self.msm.job.next = self.msm_jobs.out_data.val();
        self.msm.job_valid.next = self.msm_jobs.out_valid.val();
        self.msm_jobs.out_ready.next = self.msm.job_ready.val();
        self.poseidon_jobs.in_data.next = self.dispatch.job.val();
        self.poseidon_jobs.in_valid.next = self.dispatch.poseidon_valid.val();
        self.dispatch.poseidon_ready.next = self.poseidon_jobs.in_ready.val();
        self.poseidon.job.next = self.poseidon_jobs.out_data.val();
        self.poseidon.job_valid.next = self.poseidon_jobs.out_valid.val();
        self.poseidon_jobs.out_ready.next = self.poseidon.job_ready.val();
        self.poseidon.test.next = self.dispatch.test.val().get_bit(1);
        self.msm.test.next = self.dispatch.test.val().get_bit(0);
        self.dispatch.msm_tested.next = self.msm.tested.val();
        self.dispatch.msm_failed.next = self.msm.test_failed.val();
        self.dispatch.poseidon_tested.next = self.poseidon.tested.val();
        self.dispatch.poseidon_failed.next = self.poseidon.test_failed.val();
        self.pass_data.next = self.msm.pass_data.val();
        self.pass_valid.next = self.msm.pass_valid.val();
        self.msm.pass_ready.next = self.pass_ready.val();
        self.base_data.next = self.msm.base_data.val();
        self.base_valid.next = self.msm.base_valid.val();
        self.msm.base_ready.next = self.base_ready.val();
        self.scalar_data.next = self.msm.scalar_data.val();
        self.scalar_valid.next = self.msm.scalar_valid.val();
        self.msm.scalar_ready.next = self.scalar_ready.val();
        self.msm.sum_data.next = self.sum_data.val();
        self.msm.sum_valid.next = self.sum_valid.val();
        self.sum_ready.next = self.msm.sum_ready.val();
        self.pairs_data.next = self.poseidon.pairs_data.val();
        self.pairs_valid.next = self.poseidon.pairs_valid.val();
        self.poseidon.pairs_ready.next = self.pairs_ready.val();
        self.poseidon.hashes_data.next = self.hashes_data.val();
        self.poseidon.hashes_valid.next = self.hashes_valid.val();
        self.hashes_ready.next = self.poseidon.hashes_ready.val();

        // Completions and the interrupt.
        self.completions.base.next = self.registers.completion_base.val();
        self.completions.mask.next = self.registers.completion_mask.val();
        self.completions.head.next = self.registers.head.val();
        self.completions.now.next = self.registers.now.val();
        self.completions.submission_head.next = self.submission.head.val();
        self.completions.reply_data[0].next = self.dispatch.reply_data.val();
        self.completions.reply_valid[0].next = self.dispatch.reply_valid.val();
        self.dispatch.reply_ready.next = self.completions.reply_ready[0].val();
        self.completions.reply_data[1].next = self.msm.reply_data.val();
        self.completions.reply_valid[1].next = self.msm.reply_valid.val();
        self.msm.reply_ready.next = self.completions.reply_ready[1].val();
        self.completions.reply_data[2].next = self.poseidon.reply_data.val();
        self.completions.reply_valid[2].next = self.poseidon.reply_valid.val();
        self.poseidon.reply_ready.next = self.completions.reply_ready[2].val();
        self.completion_writer.start.next = self.completions.write_start.val();
        self.completion_writer.address.next = self.completions.write_address.val();
        self.completion_writer.record.next = self.completions.write_record.val();
        self.completion_writer.short.next = true;
        self.completions.write_busy.next = self.completion_writer.busy.val();
        self.completions.write_fault.next = self.completion_writer.fault.val();
        if self.interrupt_taken.val() {
            self.raised.d.next = false;
        }
        if self.completions.completed.val() & self.registers.interrupts.val() {
            self.raised.d.next = true;
        }
        self.interrupt_request.next = self.raised.q.val();
        if self.quiesce.clear.val() {
            self.raised.d.next = false;
            self.under_way.d.next = 0.into();
        }

        // The bus: reads.
        self.read_error.next = self.m_axi_rresp.val().get_bit(1);
        self.read_mux.ar_valid[0].next = self.fetcher.ar_valid.val();
        self.read_mux.ar_address[0].next = self.fetcher.ar_address.val();
        self.read_mux.ar_length[0].next = self.fetcher.ar_length.val();
        self.fetcher.ar_ready.next = self.read_mux.ar_ready[0].val();
        self.fetcher.r_valid.next = self.read_mux.r_valid[0].val();
        self.read_mux.ar_valid[1].next = self.poseidon.ar_valid.val();
        self.read_mux.ar_address[1].next = self.poseidon.ar_address.val();
        self.read_mux.ar_length[1].next = self.poseidon.ar_length.val();
        self.poseidon.ar_ready.next = self.read_mux.ar_ready[1].val();
        self.poseidon.r_valid.next = self.read_mux.r_valid[1].val();
        for k in 0..self._msm_readers {
            self.read_mux.ar_valid[k + 2].next = self.msm.ar_valid[k].val();
            self.read_mux.ar_address[k + 2].next = self.msm.ar_address[k].val();
            self.read_mux.ar_length[k + 2].next = self.msm.ar_length[k].val();
            self.msm.ar_ready[k].next = self.read_mux.ar_ready[k + 2].val();
            self.msm.r_valid[k].next = self.read_mux.r_valid[k + 2].val();
        }
        self.fetcher.r_data.next = self.m_axi_rdata.val();
        self.fetcher.r_error.next = self.read_error.val();
        self.poseidon.r_data.next = self.m_axi_rdata.val();
        self.poseidon.r_error.next = self.read_error.val();
        self.msm.r_data.next = self.m_axi_rdata.val();
        self.msm.r_error.next = self.read_error.val();
        self.m_axi_arid.next = self.read_mux.bus_ar_id.val();
        self.m_axi_araddr.next = self.read_mux.bus_ar_address.val();
        self.m_axi_arlen.next = self.read_mux.bus_ar_length.val();
        self.m_axi_arsize.next = self.beat_size.val();
        self.m_axi_arburst.next = 1.into();
        self.m_axi_arvalid.next = self.read_mux.bus_ar_valid.val();
        self.read_mux.bus_ar_ready.next = self.m_axi_arready.val();
        self.read_mux.bus_r_id.next = self.m_axi_rid.val();
        self.read_mux.bus_r_valid.next = self.m_axi_rvalid.val();
        self.m_axi_rready.next = true;

        // The bus: writes.
        self.write_error.next = self.m_axi_bresp.val().get_bit(1);
        self.write_mux.aw_valid[0].next = self.completion_writer.aw_valid.val();
        self.write_mux.aw_address[0].next = self.completion_writer.aw_address.val();
        self.write_mux.aw_length[0].next = self.completion_writer.aw_length.val();
        self.write_mux.w_valid[0].next = self.completion_writer.w_valid.val();
        self.write_mux.w_data[0].next = self.completion_writer.w_data.val();
        self.write_mux.w_strobe[0].next = self.completion_writer.w_strobe.val();
        self.write_mux.w_last[0].next = self.completion_writer.w_last.val();
        self.completion_writer.aw_ready.next = self.write_mux.aw_ready[0].val();
        self.completion_writer.w_ready.next = self.write_mux.w_ready[0].val();
        self.completion_writer.b_valid.next = self.write_mux.b_valid[0].val();
        self.completion_writer.b_error.next = self.write_error.val();
        self.write_mux.aw_valid[1].next = self.identity_writer.aw_valid.val();
        self.write_mux.aw_address[1].next = self.identity_writer.aw_address.val();
        self.write_mux.aw_length[1].next = self.identity_writer.aw_length.val();
        self.write_mux.w_valid[1].next = self.identity_writer.w_valid.val();
        self.write_mux.w_data[1].next = self.identity_writer.w_data.val();
        self.write_mux.w_strobe[1].next = self.identity_writer.w_strobe.val();
        self.write_mux.w_last[1].next = self.identity_writer.w_last.val();
        self.identity_writer.aw_ready.next = self.write_mux.aw_ready[1].val();
        self.identity_writer.w_ready.next = self.write_mux.w_ready[1].val();
        self.identity_writer.b_valid.next = self.write_mux.b_valid[1].val();
        self.identity_writer.b_error.next = self.write_error.val();
        self.write_mux.aw_valid[2].next = self.poseidon.aw_valid.val();
        self.write_mux.aw_address[2].next = self.poseidon.aw_address.val();
        self.write_mux.aw_length[2].next = self.poseidon.aw_length.val();
        self.write_mux.w_valid[2].next = self.poseidon.w_valid.val();
        self.write_mux.w_data[2].next = self.poseidon.w_data.val();
        self.write_mux.w_strobe[2].next = self.poseidon.w_strobe.val();
        self.write_mux.w_last[2].next = self.poseidon.w_last.val();
        self.poseidon.aw_ready.next = self.write_mux.aw_ready[2].val();
        self.poseidon.w_ready.next = self.write_mux.w_ready[2].val();
        self.poseidon.b_valid.next = self.write_mux.b_valid[2].val();
        self.poseidon.b_error.next = self.write_error.val();
        self.write_mux.aw_valid[3].next = self.msm.aw_valid.val();
        self.write_mux.aw_address[3].next = self.msm.aw_address.val();
        self.write_mux.aw_length[3].next = self.msm.aw_length.val();
        self.write_mux.w_valid[3].next = self.msm.w_valid.val();
        self.write_mux.w_data[3].next = self.msm.w_data.val();
        self.write_mux.w_strobe[3].next = self.msm.w_strobe.val();
        self.write_mux.w_last[3].next = self.msm.w_last.val();
        self.msm.aw_ready.next = self.write_mux.aw_ready[3].val();
        self.msm.w_ready.next = self.write_mux.w_ready[3].val();
        self.msm.b_valid.next = self.write_mux.b_valid[3].val();
        self.msm.b_error.next = self.write_error.val();
        self.m_axi_awid.next = self.write_mux.bus_aw_id.val();
        self.m_axi_awaddr.next = self.write_mux.bus_aw_address.val();
        self.m_axi_awlen.next = self.write_mux.bus_aw_length.val();
        self.m_axi_awsize.next = self.beat_size.val();
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
