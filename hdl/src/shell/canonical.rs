//! Watches elements go by and remembers the first that is not canonical.

use num_bigint::BigUint;
use rust_hdl::prelude::*;

use crate::leaf::leaf;

/// Bits of an element in memory.
const ELEMENT: usize = 256;

leaf! {
    /// Looks at the elements that come in words of `N` bits, several a word or several words each, `taken` one by one; four
    /// cycles later `found` says whether one of the first `count` was not below the modulus, and `index` which, counting
    /// elements since `clear`.
    Canonical<const N> { clear: Bit, count: Bits<32>, word: Bits<N>, taken: Bit, => found: Bit, index: Bits<32>, }
}

impl<const N: usize> Canonical<N> {
    /// For elements below `modulus`.
    pub fn new(modulus: &BigUint) -> Self {
        let logic = if N < ELEMENT { parts(N, modulus) } else { whole(N, modulus) };
        Self::from_text(format!(
            "// module: canonical
reg [{N}-1:0] held;
reg present, compared;
reg [31:0] passed;
{logic}always @(posedge clock) begin
  if (taken) held <= word;
  present <= taken;
  compared <= present;
  if (compared) begin
    if (!found && bad && at < count) begin
      found <= 1;
      index <= at;
    end
    passed <= passed + (last ? {elements} : 0);
  end
  if (reset || clear) begin
    present <= 0;
    compared <= 0;
    found <= 0;
    passed <= 0;
  end
end
",
            elements = N.div_ceil(ELEMENT),
        ))
    }
}

/// Elements in several words each, the lowest first: the higher part decides unless it is equal.
fn parts(width: usize, modulus: &BigUint) -> String {
    let parts = ELEMENT / width;
    let part = |k: usize| (modulus >> (k * width)) & ((BigUint::from(1u8) << width) - 1u8);
    let cases: String = (0..parts).map(|k| format!("  {k}: bound = {width}'h{:x};\n", part(k))).collect();
    format!(
        "reg [1:0] part;
reg last, above, equal, not_below;
reg [{width}-1:0] bound;
wire last_part = part == {parts} - 1;
wire reached = above || (equal && not_below);
wire bad = last && reached;
wire [31:0] at = passed;
always @(*) case (part)
{cases}  default: bound = 0;
endcase
always @(posedge clock) begin
  above <= held > bound;
  equal <= held == bound;
  if (present) begin
    last <= last_part;
    part <= last_part ? 0 : part + 1'b1;
  end
  // An element that is equal in all its parts is not below.
  if (compared) not_below <= last || reached;
  if (reset || clear) begin
    part <= 0;
    last <= 0;
    not_below <= 1;
  end
end
"
    )
}

/// One or several elements a word. The two halves of each are compared in one cycle, and joined in the next.
fn whole(width: usize, modulus: &BigUint) -> String {
    let half = ELEMENT / 2;
    let low = modulus & ((BigUint::from(1u8) << half) - 1u8);
    let high = modulus >> half;
    let elements = width / ELEMENT;
    let mut text = format!(
        "reg [{elements}-1:0] above, equal, low_above;\nwire [{elements}-1:0] reached = above | (equal & low_above);\n"
    );
    for k in 0..elements {
        let bit = k * ELEMENT;
        text += &format!(
            "always @(posedge clock) begin
  above[{k}] <= held[{middle}+:{half}] > {half}'h{high:x};
  equal[{k}] <= held[{middle}+:{half}] == {half}'h{high:x};
  low_above[{k}] <= held[{bit}+:{half}] >= {half}'h{low:x};
end
",
            middle = bit + half,
        );
    }
    let first: String = (0..elements - 1).map(|k| format!("reached[{k}] ? {k} : ")).collect();
    text + &format!(
        "wire last = 1'b1;\nwire bad = reached != 0;\nwire [31:0] at = passed + ({first}{});\n",
        elements - 1
    )
}
