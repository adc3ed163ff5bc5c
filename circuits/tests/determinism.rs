//! Public data, messages and new roots follow from what operations declare.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::convert::Infallible;
use std::io::Write;
use std::process::Command;

use penstock_circuits::circuit::soundness::determinism::{Claim, programs, settle};

#[test]
fn trial() {
    for claim in [Claim::Results, Claim::Inputs] {
        for program in programs() {
            let start = std::time::Instant::now();
            let outcome = settle(&program, claim, |q| {
                let mut f = tempfile::NamedTempFile::new().unwrap();
                f.write_all(q.smt.as_bytes()).unwrap();
                let t = std::time::Instant::now();
                let out = Command::new("/tmp/z3venv/bin/z3").arg("-T:20").arg(f.path()).output().unwrap();
                let said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
                println!("   ask {:?} {} {}:{} -> {said} {:.2}", q.value.var, q.value.kind, q.value.site.file(), q.value.site.line(), t.elapsed().as_secs_f64());
                std::fs::write(format!("/tmp/q/{}-{}.smt2", program.name, q.value.var.index()), &q.smt).unwrap();
                Ok::<_, Infallible>(said == "unsat")
            })
            .unwrap();
            for c in &outcome.cases {
                let a = &c.analysis;
                println!(
                    "{claim:?} {} ({}) items {} inputs {} claimed {} undetermined {} others {} solved {} asked {} {:?} {:.2}s",
                    program.name, c.case.name, program.items.len(), program.inputs.len(), a.claimed, a.undetermined.len(), a.undetermined_others,
                    c.solved.len(), c.asked, a.rules, start.elapsed().as_secs_f64()
                );
            }
            for v in outcome.faults() {
                println!("   {v}");
            }
        }
    }
}
