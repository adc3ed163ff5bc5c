//! Leaves: units whose inside is generated Verilog text.
//!
//! rust-hdl asks every unit for an `update` of its own simulator. That simulator is never run here, so a leaf's is empty;
//! its outputs are declared driven, which is all that rust-hdl's check needs to know.

/// Declares a leaf: a clock, a reset, inputs, outputs, and `from_text`, which takes the module's inside.
macro_rules! leaf {
    (
        $(#[$meta:meta])*
        $name:ident { $($input:ident: $input_type:ty,)* => $($output:ident: $output_type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, LogicBlock)]
        #[allow(missing_docs)]
        pub struct $name {
            pub clock: Signal<In, Clock>,
            pub reset: Signal<In, Bit>,
            $(pub $input: Signal<In, $input_type>,)*
            $(pub $output: Signal<Out, $output_type>,)*
            _text: String,
        }

        impl $name {
            fn from_text(text: String) -> Self {
                Self { _text: text, ..Self::default() }
            }
        }

        impl Logic for $name {
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
