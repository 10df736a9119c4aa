mod profile;
pub use profile::*;
