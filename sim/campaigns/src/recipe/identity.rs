//! What the recipe tells the PCIe block and the pins, against the card's interface and the wrapper.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use penstock_abi::{BAR0_BYTES, PCI_CLASS, PCI_DEVICE, PCI_VENDOR};
use penstock_hdl::card::CardConfig;

use super::tcl::Run;

/// Bits of a port that has several: PCIe's lanes.
const WIDE_PORTS: usize = 16;

/// Checks that the PCIe block shows the card that `penstock-abi` describes, on its bus width and clock.
pub(super) fn check_ids(run: &Run, config: &CardConfig) -> Result<()> {
    let get = |name: &str| {
        let value = run.property("pcie_bridge", &format!("CONFIG.{name}"));
        value.with_context(|| format!("the recipe does not set {name} of the PCIe block"))
    };
    let hex = |name: &str| {
        let value = get(name)?;
        u32::from_str_radix(value.trim_start_matches("0x"), 16).with_context(|| format!("{name} is {value}"))
    };
    let (vendor, device) = (u32::from(PCI_VENDOR), u32::from(PCI_DEVICE));
    for (name, wanted) in [
        ("vendor_id", vendor),
        ("pf0_device_id", device),
        ("pf0_subsystem_vendor_id", vendor),
        ("pf0_subsystem_id", device),
        ("pf0_class_code", PCI_CLASS),
        ("pf0_class_code_base", PCI_CLASS >> 16),
        ("pf0_class_code_sub", PCI_CLASS >> 8 & 0xff),
        ("pf0_class_code_interface", PCI_CLASS & 0xff),
    ] {
        let found = hex(name)?;
        ensure!(found == wanted, "{name} is {found:x}, the card's is {wanted:x}");
    }
    let unit = match get("pf0_bar0_scale")? {
        "Kilobytes" => 1 << 10,
        "Megabytes" => 1 << 20,
        scale => bail!("BAR 0 is measured in {scale}"),
    };
    let bytes = get("pf0_bar0_size")?.parse::<u32>().context("the size of BAR 0")? * unit;
    ensure!(bytes == BAR0_BYTES, "BAR 0 has {bytes} bytes, the card's registers {BAR0_BYTES}");
    for (name, wanted) in [
        ("axi_data_width", format!("{}_bit", config.data_bits)),
        ("axisten_freq", (config.clock_khz / 1000).to_string()),
        ("functional_mode", "AXI_Bridge".to_owned()),
        ("pf0_msix_enabled", "true".to_owned()),
        ("xdma_num_usr_irq", "1".to_owned()),
    ] {
        let found = get(name)?;
        ensure!(found == wanted, "{name} is {found}, the card needs {wanted}");
    }
    // The vector table takes the whole of its window.
    ensure!(get("bar_indicator")? == "BAR_3:2", "the MSI-X table lies over the registers in BAR 0");
    Ok(())
}

/// Checks that every bit of every port of the wrapper has one pin, and no pin two bits.
pub(super) fn check_pins(run: &Run, wrapper: &str) -> Result<()> {
    let mut pins = BTreeMap::new();
    for words in run.of("set_property").filter(|words| words[0] == "PACKAGE_PIN") {
        ensure!(pins.insert(&*words[2], &*words[1]).is_none(), "port {} has two pins", words[2]);
    }
    let mut ports = BTreeSet::new();
    for line in
        wrapper.lines().map(str::trim).filter(|line| line.starts_with("input wire") || line.starts_with("output wire"))
    {
        let name = line.trim_end_matches(',').rsplit(' ').next().unwrap_or_default();
        if line.contains('[') {
            ports.extend((0..WIDE_PORTS).map(|bit| format!("{name}[{bit}]")));
        } else {
            ports.insert(name.to_owned());
        }
    }
    for port in &ports {
        ensure!(pins.contains_key(&**port), "port {port} has no pin");
    }
    if let Some(port) = pins.keys().find(|port| !ports.contains(**port)) {
        bail!("there is no port {port}");
    }
    let distinct: BTreeSet<&str> = pins.values().copied().collect();
    ensure!(distinct.len() == pins.len(), "two ports share a pin");
    Ok(())
}
