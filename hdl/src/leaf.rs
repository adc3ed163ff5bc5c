//! What every block here is made of: leaves, whose inside is generated Verilog text, and parameters.
//!
//! rust-hdl asks every unit for an `update` of its own simulator. That simulator is never run, so a leaf's is empty; its
//! outputs are declared driven, which is all that rust-hdl's check needs to know.

use rust_hdl::core::block::Block;
use rust_hdl::core::probe::Probe;
use rust_hdl::prelude::*;

/// Declares a leaf: clock, reset, inputs, outputs, and `from_text`, which takes the module's inside.
macro_rules! leaf {
    (
        $(#[$meta:meta])*
        $name:ident $(<$(const $generic:ident),+>)? { $($input:ident: $input_type:ty,)* => $($output:ident: $output_type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, LogicBlock)]
        #[allow(missing_docs)]
        pub struct $name $(<$(const $generic: usize),+>)? {
            pub clock: Signal<In, Clock>,
            pub reset: Signal<In, Bit>,
            $(pub $input: Signal<In, $input_type>,)*
            $(pub $output: Signal<Out, $output_type>,)*
            _text: String,
        }

        impl $(<$(const $generic: usize),+>)? $name $(<$($generic),+>)? {
            fn from_text(text: String) -> Self {
                Self { _text: text, ..Self::default() }
            }
        }

        impl $(<$(const $generic: usize),+>)? Logic for $name $(<$($generic),+>)? {
            fn update(&mut self) {}

            fn connect(&mut self) {
                $(self.$output.connect();)*
            }

            fn hdl(&self) -> Verilog {
                Verilog::Custom(self._text.clone())
            }
        }
    };
}

pub(crate) use leaf;

/// Verilog attributes of a memory that is to be block RAM and is never read where it is being written.
pub(crate) const BLOCK: &str = "(* ram_style = \"block\", no_rw_check *) ";

/// Verilog attributes of a memory that is to be in look-up tables and is never read where it is being written.
pub(crate) const DISTRIBUTED: &str = "(* ram_style = \"distributed\", no_rw_check *) ";

/// Verilog attribute of a memory that is to be in look-up tables; read where it is being written, it gives what was there.
pub(crate) const DISTRIBUTED_READ_FIRST: &str = "(* ram_style = \"distributed\" *) ";

/// The sum of two terms, one a sum itself, as a carry chain of its own: synthesis would make a compressor of them, of more
/// LUTs, if it saw that the one takes the other's sum; the bit below hides it.
pub(crate) fn chained_sum(a: &str, b: &str) -> String {
    format!("({{{a}, 1'b0}} + {{{b}, 1'b0}}) >> 1")
}

/// A number that is fixed when a block is built: rust-hdl's constant, zero unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<T: Synth>(Constant<T>);

impl<T: Synth> Parameter<T> {
    /// A parameter of this value.
    pub fn new(value: T) -> Self {
        Self(Constant::new(value))
    }

    /// The value, for kernels.
    pub fn val(&self) -> T {
        self.0.val()
    }
}

impl<T: Synth> Default for Parameter<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Synth> Logic for Parameter<T> {
    fn update(&mut self) {}
}

impl<T: Synth> Block for Parameter<T> {
    fn connect_all(&mut self) {}

    fn update_all(&mut self) {}

    fn has_changed(&self) -> bool {
        false
    }

    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.0.accept(name, probe);
    }
}

/// A number times a small constant as a sum of shifts: multiplier blocks are for the field's products. `number` is an
/// operand as wide as the product.
pub fn times(number: &str, factor: u64) -> String {
    let terms: Vec<_> =
        (0..64).filter(|bit| factor >> bit & 1 == 1).map(|bit| format!("({number} << {bit})")).collect();
    if terms.is_empty() { "64'd0".to_owned() } else { format!("({})", terms.join(" + ")) }
}

/// As many fresh signals or blocks: a clone would be the same signal to rust-hdl.
pub fn several<T: Default>(count: usize) -> Vec<T> {
    (0..count).map(|_| T::default()).collect()
}
