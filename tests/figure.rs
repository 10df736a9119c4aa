//! How a measure of the real window tells its figures.

use serde_json::{Value, json};

/// One line that `cargo xtask bench` reads.
pub(crate) fn row(name: &str, value: f64, unit: &str, bar: Value) {
    println!("{}", json!({ "name": name, "value": value, "unit": unit, "bar": bar }));
}
