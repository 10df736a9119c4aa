//! The history through its public door, on real files.

#[cfg(test)]
mod crash;
#[cfg(test)]
mod files;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod spending;
#[cfg(test)]
mod support;
