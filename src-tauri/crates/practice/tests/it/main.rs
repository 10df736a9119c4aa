//! The practice agent over real sockets, driven by a client that shares no code with it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

// Plain HTTP and WebSocket access, and synthetic speech.
mod client;
// Tokens: how they are asked for, shaped, shown, and how they end.
mod tokens;
// Whole turns over the wire.
mod turns;
// Broken lines, refused handshakes, and the end of the server.
mod line;
// The program on its own.
mod program;
