//! The cards that the suite runs against.
//!
//! RTL computes some thousand times slower than the model: what costs it much is asked of it in smaller sizes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use penstock_driver::transport::uart::{Uart, UartOptions};
use penstock_driver::transport::vfio::Vfio;
use penstock_driver::transport::vfio_user::VfioUser;
use penstock_driver::{Address, Card, Options, Transport};
use penstock_sim::model::{CAPABILITIES, Fault, Model};
use penstock_sim::rtl::{AxiOptions, CardConfig, Rtl, RtlOptions, Shape};
use penstock_sim::{Function, InProcess, server};
use tempfile::TempDir;

/// How long the suite waits for what has to come, on a busy machine.
pub const PATIENT: Duration = Duration::from_secs(600);
/// How long it waits for what never comes.
pub const IMPATIENT: Duration = Duration::from_millis(300);

/// A card.
pub struct Subject {
    connect: Box<dyn Fn() -> Arc<dyn Transport>>,
    /// What stands behind the transport, if that is here; with a model, faults can be injected.
    simulated: Option<(Option<Model>, Arc<Function>)>,
    /// Simulates RTL.
    slow: bool,
    _folder: Option<TempDir>,
}

impl Subject {
    pub fn transport(&self) -> Arc<dyn Transport> {
        (self.connect)()
    }

    pub fn open(&self) -> Card {
        self.open_with(options())
    }

    pub fn open_with(&self, options: Options) -> Card {
        Card::open(self.transport(), options).unwrap()
    }

    /// A card that meets a fault after so many more commands.
    pub fn inject(&self, fault: Fault, after: u32) {
        let model = self.simulated.as_ref().and_then(|(model, _)| model.as_ref());
        model.expect("faults are injected into models").inject(fault, after);
    }

    /// Ranges of host memory that the card can reach, if it is simulated here.
    pub fn mapped_ranges(&self) -> Option<usize> {
        self.simulated.as_ref().map(|(_, function)| function.memory().ranges())
    }

    /// How much is asked of this card.
    pub fn size(&self, usual: usize, of_rtl: usize) -> usize {
        if self.slow { of_rtl } else { usual }
    }
}

pub fn options() -> Options {
    Options { timeout: PATIENT, segment_bytes: 1 << 20, patience: Duration::from_millis(20), ..Options::default() }
}

/// Small windows, so that small sums are quick; fewer points than memory, so that the limit can be met.
fn model() -> (Model, Arc<Function>) {
    let mut capabilities = CAPABILITIES;
    capabilities.msm_layout.window_bits = 8;
    capabilities.max_points = 1 << 16;
    capabilities.max_hashes = 1 << 12;
    let (model, function) = Function::with_handle(|bus| Model::new(capabilities, bus));
    (model, Arc::new(function))
}

/// Few buckets, so that small sums are quick; a bus that does all that the protocol allows.
fn rtl(shape: Shape) -> Arc<Function> {
    let mut config = CardConfig::of(shape);
    config.msm.window_bits = 6;
    config.msm.groups = config.msm.windows();
    config.vectors = 2;
    config.max_points = 1 << 16;
    config.max_hashes = 1 << 12;
    let options = RtlOptions { bus: AxiOptions::rough(1), ..RtlOptions::default() };
    Arc::new(Rtl::function(&config, &options).unwrap())
}

fn in_process(model: Option<Model>, function: Arc<Function>) -> Option<Subject> {
    let transport: Arc<dyn Transport> = Arc::new(InProcess::new("simulated", function.clone()));
    let slow = model.is_none();
    let connect = Box::new(move || transport.clone());
    Some(Subject { connect, simulated: Some((model, function)), slow, _folder: None })
}

fn socket(model: Option<Model>, function: Arc<Function>) -> Option<Subject> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.sock");
    let listening = server::listen(&path, function.clone()).unwrap();
    // Serves for as long as the test process lives.
    std::thread::spawn(move || {
        loop {
            let _ = listening.serve_client();
        }
    });
    let slow = model.is_none();
    Some(Subject { connect: connect(path), simulated: Some((model, function)), slow, _folder: Some(folder) })
}

pub fn model_in_process() -> Option<Subject> {
    let (model, function) = model();
    in_process(Some(model), function)
}

pub fn model_socket() -> Option<Subject> {
    let (model, function) = model();
    socket(Some(model), function)
}

pub fn compact_in_process() -> Option<Subject> {
    in_process(None, rtl(Shape::Compact))
}

pub fn compact_socket() -> Option<Subject> {
    socket(None, rtl(Shape::Compact))
}

pub fn pipelined_in_process() -> Option<Subject> {
    in_process(None, rtl(Shape::Pipelined))
}

pub fn pipelined_socket() -> Option<Subject> {
    socket(None, rtl(Shape::Pipelined))
}

fn connect(path: PathBuf) -> Box<dyn Fn() -> Arc<dyn Transport>> {
    Box::new(move || Arc::new(VfioUser::connect(&path, PATIENT).unwrap()))
}

/// The card that `PENSTOCK_CARD` names, if it does; with `PENSTOCK_CARD_SLOW`, it is one of RTL that is simulated.
pub fn named() -> Option<Subject> {
    let address = std::env::var("PENSTOCK_CARD").ok()?.parse().unwrap();
    let connect: Box<dyn Fn() -> Arc<dyn Transport>> = match address {
        Address::Socket(path) => connect(path),
        Address::Uart(path) => {
            // One line for all cases; a simulated one is slow.
            let options = UartOptions { timeout: PATIENT, ..UartOptions::default() };
            Box::new(move || Arc::new(Uart::open(&path, options).unwrap()))
        }
        Address::Vfio(address) => Box::new(move || Arc::new(Vfio::open(address).unwrap())),
        Address::Model | Address::Rtl => panic!("{address} is in the suite anyway"),
    };
    let slow = std::env::var_os("PENSTOCK_CARD_SLOW").is_some();
    Some(Subject { connect, simulated: None, slow, _folder: None })
}
