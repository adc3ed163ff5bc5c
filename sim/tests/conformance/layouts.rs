//! Every way to cut up a sum gives the same sum.

use std::sync::Arc;

use penstock_abi::MsmLayout;
use penstock_driver::Card;
use penstock_sim::model::{CAPABILITIES, Model};
use penstock_sim::{Function, InProcess};

use crate::expected::{points, scalars, sum};
use crate::subject::options;

#[test]
fn sums_are_right_in_every_layout_and_radix() {
    let (points, scalars) = (points(300), scalars(300, 1));
    let expected = [sum(&scalars, &points)];
    for window_bits in [2, 3, 4, 5, 8, 11, 13] {
        for reductions in [1, 2] {
            let radix_bits = 254 + 2 * u32::from(window_bits);
            let msm_layout = MsmLayout { window_bits, reductions };
            let capabilities = penstock_abi::Capabilities { msm_layout, radix_bits, ..CAPABILITIES };
            let function = Function::new(|bus| Model::new(capabilities, bus));
            let card = Card::open(Arc::new(InProcess::new("model", Arc::new(function))), options()).unwrap();
            card.pin_bases(0, &points).unwrap();
            assert_eq!(card.msm(0, &[&scalars]).unwrap().wait().unwrap(), expected, "{msm_layout:?}");
        }
    }
}
