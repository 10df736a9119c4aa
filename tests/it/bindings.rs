//! The window's types are made from the engine's: `ui/src/lib/bindings.ts` is this test's output.
//!
//! `BLESS=1 cargo nextest run -p sidetone --test it bindings` writes it anew.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sidetone_shell::view;
use ts_rs::{Config, TS, TypeVisitor};

/// Declarations by name: of the types visited and all that they are made of.
struct Declarations {
    config: Config,
    seen: BTreeSet<TypeId>,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only derived types have a file of their own; the others are written where they are used.
        if T::output_path().is_some() {
            let before = self.found.insert(T::ident(&self.config), T::decl(&self.config));
            assert_eq!(before, None, "two types are called {}", T::ident(&self.config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn declarations() -> String {
    let config = Config::new();
    let mut all = Declarations { config, seen: BTreeSet::new(), found: BTreeMap::new() };
    // What the window is told, and what it may say.
    all.visit::<view::AppSnapshot>();
    all.visit::<view::AppEvent>();
    all.visit::<view::CheckTarget>();
    all.visit::<call::Checkup>();
    all.visit::<view::Target>();
    all.visit::<view::ProfileDraft>();
    all.visit::<view::Imported>();
    all.visit::<view::Settings>();
    all.visit::<view::DeviceList>();
    all.visit::<call::Mute>();
    all.visit::<call::Turns>();
    all.visit::<call::ProblemCode>();
    let head = "// Made from the Rust types by tests/it/bindings.rs; do not edit.\n";
    all.found.into_values().fold(head.to_owned(), |text, decl| format!("{text}\nexport {decl}\n"))
}

fn source(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("could not read {path}: {error}"))
}

#[test]
fn the_windows_types_are_those_of_the_engine() {
    let path = "ui/src/lib/bindings.ts";
    let wanted = declarations();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(path), &wanted).unwrap();
    }
    let found = source(path).replace("\r\n", "\n");
    for (line, (found, wanted)) in found.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "{path}:{} is old; run this test with BLESS=1", line + 1);
    }
    assert_eq!(found.len(), wanted.len(), "{path} is old; run this test with BLESS=1");
}

#[test]
fn the_window_asks_for_every_command_and_for_no_other() {
    let words = |text: &str, before: &str, of: fn(char) -> bool| -> BTreeSet<String> {
        text.split(before).skip(1).map(|rest| rest.chars().take_while(|c| of(*c)).collect()).collect()
    };
    let name = |c: char| c.is_ascii_lowercase() || c == '_';
    let offered = words(&source("src-tauri/src/lib.rs"), "commands::", name);
    let asked = words(&source("ui/src/lib/tauri.ts"), "invoke('", name);
    assert!(!offered.is_empty());
    assert_eq!(offered, asked);
}
