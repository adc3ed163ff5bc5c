//! The chains that the rollup serves, and the numbers that operations call them by.
//!
//! A number is a byte from 1 to 31, and the sub-account of account 1 that holds the chain's reserve. The numbers are this
//! rollup's own, not EIP-155's; small ones come first, because a preset of C chains serves the chains 1 to C.

/// Largest number of a chain.
pub const MAX_CHAIN: u8 = 31;

/// A chain with a name; other numbers up to [`MAX_CHAIN`] are free for other chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Chain {
    /// Ethereum mainnet.
    Ethereum = 1,
    /// Polygon PoS.
    Polygon = 2,
    /// Linea.
    Linea = 3,
    /// Avalanche C-Chain.
    Avalanche = 4,
    /// zkSync Era.
    ZkSyncEra = 5,
    /// Polygon zkEVM (sunset; kept as a plain EVM target).
    PolygonZkEvm = 6,
    /// Scroll.
    Scroll = 7,
    /// Starknet.
    Starknet = 8,
}

impl Chain {
    /// Every named chain, by number.
    pub const ALL: [Self; 8] = [
        Self::Ethereum,
        Self::Polygon,
        Self::Linea,
        Self::Avalanche,
        Self::ZkSyncEra,
        Self::PolygonZkEvm,
        Self::Scroll,
        Self::Starknet,
    ];

    /// The number that operations carry.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The chain of a number, if it has a name.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|chain| chain.id() == id)
    }

    /// The name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ethereum => "Ethereum",
            Self::Polygon => "Polygon PoS",
            Self::Linea => "Linea",
            Self::Avalanche => "Avalanche C-Chain",
            Self::ZkSyncEra => "zkSync Era",
            Self::PolygonZkEvm => "Polygon zkEVM",
            Self::Scroll => "Scroll",
            Self::Starknet => "Starknet",
        }
    }
}

/// The name of a chain's number, for people.
pub fn name(id: u8) -> String {
    Chain::from_id(id).map_or_else(|| format!("chain {id}"), |chain| chain.name().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_consecutive_and_name_their_chain() {
        for (chain, id) in Chain::ALL.into_iter().zip(1..) {
            assert_eq!((chain.id(), Chain::from_id(id)), (id, Some(chain)));
            assert_eq!(name(id), chain.name());
        }
        assert_eq!((name(9), Chain::from_id(0)), ("chain 9".into(), None));
    }
}
