//! Card addresses, as people write them.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::str::FromStr;

/// Where a card is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `vfio:0000:65:00.0`: a PCI device that vfio-pci holds.
    Vfio(PciAddress),
    /// `sim:/path/to.sock`: a simulated card behind a vfio-user socket.
    Socket(PathBuf),
    /// `uart:/dev/ttyUSB0`: a board behind a serial line.
    Uart(PathBuf),
    /// `model`: the functional model, in this process.
    Model,
    /// `rtl`: the card's RTL under Verilator, in this process.
    Rtl,
}

/// A PCI address: domain, bus, device, function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PciAddress {
    /// Domain.
    pub domain: u32,
    /// Bus.
    pub bus: u8,
    /// Device, below 32.
    pub device: u8,
    /// Function, below 8.
    pub function: u8,
}

/// Text that is no card address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no card address; write {forms}", forms = Address::FORMS)]
pub struct AddressError {
    /// The text.
    pub text: String,
}

impl Address {
    /// What addresses look like, for people.
    pub const FORMS: &str = "vfio:0000:65:00.0, uart:/dev/ttyUSB0, sim:/path/to.sock, model or rtl";
}

impl PciAddress {
    fn parse(text: &str) -> Option<Self> {
        let (rest, function) = text.rsplit_once('.')?;
        let mut parts = rest.split(':');
        let (domain, bus, device) = (parts.next()?, parts.next()?, parts.next()?);
        let number = |text: &str, digits: usize| {
            let hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if hex { u32::from_str_radix(text, 16).ok() } else { None }
        };
        let address = Self {
            domain: number(domain, domain.len().clamp(4, 8))?,
            bus: number(bus, 2)? as u8,
            device: number(device, 2)? as u8,
            function: number(function, 1)? as u8,
        };
        (parts.next().is_none() && address.device < 32 && address.function < 8).then_some(address)
    }
}

impl Display for PciAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device, self.function)
    }
}

/// Text that is no PCI address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no PCI address; write it as in 0000:65:00.0")]
pub struct PciAddressError {
    /// The text.
    pub text: String,
}

impl FromStr for PciAddress {
    type Err = PciAddressError;

    fn from_str(text: &str) -> Result<Self, PciAddressError> {
        Self::parse(text).ok_or_else(|| PciAddressError { text: text.to_owned() })
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = match text.split_once(':') {
            Some(("vfio", pci)) => PciAddress::parse(pci).map(Self::Vfio),
            Some(("sim", path)) if !path.is_empty() => Some(Self::Socket(PathBuf::from(path))),
            Some(("uart", path)) if !path.is_empty() => Some(Self::Uart(PathBuf::from(path))),
            None if text == "model" => Some(Self::Model),
            None if text == "rtl" => Some(Self::Rtl),
            _ => None,
        };
        address.ok_or_else(|| AddressError { text: text.to_owned() })
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vfio(address) => write!(f, "vfio:{address}"),
            Self::Socket(path) => write!(f, "sim:{}", path.display()),
            Self::Uart(path) => write!(f, "uart:{}", path.display()),
            Self::Model => write!(f, "model"),
            Self::Rtl => write!(f, "rtl"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_as_they_are_written() {
        for text in
            ["vfio:0000:65:00.0", "vfio:10000:e1:1f.7", "sim:/run/card.sock", "uart:/dev/ttyUSB0", "model", "rtl"]
        {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "vfio:",
            "vfio:65:00.0",
            "vfio:0000:65:20.0",
            "vfio:0000:65:00.8",
            "vfio:0000:+5:00.0",
            "sim:",
            "uart:",
            "models",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError { text: text.to_owned() }));
        }
    }
}
