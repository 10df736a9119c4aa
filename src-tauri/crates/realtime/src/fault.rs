/// Whose fault it is, so that a person knows whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// What was typed into the profile.
    Profile,
    /// The server that hands out tokens.
    Backend,
    /// The way there.
    Network,
    /// This computer: its trust store, its memory.
    Computer,
    /// The realtime server, whoever runs it.
    Xai,
}
