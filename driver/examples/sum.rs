//! A sum of products on a card.
//!
//! ```sh
//! cargo run --release -p penstock-driver --example sum                      # the functional model, in this process
//! cargo run --release -p penstock-driver --example sum -- sim:/tmp/card.sock  # one that `penstock-sim serve` serves
//! cargo run --release -p penstock-driver --example sum -- vfio:0000:65:00.0   # a real one
//! ```

use std::error::Error;
use std::sync::Arc;

use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::group::Curve;
use penstock_driver::transport::uart::{Uart, UartOptions};
use penstock_driver::transport::vfio::Vfio;
use penstock_driver::transport::vfio_user::{DEFAULT_TIMEOUT, VfioUser};
use penstock_driver::{Address, Card, Options, Transport};
use penstock_sim::model::{CAPABILITIES, Model};
use penstock_sim::{Function, InProcess};

/// Products in the sum.
const COUNT: u64 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let address = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => Address::Model,
    };

    // Opening identifies the card, resets it, gives it its rings in DMA memory and enables it.
    let card = Card::open(transport(&address)?, Options::default())?;
    println!("{}: {} scalar vectors a command", card.name(), card.capabilities().vectors);

    // Bases are converted to the card's form and pinned once; many sums are taken over them.
    let bases: Vec<G1Affine> = (1..=COUNT).map(|i| (G1::generator() * Fr::from(i)).to_affine()).collect();
    card.pin_bases(0, &bases)?;

    // A submission copies the scalars into DMA memory, writes a command into the ring and rings the doorbell.
    let scalars: Vec<Fr> = (1..=COUNT).map(Fr::from).collect();
    let ticket = card.msm(0, &[&scalars])?;

    // The card works by itself meanwhile. What it says is checked: each point it returns has to be on the curve.
    let (sums, cycles) = ticket.wait_with_cycles()?;

    // That the point is the right one, only arithmetic tells; a prover leaves that to the proof's verifier.
    let expected: G1 = bases.iter().zip(&scalars).map(|(base, scalar)| base * scalar).sum();
    if sums != [expected] {
        return Err("the card's sum is not the processor's".into());
    }
    // The model's cycles are nanoseconds of its own; those of RTL and of boards are what the hardware takes.
    println!("the sum of {COUNT} products, in {cycles} of the card's cycles: {:?}", expected.to_affine());
    Ok(())
}

/// The way to the card at an address. Above it, all cards are alike.
fn transport(address: &Address) -> Result<Arc<dyn Transport>, Box<dyn Error>> {
    Ok(match address {
        Address::Vfio(address) => Arc::new(Vfio::open(*address)?),
        Address::Socket(path) => Arc::new(VfioUser::connect(path, DEFAULT_TIMEOUT)?),
        Address::Uart(path) => Arc::new(Uart::open(path, UartOptions::default())?),
        Address::Model => {
            let function = Function::new(|bus| Model::new(CAPABILITIES, bus));
            Arc::new(InProcess::new("model", Arc::new(function)))
        }
        Address::Rtl => return Err("serve the RTL with `penstock-sim serve --card rtl`, and give sim:PATH".into()),
    })
}
