//! The least that a Tauri window can be: Sidetone's own size and settings, and a page with nothing on it.
//! `cargo xtask bench` measures the app beside it.

use std::borrow::Cow;

use tauri::utils::assets::{AssetKey, AssetsIter, CspHash};
use tauri::{App, Assets, Runtime};

struct Blank;

impl<R: Runtime> Assets<R> for Blank {
    fn setup(&self, _app: &App<R>) {}

    fn get(&self, _key: &AssetKey) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(b"<!doctype html><title>Empty window</title>"))
    }

    fn iter(&self) -> Box<AssetsIter<'_>> {
        Box::new(std::iter::empty())
    }

    fn csp_hashes(&self, _page: &AssetKey) -> Box<dyn Iterator<Item = CspHash<'_>> + '_> {
        Box::new(std::iter::empty())
    }
}

fn main() -> Result<(), tauri::Error> {
    let mut context = tauri::generate_context!();
    context.set_assets(Box::new(Blank));
    for window in &mut context.config_mut().app.windows {
        window.title = "Empty window".to_owned();
    }
    tauri::Builder::default().run(context)
}
