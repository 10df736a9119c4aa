//! Which system this is.

use anyhow::{Context, Result, bail};

use crate::command::Run;

/// A family of systems that share a package tool and its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Family {
    /// Debian, Ubuntu and what descends from them: apt.
    Debian,
    /// Fedora and its kin: dnf.
    Fedora,
    /// Arch and its kin: pacman.
    Arch,
    MacOs,
    Windows,
    /// A Linux whose package names are not known here; holds its name.
    Other(String),
}

pub(crate) fn family() -> Result<Family> {
    match std::env::consts::OS {
        "macos" => Ok(Family::MacOs),
        "windows" => Ok(Family::Windows),
        _ => {
            let text = std::fs::read_to_string("/etc/os-release")
                .or_else(|_| std::fs::read_to_string("/usr/lib/os-release"))
                .context("could not read /etc/os-release to tell which system this is")?;
            Ok(of_os_release(&text))
        }
    }
}

/// Reads `ID` and `ID_LIKE` as os-release(5) describes them: the first known name decides.
fn of_os_release(text: &str) -> Family {
    let field = |name: &str| {
        text.lines()
            .filter_map(|line| line.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.trim_matches(['"', '\'']).to_lowercase())
            .unwrap_or_default()
    };
    let (id, like) = (field("ID"), field("ID_LIKE"));
    std::iter::once(id.as_str())
        .chain(like.split_whitespace())
        .find_map(|name| match name {
            "debian" | "ubuntu" => Some(Family::Debian),
            "fedora" | "rhel" => Some(Family::Fedora),
            "arch" => Some(Family::Arch),
            _ => None,
        })
        .unwrap_or(Family::Other(if id.is_empty() { "an unnamed Linux".to_owned() } else { id.clone() }))
}

pub(crate) fn check_macos() -> Result<()> {
    if Run::words("xcode-select -p").succeeds() {
        return Ok(());
    }
    bail!("Apple's command line tools are missing. Install them with: xcode-select --install")
}

/// The runtime that draws the window, and the linker that rustc's -msvc toolchain needs.
pub(crate) fn check_windows() -> Result<()> {
    const WEBVIEW2: &str = r"Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}";
    let mut missing = Vec::new();
    let places = [r"HKLM\SOFTWARE\WOW6432Node", r"HKLM\SOFTWARE", r"HKCU\Software"];
    if !places.iter().any(|place| Run::new("reg").args(["query", &format!(r"{place}\{WEBVIEW2}")]).succeeds())
    {
        missing.push("the WebView2 runtime: winget install Microsoft.EdgeWebView2Runtime");
    }
    if cfg!(target_env = "msvc") && !has_msvc_linker() {
        missing.push(
            "the C++ build tools: winget install Microsoft.VisualStudio.2022.BuildTools --override \
             \"--passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended\"",
        );
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("this machine has not got everything yet. Install\n  {}", missing.join("\n  "))
}

/// `link.exe` is on the path only in a developer prompt; elsewhere vswhere knows whether it exists.
fn has_msvc_linker() -> bool {
    let Some(programs) = std::env::var_os("ProgramFiles(x86)") else { return false };
    let vswhere = std::path::Path::new(&programs).join(r"Microsoft Visual Studio\Installer\vswhere.exe");
    Run::new("where").args(["link.exe"]).succeeds()
        || Run::new(vswhere)
            .args(["-latest", "-products", "*", "-property", "installationPath"])
            .args(["-requires", "Microsoft.VisualStudio.Component.VC.Tools.x86.x64"])
            .read()
            .is_ok_and(|found| !found.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_told_by_id_and_then_by_kin() {
        for (text, family) in [
            ("ID=debian\nVERSION_ID=\"12\"\n", Family::Debian),
            ("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n", Family::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Family::Debian),
            ("ID=fedora\n", Family::Fedora),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", Family::Fedora),
            ("ID=manjaro\nID_LIKE=arch\n", Family::Arch),
            ("ID=alpine\n", Family::Other("alpine".into())),
            ("", Family::Other("an unnamed Linux".into())),
            ("VARIANT_ID=debian\nID='nixos'\n", Family::Other("nixos".into())),
        ] {
            assert_eq!(of_os_release(text), family, "{text}");
        }
    }
}
