//! The words a switch takes, as types.

/// An enum whose variants are the words of one switch; the first is the default.
macro_rules! choice {
    ($name:ident { $first:ident = $first_word:literal $(, $variant:ident = $word:literal)* $(,)? }) => {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) enum $name {
            #[default]
            $first,
            $($variant,)*
        }

        impl $name {
            pub(crate) fn parse(word: &str) -> Option<Self> {
                match word {
                    $first_word => Some(Self::$first),
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

choice!(Order { Live = "live", CreatedFirst = "2.0" });
choice!(Dones { Live = "live", Schema = "schema" });
choice!(SpeechStarted { Once = "once", Repeated = "repeated", Late = "late" });
choice!(Completed { Live = "live", Once = "once", Repeated = "repeated" });
choice!(Errors { Nested = "nested", Flat = "flat" });
choice!(Names { New = "new", Old = "old" });
choice!(Part { Live = "live", Missing = "missing", Schema = "schema" });
choice!(Deleted { Id = "id", Empty = "empty" });
choice!(Output { Asked = "asked", Binary = "binary" });
choice!(Replay { Added = "added", Created = "created", Off = "off" });
choice!(Resume {
    Taken = "taken",
    Forgotten = "forgotten",
    Http400 = "http400",
    Http404 = "http404",
    Http410 = "http410",
    Rejected = "rejected",
    Close = "close",
    Silent = "silent",
});
choice!(Update { Accepted = "accepted", Rejected = "rejected" });
choice!(Usage { Live = "live", Schema = "schema", Off = "off" });
choice!(Truncate { Works = "works", Ignored = "ignored", Error = "error" });
choice!(CancelledItem { Kept = "kept", Gone = "gone" });
choice!(WhileActive { Replace = "replace", Error = "error" });
choice!(PingField { Timestamp = "timestamp", PingTimestamp = "ping_timestamp" });
choice!(Handshake {
    Accept = "accept",
    Close = "close",
    Refuse401 = "refuse401",
    Refuse402 = "refuse402",
    Refuse403 = "refuse403",
    Refuse429 = "refuse429",
    Refuse503 = "refuse503",
    Hang = "hang",
});
choice!(Echo { Offered = "offered", None = "none", Unoffered = "unoffered" });
choice!(SessionAuth { Required = "required", Open = "open" });
choice!(Mint {
    Ok = "ok",
    Status401 = "401",
    Status402 = "402",
    Status403 = "403",
    Status404 = "404",
    Status408 = "408",
    Status425 = "425",
    Status429 = "429",
    Status500 = "500",
    Status503 = "503",
    Error200 = "error200",
    Html = "html",
    Empty = "empty",
    NoToken = "no_token",
    Key = "key",
    Huge = "huge",
    Hang = "hang",
});
choice!(MintShape {
    Flat = "flat",
    ClientSecret = "client_secret",
    Nested = "nested",
    Text = "string",
    Camel = "camel",
    Token = "token",
    Iso = "iso",
    Xai = "xai",
    Headers = "headers",
});

/// `on` or `off`.
pub(crate) fn on(word: &str) -> Option<bool> {
    match word {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// A whole number no greater than `most`.
pub(crate) fn up_to(most: u64) -> impl Fn(&str) -> Option<u64> {
    move |word| word.parse().ok().filter(|n| *n <= most)
}

/// `off`, or a whole number.
pub(crate) fn maybe(word: &str) -> Option<Option<u64>> {
    if word == "off" { Some(None) } else { word.parse().ok().map(Some) }
}
