//! The shell held together: what no single crate can test.

mod bindings;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod record;
