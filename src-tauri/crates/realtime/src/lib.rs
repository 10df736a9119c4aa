//! The line to a realtime voice server: a profile is checked, a token is minted from its backend,
//! one socket task carries typed events both ways.
//!
//! It knows no devices, no turns and no transcript, holds no conversation state, never reconnects
//! by itself and never sees an xAI API key: those belong to `audio`, to `call` and to the backend.

mod dial;
pub mod event;
mod fault;
mod http;
mod portal;
mod profile;
mod proxy;
mod redact;
mod samples;
mod socket;
mod tap;
mod tls;
mod token;

pub use dial::{Dial, DialError, Fact, ProxyFailure, TlsFailure, Witness};
pub use event::client::{ClientEvent, Content, Effort, NewItem, Role};
pub use event::server::{
    AudioDelta, ContentPart, ErrorWeight, Incoming, Item, ItemKind, ParseError, Progress, Response,
    ServerEvent, Session, Status, Usage, WireError, WireFormat, parse,
};
pub use event::session::{SessionConfig, Transcription, Transport, TurnDetection};
pub use fault::Fault;
pub use profile::*;
pub use proxy::{Login, Proxy, ProxyChoice};
pub use redact::{redact, redact_url, without_secrets};
pub use socket::{CloseKind, Closed, Line, LineClosed, LineEvent, LineOptions, OpenError, open, open_over};
pub use tap::{Tap, Tapped};
pub use tls::{Certificate, Root, TlsError, Trust};
pub use token::{FRESHNESS_MARGIN, MINT_DEADLINE, MintError, Minted, Token, mint, resolve};
