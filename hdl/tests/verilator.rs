//! The binding itself: a counter and a wide adder through emission, Verilator and back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use penstock_hdl::emit::{Design, EmitError, emit};
use penstock_hdl::verilator::{Library, Options, VerilatorError};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
struct Accumulator {
    clock: Signal<In, Clock>,
    reset: Signal<In, Bit>,
    step: Signal<In, Bits<300>>,
    total: Signal<Out, Bits<300>>,
    low: Signal<Out, Bits<12>>,
    sum: DFF<Bits<300>>,
}

impl Logic for Accumulator {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum);
        self.sum.d.next = self.sum.q.val() + self.step.val();
        if self.reset.val() {
            self.sum.d.next = 0.into();
        }
        self.total.next = self.sum.q.val();
        self.low.next = self.sum.q.val().get_bits::<12>(0);
    }
}

fn accumulator() -> Design {
    emit("accumulator", Accumulator::default).unwrap()
}

#[test]
fn wide_and_narrow_ports_carry_values() {
    let library = Library::build(&accumulator(), &Options::default()).unwrap();
    let mut simulation = library.simulation().unwrap();
    let [reset, step, total, low] = ["reset", "step", "total", "low"].map(|name| simulation.port(name).unwrap());
    let words = [u32::MAX, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    simulation.set_words(step, &words);
    simulation.tick();
    simulation.tick();
    let mut read = [0; 10];
    simulation.get_words(total, &mut read);
    assert_eq!(read, [u32::MAX - 1, 3, 4, 6, 8, 10, 12, 14, 16, 18]);
    assert_eq!(simulation.get(low), 0xffe);
    simulation.set(reset, 1);
    simulation.tick();
    assert_eq!(simulation.get(total), 0);
    assert_eq!(simulation.cycles(), 3);
    let mut another = library.simulation().unwrap();
    another.tick();
    assert_eq!(another.get(total), 0, "instances share nothing");
}

#[test]
fn emission_is_deterministic() {
    assert_eq!(accumulator(), accumulator());
    assert_eq!(accumulator().checksum().len(), 64);
}

#[test]
fn traces_are_written_on_request_only() {
    let file = std::env::temp_dir().join(format!("penstock-trace-{}.vcd", std::process::id()));
    let plain = Library::build(&accumulator(), &Options::default()).unwrap();
    assert!(matches!(plain.simulation().unwrap().trace(&file), Err(VerilatorError::NoTrace { .. })));
    let traced = Library::build(&accumulator(), &Options { trace: true, ..Options::default() }).unwrap();
    let mut simulation = traced.simulation().unwrap();
    simulation.trace(&file).unwrap();
    simulation.tick();
    drop(simulation);
    let vcd = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(vcd.contains("step"), "{vcd}");
}

#[test]
fn a_latch_is_refused() {
    let verilog = "module latch(clock,enable,d,q);\n    input wire clock;\n    input wire enable;\n    input wire d;\n    output reg q;\n    \
                   always @(*) if (enable) q = d;\nendmodule\n";
    let design = Design { top: "latch".into(), verilog: verilog.into() };
    let Err(VerilatorError::Build { log, .. }) = Library::build(&design, &Options::default()) else { panic!("built") };
    assert!(log.contains("LATCH"), "{log}");
}

#[test]
fn an_unknown_port_is_named_with_those_that_exist() {
    let simulation = Library::build(&accumulator(), &Options::default()).unwrap().simulation().unwrap();
    let error = simulation.port("steps").unwrap_err().to_string();
    assert!(error.contains("`steps`") && error.contains("step, total, low"), "{error}");
}

#[derive(LogicBlock, Default)]
struct Open {
    clock: Signal<In, Clock>,
    out: Signal<Out, Bit>,
    register: DFF<Bit>,
}

impl Logic for Open {
    #[hdl_gen]
    fn update(&mut self) {
        self.register.clock.next = self.clock.val();
        self.out.next = self.register.q.val();
    }
}

#[test]
fn a_signal_without_a_driver_is_refused() {
    assert!(matches!(emit("open", Open::default), Err(EmitError::Check { .. })));
}
