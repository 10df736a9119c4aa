//! What this machine must have, and getting it.
//!
//! System packages come from the table in `needs`; Rust and Node tools from `tools`. Nothing is skipped
//! because it is missing: it is installed, or the command ends and says what to type.

mod install;
mod needs;
mod system;
mod tools;

use anyhow::Result;

#[cfg(target_os = "linux")]
pub(crate) use install::{APT_INSTALL, is_root};
pub(crate) use needs::Group;
pub(crate) use tools::{components, nextest, node};

/// Sees to it that everything of these groups is there.
///
/// # Errors
/// Something is missing and cannot be installed from here; the message is what a person has to type.
pub(crate) fn provision(groups: &[Group]) -> Result<()> {
    tools::toolchain()?;
    let family = system::family()?;
    match family {
        system::Family::MacOs => system::check_macos(),
        system::Family::Windows => system::check_windows(),
        _ => install::ensure(&family, groups),
    }
}
