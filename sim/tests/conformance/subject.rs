//! The cards that the suite runs against.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use penstock_driver::transport::uart::{Uart, UartOptions};
use penstock_driver::transport::vfio::Vfio;
use penstock_driver::transport::vfio_user::VfioUser;
use penstock_driver::{Address, Card, Options, Transport};
use penstock_sim::model::{CAPABILITIES, Fault, Model};
use penstock_sim::{Function, InProcess, server};
use tempfile::TempDir;

/// How long the suite waits for what has to come, on a busy machine.
pub const PATIENT: Duration = Duration::from_secs(60);
/// How long it waits for what never comes.
pub const IMPATIENT: Duration = Duration::from_millis(300);

/// A card.
pub struct Subject {
    connect: Box<dyn Fn() -> Arc<dyn Transport>>,
    model: Option<(Model, Arc<Function>)>,
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
        self.model.as_ref().expect("faults are injected into models").0.inject(fault, after);
    }

    /// Ranges of host memory that the card can reach, if it is simulated here.
    pub fn mapped_ranges(&self) -> Option<usize> {
        self.model.as_ref().map(|(_, function)| function.memory().ranges())
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
    let mut model = None;
    let function = Function::new(|bus| model.insert(Model::new(capabilities, bus)).clone());
    (model.unwrap(), Arc::new(function))
}

pub fn in_process() -> Option<Subject> {
    let (model, function) = model();
    let transport: Arc<dyn Transport> = Arc::new(InProcess::new("model", function.clone()));
    Some(Subject { connect: Box::new(move || transport.clone()), model: Some((model, function)), _folder: None })
}

pub fn socket() -> Option<Subject> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.sock");
    let (model, function) = model();
    let listening = server::listen(&path, function.clone()).unwrap();
    // Serves for as long as the test process lives.
    std::thread::spawn(move || {
        loop {
            let _ = listening.serve_client();
        }
    });
    Some(Subject { connect: connect(path), model: Some((model, function)), _folder: Some(folder) })
}

fn connect(path: PathBuf) -> Box<dyn Fn() -> Arc<dyn Transport>> {
    Box::new(move || Arc::new(VfioUser::connect(&path, PATIENT).unwrap()))
}

/// The card that `PENSTOCK_CARD` names, if it does.
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
    Some(Subject { connect, model: None, _folder: None })
}
