//! The way to a card: an address, and how it is to be driven, become an open [`Card`].
//!
//! A real card or a served one is reached through the driver's transports; the built-in ones run in this process. The RTL
//! is built in only with the feature `rtl`, which takes the hardware description and its simulator's binding along.

use std::sync::Arc;
use std::time::Duration;

use penstock_abi::{Capabilities, MsmLayout};
use penstock_driver::transport::uart::{Uart, UartOptions};
use penstock_driver::transport::vfio::Vfio;
use penstock_driver::transport::vfio_user::{DEFAULT_TIMEOUT, VfioUser};
use penstock_driver::{Address, Card, CardError, Options, Transport, TransportError, Waiting};
use penstock_sim::model::{CAPABILITIES, Model};
use penstock_sim::{Function, InProcess};

/// How long a command may take in RTL that is simulated: minutes are usual.
const RTL_TIMEOUT: Duration = Duration::from_secs(3600);
/// Windows of the built-in model: wider ones cost more in buckets than they save in points.
const MODEL_WINDOWS: [u8; 2] = [4, 15];

/// How a card is opened.
#[derive(Clone, Copy, Debug)]
pub struct CardSettings {
    /// Points of the largest sum: the built-in model's windows are made for it.
    pub points: usize,
    /// How long a command may take from its turn on; what suits the kind of card if there is none.
    pub timeout: Option<Duration>,
    /// How completions are noticed.
    pub waiting: Waiting,
}

/// Opens the card at an address.
///
/// # Errors
/// It cannot be reached, is no Penstock card, or speaks another version.
pub fn open(address: &Address, settings: CardSettings) -> Result<Card, CardError> {
    let defaults = Options::default();
    let usual = if *address == Address::Rtl { RTL_TIMEOUT } else { defaults.timeout };
    let timeout = settings.timeout.unwrap_or(usual);
    Card::open(transport(address, settings.points)?, Options { timeout, waiting: settings.waiting, ..defaults })
}

fn transport(address: &Address, points: usize) -> Result<Arc<dyn Transport>, CardError> {
    Ok(match address {
        Address::Vfio(address) => Arc::new(Vfio::open(*address)?),
        Address::Socket(path) => Arc::new(VfioUser::connect(path, DEFAULT_TIMEOUT)?),
        Address::Uart(path) => Arc::new(Uart::open(path, UartOptions::default())?),
        Address::Model => {
            let [narrowest, widest] = MODEL_WINDOWS;
            let window_bits = (points.max(1).ilog2() as u8).saturating_sub(3).clamp(narrowest, widest);
            let msm_layout = MsmLayout { window_bits, ..CAPABILITIES.msm_layout };
            let function = Function::new(|bus| Model::new(Capabilities { msm_layout, ..CAPABILITIES }, bus));
            Arc::new(InProcess::new(address.to_string(), Arc::new(function)))
        }
        Address::Rtl => rtl(address, points)?,
    })
}

#[cfg(feature = "rtl")]
fn rtl(address: &Address, points: usize) -> Result<Arc<dyn Transport>, CardError> {
    use penstock_sim::rtl::{Rtl, RtlError, RtlOptions, suited_to};

    let unusable =
        |error: RtlError| TransportError::Unusable { device: address.to_string(), reason: error.to_string() };
    let function = Rtl::function(&suited_to(points), &RtlOptions::default()).map_err(unusable)?;
    Ok(Arc::new(InProcess::new(address.to_string(), Arc::new(function))))
}

#[cfg(not(feature = "rtl"))]
fn rtl(address: &Address, _: usize) -> Result<Arc<dyn Transport>, CardError> {
    let reason = "this program was built without the simulated RTL: build it with `--features rtl`, or serve the RTL with \
        `penstock-sim serve --card rtl --socket PATH` and take sim:PATH";
    Err(TransportError::Unusable { device: address.to_string(), reason: reason.into() }.into())
}
