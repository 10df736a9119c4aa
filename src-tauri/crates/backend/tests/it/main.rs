//! The backend over loopback, against an upstream that does as it is told.

#[cfg(test)]
mod binary;
#[cfg(test)]
mod callers;
#[cfg(test)]
mod files;
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
