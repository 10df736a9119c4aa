//! Programs in other languages, as their users run them: the backends of docs/backends beside
//! `sidetone-backend`, and clients of the protocol that this project did not write. `cargo xtask test
//! --only interop` installs what they need and starts this.

#[cfg(test)]
mod clients;
#[cfg(test)]
mod contract;
#[cfg(test)]
#[path = "../support/failures.rs"]
mod failures;
#[cfg(test)]
#[path = "../support/fake_xai.rs"]
mod fake_xai;
#[cfg(test)]
#[path = "../support/http.rs"]
mod http;
#[cfg(test)]
mod program;
