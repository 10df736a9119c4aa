//! Where things are: the repository and its target folder.

use std::path::{Path, PathBuf};

/// The repository's top folder, where this program was compiled from.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Where stages leave pictures and logs for people to look at.
#[cfg(target_os = "linux")]
pub(crate) fn artefacts() -> PathBuf {
    root().join("artefacts")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_root_holds_the_app_manifest() {
        assert!(super::root().join("tauri.conf.json").is_file());
    }
}
