//! Installing packages: at once as root, after a yes otherwise, and never behind anybody's back.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use anyhow::{Result, bail};

use super::needs::{self, Group, Need};
use super::system::Family;
use crate::command::Run;

/// Waits for another package tool instead of breaking on its lock, and asks nothing.
pub(crate) const APT_INSTALL: &str =
    "apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 install -y --no-install-recommends";

pub(crate) fn ensure(family: &Family, groups: &[Group]) -> Result<()> {
    let lacking = needs::missing(groups);
    if lacking.is_empty() {
        println!("    every system package is there");
        return Ok(());
    }
    println!("    this machine lacks:");
    for need in &lacking {
        println!("      {:<26} {:<28} {}", need.what, need.package(family).unwrap_or("?"), need.why);
    }
    let packages = packages(family, &lacking);
    let Some(plan) = Plan::of(family, &packages) else {
        let Family::Other(name) = family else { bail!("no package tool is known for {family:?}") };
        bail!("no package names are known for {name}: install the above by its own means and start again");
    };
    let root = is_root();
    if !root {
        let attended = std::io::stdin().is_terminal() && std::env::var_os("CI").is_none();
        permission(&plan, attended && needs::on_path("sudo"))?;
    }
    plan.carry_out(root)?;
    let still = needs::missing(groups);
    if still.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = still.iter().map(|need| need.what).collect();
    bail!("installed the packages, yet this is still not found: {}", names.join(", "))
}

fn packages(family: &Family, needs: &[&'static Need]) -> Vec<&'static str> {
    let mut packages: Vec<_> = needs.iter().filter_map(|need| need.package(family)).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// What a package tool has to be told.
#[derive(Debug, PartialEq)]
struct Plan {
    /// Fetches the list of packages; tried again when the mirror or another package tool is in the way.
    refresh: Option<String>,
    install: String,
}

impl Plan {
    fn of(family: &Family, packages: &[&str]) -> Option<Self> {
        let names = packages.join(" ");
        Some(match family {
            Family::Debian => {
                Self { refresh: Some("apt-get update".to_owned()), install: format!("{APT_INSTALL} {names}") }
            }
            Family::Fedora => Self {
                refresh: None,
                install: format!("dnf install -y --setopt=install_weak_deps=False {names}"),
            },
            Family::Arch => {
                Self { refresh: None, install: format!("pacman -Sy --needed --noconfirm {names}") }
            }
            Family::MacOs | Family::Windows | Family::Other(_) => return None,
        })
    }

    /// One line that does the same by hand.
    fn by_hand(&self) -> String {
        match &self.refresh {
            Some(refresh) => format!("sudo {refresh} && sudo {}", self.install),
            None => format!("sudo {}", self.install),
        }
    }

    fn carry_out(&self, root: bool) -> Result<()> {
        const PAUSE: Duration = Duration::from_secs(10);
        let command = |words: &str| match root {
            true => Run::words(words).env("DEBIAN_FRONTEND", "noninteractive"),
            false => Run::words(&format!("sudo DEBIAN_FRONTEND=noninteractive {words}")),
        };
        if let Some(refresh) = &self.refresh {
            let mut tries = 1;
            while let Err(error) = command(refresh).run() {
                if tries == 3 {
                    // An old list may still be good enough: the installation below is the judge.
                    println!("    {error:#}; going on with the list that is there");
                    break;
                }
                tries += 1;
                std::thread::sleep(PAUSE);
            }
        }
        command(&self.install).run()
    }
}

/// Asks a person; without one there is nobody who could agree.
fn permission(plan: &Plan, can_ask: bool) -> Result<()> {
    let by_hand = plan.by_hand();
    if !can_ask {
        bail!("these packages need root. Install them with:\n  {by_hand}");
    }
    print!("    install with `{by_hand}`? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    bail!("not installed. You can do it with:\n  {by_hand}")
}

pub(crate) fn is_root() -> bool {
    Run::words("id -u").read().is_ok_and(|user| user.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_gets_its_own_tool() {
        let line = |family: &Family| Plan::of(family, &["a", "b"]).map(|plan| plan.by_hand());
        assert_eq!(
            line(&Family::Debian).as_deref(),
            Some(format!("sudo apt-get update && sudo {APT_INSTALL} a b").as_str())
        );
        assert_eq!(
            line(&Family::Fedora).as_deref(),
            Some("sudo dnf install -y --setopt=install_weak_deps=False a b")
        );
        assert_eq!(line(&Family::Arch).as_deref(), Some("sudo pacman -Sy --needed --noconfirm a b"));
        assert_eq!(line(&Family::Other("nixos".into())), None);
    }

    #[test]
    fn nobody_to_ask_means_the_command_to_type_and_nothing_installed() {
        let plan = Plan::of(&Family::Fedora, &["sox"]).unwrap();
        let error = permission(&plan, false).unwrap_err().to_string();
        assert!(error.ends_with("sudo dnf install -y --setopt=install_weak_deps=False sox"), "{error}");
    }

    #[test]
    fn a_package_that_serves_two_needs_is_named_once() {
        let dbus: Vec<_> = needs::NEEDS.iter().filter(|need| need.what.starts_with("D-Bus")).collect();
        assert_eq!(dbus.len(), 3);
        assert_eq!(packages(&Family::Arch, &dbus), ["dbus"]);
        assert_eq!(packages(&Family::Debian, &dbus), ["dbus", "dbus-x11", "libdbus-1-dev"]);
    }
}
