//! The shell held together: what no single crate can test.

#[cfg(test)]
mod record;
