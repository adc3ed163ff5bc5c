//! Watches elements go by and remembers the first that is not canonical.

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use crate::leaf::leaf;

leaf! {
    /// Looks at `word` whenever it is `taken`; three cycles later `found` says whether one was not below the modulus, and
    /// `index` which, counting words since `clear`.
    Canonical { clear: Bit, word: Bits<256>, taken: Bit, => found: Bit, index: Bits<32>, }
}

impl Canonical {
    /// For elements below `modulus`.
    pub fn new(modulus: &BigUint) -> Self {
        // The two halves are compared in one cycle, and joined in the next.
        let low = modulus & ((BigUint::from(1u8) << 128) - 1u8);
        let high = modulus >> 128;
        Self::from_text(format!(
            "// module: canonical
reg [255:0] held;
reg present, compared, above, equal, low_above;
reg [31:0] passed;
always @(posedge clock) begin
  if (taken) held <= word;
  present <= taken;
  above <= held[255:128] > 128'h{high:x};
  equal <= held[255:128] == 128'h{high:x};
  low_above <= held[127:0] >= 128'h{low:x};
  compared <= present;
  if (compared) begin
    if (!found && (above || (equal && low_above))) begin
      found <= 1;
      index <= passed;
    end
    passed <= passed + 1'b1;
  end
  if (reset || clear) begin
    present <= 0;
    compared <= 0;
    found <= 0;
    passed <= 0;
  end
end
"
        ))
    }
}
