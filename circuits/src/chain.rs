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

/// A set of chains, a bit each from chain 1 up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Chains(u32);

impl Chains {
    /// From bits; `None` if one stands for a number above [`MAX_CHAIN`].
    pub fn from_bits(bits: u32) -> Option<Self> {
        if bits >> MAX_CHAIN == 0 { Some(Self(bits)) } else { None }
    }

    /// Bit c − 1 says whether chain c is in the set.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether a chain is in the set.
    pub fn contains(self, chain: u8) -> bool {
        Self::bit(chain) & self.0 != 0
    }

    /// Puts a chain into the set; numbers that no chain has change nothing.
    pub fn insert(&mut self, chain: u8) {
        self.0 |= Self::bit(chain);
    }

    /// The chains in the set, by number.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (1..=MAX_CHAIN).filter(move |chain| self.contains(*chain))
    }

    fn bit(chain: u8) -> u32 {
        if (1..=MAX_CHAIN).contains(&chain) { 1 << (chain - 1) } else { 0 }
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

    #[test]
    fn a_set_holds_the_chains_that_were_put_into_it() {
        let mut chains = Chains::default();
        for chain in [31, 1, 8, 8, 0, 32, 255] {
            chains.insert(chain);
        }
        assert_eq!(chains.iter().collect::<Vec<_>>(), [1, 8, 31]);
        assert_eq!((chains.bits(), Chains::from_bits(chains.bits())), (1 << 30 | 1 << 7 | 1, Some(chains)));
        assert_eq!(Chains::from_bits(1 << 31), None);
    }
}
