//! `penstock card list` and `bind`: cards as the kernel sees them.

use crate::cli::error::CommandError;
use crate::cli::report::{Report, table};
use penstock_driver::CardError;
use penstock_driver::address::{Address, PciAddress};
use penstock_driver::discovery::{Obstacle, System};
use serde::Serialize;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    root: Root,
}

#[derive(clap::Args)]
pub struct Bind {
    /// The card's PCI address, as in 0000:65:00.0.
    #[arg(value_name = "BDF")]
    device: PciAddress,
    /// Also give the device's node to this group of users.
    #[arg(long, value_name = "GROUP", value_parser = group)]
    group: Option<String>,
    /// Take the steps, as root, instead of printing them only.
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    root: Root,
}

#[derive(clap::Args)]
struct Root {
    /// Where the kernel's sys and dev are: elsewhere in a container.
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// The name or number of a group of users, with the characters that names have here and in directories of companies.
/// What begins with a dash would be an option to chgrp.
fn group(text: &str) -> Result<String, String> {
    let is_allowed = |character: char| character.is_alphanumeric() || "_-.@+$\\ ".contains(character);
    if !text.is_empty() && !text.starts_with(['-', ' ']) && text.chars().all(is_allowed) {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a group of users: letters, digits and _ - . @ + $ \\, no dash in front".to_owned())
    }
}

#[derive(Serialize)]
struct Listed {
    /// As other commands take it.
    address: String,
    driver: Option<String>,
    usable: bool,
    obstacles: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    kind: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct Cards {
    cards: Vec<Listed>,
}

#[derive(Serialize)]
struct Binding {
    device: String,
    /// As a shell would be told.
    steps: Vec<String>,
    applied: bool,
    /// What keeps the card from being opened now.
    obstacles: Vec<Told>,
}

pub fn list(arguments: &List) -> Result<Report, CommandError> {
    let system = System::new(&arguments.root.root);
    let listed = |card: PciAddress| {
        let obstacles = told(&system.obstacles(card));
        Listed {
            address: Address::Vfio(card).to_string(),
            driver: system.driver(card),
            usable: obstacles.is_empty(),
            obstacles,
        }
    };
    let cards: Vec<Listed> = system.cards().map_err(CardError::from)?.into_iter().map(listed).collect();
    let row = |card: &Listed| {
        let state = if card.usable { "ready".into() } else { reasons(&card.obstacles) };
        [card.address.clone(), card.driver.clone().unwrap_or_else(|| "none".into()), state]
    };
    let text = match cards.len() {
        0 => "no Penstock card on the PCI bus\n".into(),
        _ => table(["card", "driver", "state"], cards.iter().map(row)),
    };
    Report::new(&Cards { cards }, text)
}

pub fn bind(arguments: &Bind) -> Result<Report, CommandError> {
    let system = System::new(&arguments.root.root);
    let steps = system.binding(arguments.device, arguments.group.as_deref()).map_err(CardError::from)?;
    if arguments.apply {
        for step in &steps {
            step.apply().map_err(CardError::from)?;
        }
    }
    let obstacles = told(&system.obstacles(arguments.device));
    let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
    let mut text = match steps.len() {
        0 => format!("{} is with vfio-pci already\n", arguments.device),
        _ => steps.join("\n") + "\n",
    };
    if arguments.apply && !obstacles.is_empty() {
        text += &format!("\nstill in the way:\n{}\n", reasons(&obstacles));
    }
    let device = arguments.device.to_string();
    Report::new(&Binding { device, steps, applied: arguments.apply, obstacles }, text)
}

fn told(obstacles: &[Obstacle]) -> Vec<Told> {
    obstacles.iter().map(|obstacle| Told { kind: obstacle.kind(), reason: obstacle.to_string() }).collect()
}

fn reasons(obstacles: &[Told]) -> String {
    obstacles.iter().map(|obstacle| obstacle.reason.as_str()).collect::<Vec<_>>().join("\n")
}
