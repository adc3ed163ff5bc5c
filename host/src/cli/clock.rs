//! A block's time against this machine's clock: is it one that a chain will take?
//!
//! A contract takes a block only while the block's time is within a window around its chain's own. A block with another
//! time, such as zero or one from a test, is proved in vain; it is refused before the work. The window here is as wide as
//! contracts of this kind have it, for chains' clocks are not ours: a day behind, for blocks that wait for their proof or
//! their chain, a quarter of an hour ahead, for clocks that differ. Older blocks, of a backlog that the chains have been
//! told of already, are proved with `--any-time`.

use jiff::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds that a block may be older than the clock.
const BEHIND: u64 = 24 * HOUR;
/// Seconds that a block may be newer than the clock.
const AHEAD: u64 = 15 * MINUTE;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A block that is not of this time. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockTimeError {
    /// Too old.
    #[error(
        "the block's time {} ({time}) is {} behind this machine's clock, {}; more than a day is refused: correct the block's \
        timestamp (seconds since 1970) or the clock, or prove it all the same with --any-time",
        utc((*time).into()), in_words(clock - u64::from(*time)), utc(*clock)
    )]
    Behind {
        /// The block's.
        time: u32,
        /// The machine's.
        clock: u64,
    },
    /// Too new.
    #[error(
        "the block's time {} ({time}) is {} ahead of this machine's clock, {}; more than a quarter of an hour is refused: \
        correct the block's timestamp (seconds since 1970) or the clock, or prove it all the same with --any-time",
        utc((*time).into()), in_words(u64::from(*time) - clock), utc(*clock)
    )]
    Ahead {
        /// The block's.
        time: u32,
        /// The machine's.
        clock: u64,
    },
}

/// Checks a block's time, in seconds since 1970, against the clock.
pub fn check(time: u32) -> Result<(), BlockTimeError> {
    // A clock before 1970 is as wrong as one of 1970.
    compare(time, SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

fn compare(time: u32, clock: u64) -> Result<(), BlockTimeError> {
    match u64::from(time) {
        block if block + BEHIND < clock => Err(BlockTimeError::Behind { time, clock }),
        block if block > clock + AHEAD => Err(BlockTimeError::Ahead { time, clock }),
        _ => Ok(()),
    }
}

fn utc(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("{seconds} s"), |time| time.to_string())
}

/// Of the largest unit that goes into it twice.
fn in_words(seconds: u64) -> String {
    let units = [(DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")];
    let (unit, name) = units.into_iter().find(|(unit, _)| seconds >= 2 * unit).unwrap_or((1, "seconds"));
    format!("{} {name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: u32 = 1_796_000_000;

    #[test]
    fn a_day_behind_and_a_quarter_of_an_hour_ahead_are_the_limits() {
        let clock = u64::from(CLOCK);
        for time in [CLOCK, CLOCK - 86_400, CLOCK + 900] {
            assert_eq!(compare(time, clock), Ok(()));
        }
        for time in [CLOCK - 86_401, 0] {
            assert_eq!(compare(time, clock), Err(BlockTimeError::Behind { time, clock }));
        }
        for time in [CLOCK + 901, u32::MAX] {
            assert_eq!(compare(time, clock), Err(BlockTimeError::Ahead { time, clock }));
        }
    }

    #[test]
    fn both_times_are_told_in_utc_with_the_distance() {
        let zero = BlockTimeError::Behind { time: 0, clock: 1_796_000_000 }.to_string();
        for part in ["1970-01-01T00:00:00Z (0)", "20787 days behind", "2026-11-30T00:53:20Z", "--any-time"] {
            assert!(zero.contains(part), "{zero}");
        }
        let soon = BlockTimeError::Ahead { time: CLOCK + 1200, clock: CLOCK.into() }.to_string();
        assert!(soon.contains("20 minutes ahead"), "{soon}");
    }
}
