//! A picture of a block for people: which chains bring something in, what happens in the pooled state, which chains pay out.
//!
//! ```text
//! chains of deposits ──> operations in their order, between the old root and the new ──> chains that pay out
//!                         totals of every pooled token
//! ```

use penstock_circuits::chain;
use penstock_circuits::operation::{Block, Kind, SignedOperation};
use penstock_prover::record::Word;
use std::collections::{BTreeMap, BTreeSet};
use svg::Document;
use svg::node::element::{Path, Rectangle, Text};

const WIDTH: usize = 1180;
/// Left edges and widths of the three columns.
const INFLOW: (usize, usize) = (20, 190);
const OPERATIONS: (usize, usize) = (320, 540);
const OUTFLOW: (usize, usize) = (970, 190);
/// The first operation's row, and the distance to the next.
const TOP: usize = 130;
const STEP: usize = 40;
const BOX: usize = 30;

/// One operation as it is drawn.
struct Row {
    kind: Kind,
    words: String,
    from: Option<u8>,
    to: Option<u8>,
}

/// The picture, as SVG.
pub fn picture(block: &Block, old_root: &Word, new_root: &Word) -> String {
    let rows: Vec<Row> = block.operations.iter().map(row).collect();
    let pools = pools(block);
    let bottom = TOP + rows.len() * STEP;
    let height = bottom + 90 + pools.len() * 20;
    let mut document = Document::new()
        .set("viewBox", (0, 0, WIDTH, height))
        .set("font-family", "sans-serif")
        .set("font-size", 13)
        .add(Rectangle::new().set("width", WIDTH).set("height", height).set("fill", "#ffffff"))
        .add(text(20, 30, &format!("Block {}", block.number)).set("font-size", 20))
        .add(text(INFLOW.0, 70, "brought in by").set("fill", "#666666"))
        .add(text(OUTFLOW.0, 70, "checked and paid out by").set("fill", "#666666"))
        .add(text(OPERATIONS.0, 70, &format!("old root {}", short(old_root))).set("fill", "#666666"))
        .add(text(OPERATIONS.0, bottom + 20, &format!("new root {}", short(new_root))).set("fill", "#666666"));
    for (column, side) in [
        (INFLOW, rows.iter().map(|row| row.from).collect()),
        (OUTFLOW, rows.iter().map(|row| row.to).collect::<Vec<_>>()),
    ] {
        let chains: BTreeSet<u8> = side.iter().flatten().copied().collect();
        let places: BTreeMap<u8, usize> =
            chains.into_iter().enumerate().map(|(place, chain)| (chain, middle(place))).collect();
        for (chain, middle) in &places {
            document = document.add(frame(column, *middle, "#eef2f7", "#5b7083")).add(text(
                column.0 + 12,
                middle + 5,
                &chain::name(*chain),
            ));
        }
        for (index, chain) in side.iter().enumerate() {
            if let Some(at) = chain.and_then(|chain| places.get(&chain)) {
                document = document.add(if column == INFLOW {
                    arrow((INFLOW.0 + INFLOW.1, *at), (OPERATIONS.0, middle(index)))
                } else {
                    arrow((OPERATIONS.0 + OPERATIONS.1, middle(index)), (OUTFLOW.0, *at))
                });
            }
        }
    }
    for (index, row) in rows.iter().enumerate() {
        let at = middle(index);
        document = document.add(frame(OPERATIONS, at, fill(row.kind), "#444444")).add(text(
            OPERATIONS.0 + 12,
            at + 5,
            &format!("{index}  {}: {}", row.kind.name(), row.words),
        ));
    }
    for (index, (token, (inflow, outflow))) in pools.iter().enumerate() {
        let words = format!("token {token}: {inflow} deposited, {outflow} withdrawn");
        document = document.add(text(OPERATIONS.0, bottom + 60 + index * 20, &words));
    }
    document.to_string()
}

/// What an operation does, and between which chains.
fn row(operation: &SignedOperation) -> Row {
    let (words, from, to) = match operation {
        SignedOperation::Noop(_) => (String::new(), None, None),
        SignedOperation::Deposit(it) => {
            (format!("{} of token {} to account {}", it.amount, it.l2_token, it.account), Some(it.chain), None)
        }
        SignedOperation::TransferToNew(it) => {
            let it = &it.body;
            (format!("{} of token {} from {} to new account {}", it.amount, it.token, it.from, it.to), None, None)
        }
        SignedOperation::Withdraw(it) => {
            let it = &it.body;
            (format!("{} of token {} from account {}", it.amount, it.l2_token, it.account), None, Some(it.chain))
        }
        SignedOperation::Transfer(it) => {
            let it = &it.body;
            (format!("{} of token {} from {} to {}", it.amount, it.token, it.from, it.to), None, None)
        }
        SignedOperation::FullExit(it) => {
            (format!("all of token {} of account {}", it.l2_token, it.account), None, Some(it.chain))
        }
        SignedOperation::ChangePubKey(it) => (format!("of account {}", it.body.account), None, Some(it.body.chain)),
        SignedOperation::ForcedExit(it) => {
            let it = &it.body;
            (
                format!("all of token {} of account {}, by {}", it.l2_token, it.target, it.initiator),
                None,
                Some(it.chain),
            )
        }
        SignedOperation::OrderMatching(it) => {
            let (maker, taker) = (&it.body.maker.body, &it.body.taker.body);
            let words = format!(
                "account {} and {} exchange token {} for {}",
                maker.account, taker.account, maker.base_token, maker.quote_token
            );
            (words, None, None)
        }
    };
    Row { kind: operation.kind(), words, from, to }
}

/// By token of the rollup: what was deposited and what was withdrawn, exits of whole balances not counted.
fn pools(block: &Block) -> BTreeMap<u16, (u128, u128)> {
    let mut pools: BTreeMap<u16, (u128, u128)> = BTreeMap::new();
    for operation in &block.operations {
        match operation {
            SignedOperation::Deposit(it) => {
                let pool = pools.entry(it.l2_token).or_default();
                pool.0 = pool.0.saturating_add(it.amount);
            }
            SignedOperation::Withdraw(it) => {
                let pool = pools.entry(it.body.l2_token).or_default();
                pool.1 = pool.1.saturating_add(it.body.amount);
            }
            _ => {}
        }
    }
    pools
}

fn fill(kind: Kind) -> &'static str {
    match kind {
        Kind::Deposit => "#dff3e3",
        Kind::Withdraw | Kind::FullExit | Kind::ForcedExit => "#fbe6dd",
        Kind::OrderMatching => "#fff4cf",
        Kind::ChangePubKey => "#ece4f7",
        Kind::Transfer | Kind::TransferToNew | Kind::Noop => "#f4f4f4",
    }
}

/// The middle of a row.
const fn middle(index: usize) -> usize {
    TOP + index * STEP - BOX / 2
}

fn frame((left, width): (usize, usize), middle: usize, fill: &str, line: &str) -> Rectangle {
    Rectangle::new()
        .set("x", left)
        .set("y", middle - BOX / 2)
        .set("width", width)
        .set("height", BOX)
        .set("rx", 6)
        .set("fill", fill)
        .set("stroke", line)
}

fn arrow((x, y): (usize, usize), (to_x, to_y): (usize, usize)) -> Path {
    let bend = (x + to_x) / 2;
    let line = format!("M{x},{y} C{bend},{y} {bend},{to_y} {to_x},{to_y} m-8,-4 l8,4 l-8,4");
    Path::new().set("d", line).set("fill", "none").set("stroke", "#5b7083").set("stroke-width", 1.5)
}

fn text(x: usize, y: usize, words: &str) -> Text {
    Text::new(words).set("x", x).set("y", y)
}

/// The beginning and the end of a root.
fn short(root: &Word) -> String {
    let digits = root.to_string();
    format!("{}…{}", &digits[..10], &digits[digits.len() - 6..])
}
