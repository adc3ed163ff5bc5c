//! Where the tools that `cargo xtask setup` installs are kept, and what they make: Verilated designs, downloaded packages.
//!
//! Simulation, campaigns and set-up have to agree on one folder; this is the one place that says which.

use std::path::PathBuf;

/// Names the folder, in place of the platform's cache folder.
pub const CACHE_VARIABLE: &str = "PENSTOCK_CACHE";

/// The folder; it need not exist yet.
pub fn cache_folder() -> PathBuf {
    std::env::var_os(CACHE_VARIABLE).map(PathBuf::from).unwrap_or_else(|| {
        directories::ProjectDirs::from("", "", "penstock")
            .map_or_else(|| std::env::temp_dir().join("penstock"), |folders| folders.cache_dir().to_owned())
    })
}

/// The folder of the pinned Python packages' programs.
pub fn programs_folder() -> PathBuf {
    cache_folder().join("tools/bin")
}
