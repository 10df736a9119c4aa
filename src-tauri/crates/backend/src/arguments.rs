use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Hands out short-lived tokens for xAI's realtime voice, and keeps the API key to itself.
///
///   POST /session   a token: {"value": "…", "expires_at": 1785214681}
///   GET  /health    {"status": "ok"}
///
/// Point Sidetone at http://127.0.0.1:8787/session, or at wherever your https proxy puts it.
#[derive(Parser)]
#[command(name = "sidetone-backend", version, verbatim_doc_comment, after_long_help = AFTER)]
pub(crate) struct Arguments {
    /// Address to listen on. Beyond this computer, callers must be named, and a proxy that speaks
    /// https belongs in front: this server speaks plain http. Port 0 takes any free one.
    #[arg(long, env = "SIDETONE_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,

    /// Ask the backend that listens on that address how it is, and end: 0 is well, 1 is not.
    #[arg(long)]
    pub(crate) health: bool,

    /// Where tokens are minted: https, or http on this computer.
    #[arg(
        long,
        env = "SIDETONE_UPSTREAM",
        value_name = "URL",
        default_value = "https://api.x.ai/v1/realtime/client_secrets"
    )]
    pub(crate) upstream: String,

    /// File that holds the xAI API key alone. Without it, the key is read from XAI_API_KEY. A changed
    /// file is in use within a second or two.
    #[arg(long, env = "SIDETONE_KEY_FILE", value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// File of those who may ask: one `name secret` per line, lines with # are comments. A secret has
    /// 16 characters or more (`openssl rand -hex 24` makes one); the caller sends it as
    /// `Authorization: Bearer secret`. A name may stand on several lines with a secret each. A changed
    /// file is in use within a second or two; one that cannot be used is an error in the log, and the
    /// callers from before stay. Without it, SIDETONE_CALLERS is read; there, commas part the entries
    /// too.
    #[arg(long, env = "SIDETONE_CALLERS_FILE", value_name = "FILE")]
    pub(crate) callers: Option<PathBuf>,

    /// Tokens that one caller may ask for in any minute; more are answered 429 with Retry-After.
    #[arg(long, env = "SIDETONE_PER_MINUTE", value_name = "N", default_value_t = 10)]
    pub(crate) per_minute: u32,

    /// Tokens that all callers together may ask for in any minute.
    #[arg(long, env = "SIDETONE_PER_MINUTE_FOR_ALL", value_name = "N", default_value_t = 120)]
    pub(crate) per_minute_for_all: u32,

    /// Life of a token in seconds, 1 to 3600, for callers that ask for none with
    /// {"expires_after": {"seconds": N}}.
    #[arg(long, env = "SIDETONE_TOKEN_SECONDS", value_name = "N", default_value_t = 300)]
    pub(crate) token_seconds: u32,

    /// The shortest life that is given to who asks for less [default: 1].
    #[arg(long, env = "SIDETONE_SHORTEST_TOKEN_SECONDS", value_name = "N")]
    pub(crate) shortest_token_seconds: Option<u32>,

    /// The longest life that is given to who asks for more [default: --token-seconds].
    #[arg(long, env = "SIDETONE_LONGEST_TOKEN_SECONDS", value_name = "N")]
    pub(crate) longest_token_seconds: Option<u32>,

    /// Model that is named beside each token. Sidetone takes it unless the profile names another.
    #[arg(long, env = "SIDETONE_MODEL", value_name = "NAME")]
    pub(crate) model: Option<String>,

    /// Voice that is named beside each token. Sidetone takes it unless the profile names another.
    #[arg(long, env = "SIDETONE_VOICE", value_name = "NAME")]
    pub(crate) voice: Option<String>,

    /// File of instructions for the agent, at most 16 KiB, that stand beside each token. Sidetone takes
    /// them unless the profile has its own.
    #[arg(long, env = "SIDETONE_INSTRUCTIONS_FILE", value_name = "FILE")]
    pub(crate) instructions_file: Option<PathBuf>,

    /// How the log is written.
    #[arg(long, env = "SIDETONE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

const AFTER: &str = "\
Environment:
  XAI_API_KEY       the API key, unless a key file is given
  SIDETONE_CALLERS  `name secret, name secret, …`, unless a callers file is given
  RUST_LOG          how much to log (info)

Without any callers it serves every program on this computer and listens on loopback only.

An answer that is no token is {\"error\": \"…\", \"fault\": \"caller\" | \"backend\" | \"network\" | \"xai\"}:
  400 404 405 408 413  the caller's request is wrong, slow or over 16 KiB
  401                  the caller's bearer secret is missing or unknown
  403                  a web page, or another name than localhost, while no callers are named
  429                  too many requests: of this caller, of all (fault backend), or of the key at xAI
                       (fault xai); Retry-After says for how many seconds to wait
  502 504              the key was refused, or xAI failed or did not answer

The log is one line per event on standard error, without keys, secrets and tokens.
SIGINT or SIGTERM (Ctrl-C on Windows) stops it once running requests are answered.";
