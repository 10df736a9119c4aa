//! A look at every text frame that passes, for people who develop a server and for recordings.

use std::fmt;
use std::sync::Arc;

/// One text frame as it is on the wire.
#[derive(Clone, Copy, Debug)]
pub enum Tapped<'a> {
    Server(&'a str),
    Client(&'a str),
}

/// Called for every text frame, on the line's own task: it must not block. No token is ever in a frame.
#[derive(Clone)]
pub struct Tap(Arc<dyn Fn(Tapped<'_>) + Send + Sync>);

impl Tap {
    pub fn new(look: impl Fn(Tapped<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    pub(crate) fn show(&self, frame: Tapped<'_>) {
        (self.0)(frame);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tap")
    }
}
