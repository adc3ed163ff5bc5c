//! Wide products on DSP tiles.
//!
//! Two levels of Karatsuba cut 260 x 260 bits into nine products of at most 67 x 67 bits; each is three columns of four
//! 26 x 17 tiles (a DSP48E2 multiplies 27 x 18 signed bits), a column being one cascade whose sums stay inside the DSPs:
//! 108 DSPs against 160 for the whole product.

use super::pipeline::{Pipeline, Value};

const TILE: (usize, usize) = (26, 17);

/// `left` x `right`, with so many levels of Karatsuba above the tiles.
pub(super) fn product(pipeline: &mut Pipeline, left: &Value, right: &Value, levels: usize) -> Value {
    if levels == 0 {
        return tiles(pipeline, left, right);
    }
    let (wide, narrow) = (left.width().max(right.width()), left.width().min(right.width()));
    let half = wide.div_ceil(2);
    assert!(narrow > half, "operands of a Karatsuba step have similar widths");
    let split = |value: &Value| (value.bits(0, half), value.bits(half, value.width() - half));
    let ((left_low, left_high), (right_low, right_high)) = (split(left), split(right));
    let low = product(pipeline, &left_low, &right_low, levels - 1);
    let high = product(pipeline, &left_high, &right_high, levels - 1);
    let left_sum = pipeline.add("half_sum", &left_low, &left_high, half + 1);
    let right_sum = pipeline.add("half_sum", &right_low, &right_high, half + 1);
    let both = product(pipeline, &left_sum, &right_sum, levels - 1);
    let middle = pipeline.subtract("middle", &both, &low, both.width());
    let middle = pipeline.subtract("middle", &middle, &high, 2 * half + 1);
    let outer = low.then(&high);
    pipeline.add("product", &outer, &middle.shifted(half), left.width() + right.width())
}

/// `left` x `right` on cascades of tiles.
fn tiles(pipeline: &mut Pipeline, left: &Value, right: &Value) -> Value {
    let mut sum = Value::default();
    for column in 0..left.width().div_ceil(TILE.0) {
        let low = column * TILE.0;
        let digit = left.bits(low, TILE.0.min(left.width() - low));
        let cascade = cascade(pipeline, &digit, right);
        let shifted = cascade.shifted(low);
        let width = (low + digit.width() + right.width()).min(left.width() + right.width());
        sum = if column == 0 { cascade } else { pipeline.add("column_sum", &sum, &shifted, width) };
    }
    sum
}

/// `digit` x `right`: each DSP adds the bits above 17 of the one before.
fn cascade(pipeline: &mut Pipeline, digit: &Value, right: &Value) -> Value {
    let mut product = Value::default();
    let mut above: Option<Value> = None;
    let mut low = 0;
    while low < right.width() {
        let limb = right.bits(low, TILE.1.min(right.width() - low));
        let sum_stage = above.as_ref().map_or(0, Value::stage);
        let stage = digit.stage().max(limb.stage()).max(sum_stage.saturating_sub(1));
        let width = digit.width() + limb.width();
        let expression = format!("{} * {}", pipeline.at(digit, stage), pipeline.at(&limb, stage));
        let tile = pipeline.register("tile", width, stage + 1, &expression);
        let (stage, expression) = (stage + 1, pipeline.at(&tile, stage + 1));
        let expression = match &above {
            Some(above) => format!("{expression} + {}", pipeline.at(above, stage)),
            None => expression,
        };
        let sum = pipeline.register("cascade", width, stage + 1, &expression);
        low += limb.width();
        if low < right.width() {
            product = product.then(&sum.bits(0, TILE.1));
            above = Some(sum.bits(TILE.1, width - TILE.1));
        } else {
            product = product.then(&sum);
        }
    }
    product
}
