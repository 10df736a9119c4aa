//! Where things are: the repository and its target folder.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The repository's top folder. cargo says at the start where this program's manifest is; what was true
/// when it was compiled may not be any more, for a target folder can be shared and a checkout moved.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
        let here = PathBuf::from(here);
        here.ancestors().nth(2).map(Path::to_owned).unwrap_or(here)
    });
    &ROOT
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The app as the development profile builds it.
pub(crate) fn app() -> PathBuf {
    target().join("debug").join(format!("sidetone{}", std::env::consts::EXE_SUFFIX))
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
