//! The backend over loopback, against an upstream that does as it is told.

#[cfg(test)]
mod binary;
#[cfg(test)]
mod callers;
#[cfg(test)]
#[path = "../support/failures.rs"]
mod failures;
#[cfg(test)]
#[path = "../support/fake_xai.rs"]
mod fake_xai;
#[cfg(test)]
mod files;
#[cfg(test)]
#[path = "../support/http.rs"]
mod http;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod log;
#[cfg(test)]
mod packaging;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upstream;
