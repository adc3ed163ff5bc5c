//! The wrapper's instances against the ports of what they instantiate.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use penstock_hdl::hierarchy::Port;

/// Checks that the wrapper's instance of `kind` connects every port of it once, and nothing else, at its width.
pub(super) fn check(wrapper: &str, kind: &str, ports: &[Port<'_>]) -> Result<()> {
    let widths = widths(wrapper);
    let mut connections = connections(wrapper, kind)?;
    for port in ports {
        let Some(expression) = connections.remove(port.name) else {
            bail!("{kind}: port {} is not connected", port.name)
        };
        match bits(expression, &widths) {
            None if expression.is_empty() => ensure!(port.output, "{kind}: input {} is open", port.name),
            None => bail!("{kind}: port {} is connected to {expression}, which is not declared", port.name),
            Some(bits) => {
                ensure!(bits == port.bits, "{kind}: port {} has {} bits, {expression} has {bits}", port.name, port.bits)
            }
        }
    }
    if let Some(name) = connections.keys().next() {
        bail!("{kind} has no port {name}");
    }
    Ok(())
}

/// The bits of each name that the wrapper declares.
fn widths(wrapper: &str) -> BTreeMap<&str, usize> {
    wrapper.lines().filter_map(declared).collect()
}

/// A line that declares a wire, a register, a parameter or a port.
fn declared(line: &str) -> Option<(&str, usize)> {
    let line = line.trim().trim_end_matches([';', ',']);
    let line = line.rsplit("*) ").next()?.split(" = ").next()?;
    let mut words = line.split_whitespace();
    let first = words.find(|word| matches!(*word, "wire" | "reg" | "parameter" | "input" | "output"))?;
    let rest: Vec<&str> = words.filter(|word| !matches!(*word, "wire" | "reg")).collect();
    match (first, rest.as_slice()) {
        (_, [name]) => Some((name, 1)),
        (_, [range, name]) => Some((name, range_bits(range)?)),
        _ => None,
    }
}

/// Bits of `[high:low]`.
fn range_bits(range: &str) -> Option<usize> {
    let (high, low) = range.strip_prefix('[')?.strip_suffix(']')?.split_once(':')?;
    Some(high.parse::<usize>().ok()? + 1 - low.parse::<usize>().ok()?)
}

/// Bits of a name, a slice of one, or a literal.
fn bits(expression: &str, widths: &BTreeMap<&str, usize>) -> Option<usize> {
    if let Some((bits, _)) = expression.split_once('\'') {
        return bits.parse().ok();
    }
    match expression.split_once('[') {
        None => widths.get(expression).copied(),
        Some((name, _)) => {
            let slice = range_bits(&expression[name.len()..])?;
            (slice <= *widths.get(name)?).then_some(slice)
        }
    }
}

/// From ports to what the only instance of `kind` connects to them.
fn connections<'a>(wrapper: &'a str, kind: &str) -> Result<BTreeMap<&'a str, &'a str>> {
    let start = format!("    {kind} ");
    let mut lines = wrapper.lines().skip_while(|line| !(line.starts_with(&start) && line.ends_with('(')));
    ensure!(lines.next().is_some(), "the wrapper has no {kind}");
    let mut connections = BTreeMap::new();
    for line in lines.take_while(|line| line.trim() != ");") {
        let line = line.trim();
        if line.starts_with("//") {
            continue;
        }
        let connection = line.trim_end_matches(',').strip_prefix('.').and_then(|rest| rest.strip_suffix(')'));
        let Some((port, expression)) = connection.and_then(|rest| rest.split_once('(')) else {
            bail!("{kind}: `{line}` connects nothing");
        };
        ensure!(connections.insert(port, expression).is_none(), "{kind}: port {port} is connected twice");
    }
    Ok(connections)
}
