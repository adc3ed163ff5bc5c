//! The floor plan: where each part of the design lies, and what it takes.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::blocks::Blocks;

/// Pixels of a tile.
const TILE: u32 = 8;
const LEGEND: u32 = 340;
const COLOURS: [&str; 7] = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb"];
/// Kinds, with the words of the legend.
const KINDS: [(&str, &str); 4] = [("lut", "LUT"), ("ff", "FF"), ("dsp", "DSP"), ("bram", "BRAM")];
/// Logic cells of a tile: the more of them are taken, the stronger its colour.
const FULL: usize = 16;

/// An SVG.
pub(super) fn draw(blocks: &Blocks) -> String {
    let counts = blocks.counts();
    let colours: BTreeMap<&str, &str> = counts.keys().copied().zip(COLOURS.iter().copied().cycle()).collect();
    let columns = blocks.0.iter().map(|cell| cell.x + 1).max().unwrap_or(1);
    let rows = blocks.0.iter().map(|cell| cell.y + 1).max().unwrap_or(1);
    let (width, height) = (columns * TILE + LEGEND, (rows * TILE).max(320));
    let mut tiles: BTreeMap<(u32, u32), BTreeMap<&str, usize>> = BTreeMap::new();
    let mut large = Vec::new();
    for cell in &blocks.0 {
        if cell.kind == "lut" || cell.kind == "ff" {
            *tiles.entry((cell.x, cell.y)).or_default().entry(cell.part).or_default() += 1;
        } else {
            large.push(cell);
        }
    }
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <rect width=\"{}\" height=\"{}\" fill=\"#f2f2f2\"/>\n",
        columns * TILE,
        rows * TILE
    );
    for ((x, y), parts) in &tiles {
        // The part that has most of it.
        let Some((part, _)) = parts.iter().max_by_key(|(_, count)| **count) else { continue };
        let taken: usize = parts.values().sum();
        let strength = 0.3 + 0.7 * (taken.min(FULL) as f64 / FULL as f64);
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{TILE}\" height=\"{TILE}\" fill=\"{}\" fill-opacity=\"{strength:.2}\"/>",
            x * TILE,
            y * TILE,
            colours[part]
        );
    }
    for cell in large {
        let _ = writeln!(
            svg,
            "<rect x=\"{}\" y=\"{}\" width=\"{TILE}\" height=\"{TILE}\" fill=\"{}\" stroke=\"#000000\" stroke-width=\"1\"/>",
            cell.x * TILE,
            cell.y * TILE,
            colours[cell.part]
        );
    }
    let left = columns * TILE + 16;
    let _ = writeln!(svg, "<text x=\"{left}\" y=\"24\" font-weight=\"bold\">Floor plan</text>");
    let _ = writeln!(svg, "<text x=\"{left}\" y=\"44\">outlined: multipliers, block RAM</text>");
    for (line, (part, kinds)) in (0u32..).zip(&counts) {
        let top = 64 + 40 * line;
        let of = |(kind, word): &(&str, &str)| format!("{} {word}", kinds.get(kind).copied().unwrap_or(0));
        let text = KINDS.iter().map(of).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"14\" height=\"14\" fill=\"{}\"/>\n\
             <text x=\"{}\" y=\"{}\">{part}</text>\n<text x=\"{}\" y=\"{}\" fill=\"#555555\">{text}</text>",
            colours[part],
            left + 22,
            top + 12,
            left + 22,
            top + 28,
        );
    }
    svg + "</svg>\n"
}
