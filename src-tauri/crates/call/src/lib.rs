//! The product: one task joins the devices and the line into a call.
//!
//! Not here: sockets and tokens (`realtime`), devices and signal processing (`audio`), storage
//! (`history`), windows (the shell). It runs the same with files in place of devices.

mod budget;
mod caption;
mod checkup;
mod connect;
mod cost;
mod event;
mod figures;
mod files;
mod handle;
mod machine;
mod patience;
mod problem;
mod reply;
mod server;
mod session;
mod setup;
mod speech;
mod surroundings;
mod tap;
mod task;
mod transcript;
mod unsent;

pub use budget::Money;
pub use checkup::{CheckLine, CheckState, CheckStep, Checkup};
pub use connect::{Net, NetError, check_addresses, check_proxy_password, check_secret};
pub use cost::{Cost, Reported};
pub use event::*;
pub use figures::Figures;
pub use files::{FileDevices, WavError, read_wav, write_wav};
pub use handle::{Call, CallGone, Devices, Subscriber};
pub use machine::TEXT_LIMIT;
pub use patience::Patience;
pub use problem::device as device_problem;
pub use setup::{Access, Command, Idle, Setup};
pub use tap::Tap;
