pub mod view;
pub fn run() {}
