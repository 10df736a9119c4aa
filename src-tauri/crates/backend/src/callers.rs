//! Who may ask for tokens.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Below this a secret can be guessed.
const SHORTEST_SECRET: usize = 16;
const LONGEST_SECRET: usize = 512;
const LONGEST_NAME: usize = 64;

/// The callers that are let in.
#[derive(Debug)]
pub enum Callers {
    /// Every program on this computer. Only possible while listening on loopback.
    AnyoneHere,
    /// Those who show one of these secrets as their bearer.
    Known(Vec<Caller>),
}

/// One secret that lets one caller in; the same name may stand on several lines, so that a caller can
/// change to a new secret before the old one is taken away.
#[derive(Debug)]
pub struct Caller {
    name: String,
    secret: SecretString,
}

/// A list of callers that cannot be used. No variant quotes a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CallersError {
    #[error("reading the callers: there is none")]
    Nobody,
    #[error("reading the callers: entry {entry} is not `name secret`")]
    Shape { entry: usize },
    #[error(
        "reading the callers: the name in entry {entry} may have at most {LONGEST_NAME} letters, digits, \
         dots, dashes and underscores"
    )]
    Name { entry: usize },
    #[error(
        "reading the callers: the secret in entry {entry} must have {SHORTEST_SECRET} to {LONGEST_SECRET} \
         ASCII characters and no comma"
    )]
    Secret { entry: usize },
    #[error("reading the callers: the secret in entry {entry} stands there twice")]
    Twice { entry: usize },
}

impl FromStr for Callers {
    type Err = CallersError;

    /// Reads `name secret` entries, one a line; commas part them too, so that they fit in an environment
    /// variable. Empty lines, and lines that begin with `#`, mean nothing.
    ///
    /// # Errors
    /// Which entry is wrong and how. A list of nobody is an error, never an open door.
    fn from_str(text: &str) -> Result<Self, CallersError> {
        let entries = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(','))
            .filter(|entry| !entry.trim().is_empty());
        let mut callers: Vec<Caller> = Vec::new();
        for (entry, text) in (1..).zip(entries) {
            let mut words = text.split_whitespace();
            let (Some(name), Some(secret), None) = (words.next(), words.next(), words.next()) else {
                return Err(CallersError::Shape { entry });
            };
            let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            if name.len() > LONGEST_NAME || !name.bytes().all(in_name) {
                return Err(CallersError::Name { entry });
            }
            if !(SHORTEST_SECRET..=LONGEST_SECRET).contains(&secret.len())
                || !secret.bytes().all(|byte| byte.is_ascii_graphic())
            {
                return Err(CallersError::Secret { entry });
            }
            if callers.iter().any(|known| known.secret.expose_secret() == secret) {
                return Err(CallersError::Twice { entry });
            }
            callers.push(Caller { name: name.to_owned(), secret: SecretString::from(secret) });
        }
        if callers.is_empty() { Err(CallersError::Nobody) } else { Ok(Self::Known(callers)) }
    }
}

impl Callers {
    /// The name of the caller with this `Authorization` header. Every secret is compared in full, so
    /// that the time taken tells nothing about any of them but its length.
    pub(crate) fn identify(&self, authorization: Option<&[u8]>) -> Option<&str> {
        let known = match self {
            Self::AnyoneHere => return Some("anyone"),
            Self::Known(known) => known,
        };
        let shown = bearer(authorization?)?;
        let mut found = u64::MAX;
        for (index, caller) in (0_u64..).zip(known) {
            let same: Choice = caller.secret.expose_secret().as_bytes().ct_eq(shown);
            found.conditional_assign(&index, same);
        }
        usize::try_from(found).ok().and_then(|index| known.get(index)).map(|caller| caller.name.as_str())
    }
}

fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = authorization.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# the office\nanna 0123456789abcdef\n\n  ben   fedcba9876543210  \n";

    #[test]
    fn each_caller_is_known_by_their_secret_alone() {
        let callers = LIST.parse::<Callers>().unwrap();
        for (header, name) in [
            (Some("Bearer 0123456789abcdef"), Some("anna")),
            (Some("bearer fedcba9876543210"), Some("ben")),
            (Some("Bearer  fedcba9876543210 "), Some("ben")),
            (Some("Bearer 0123456789abcdeF"), None),
            (Some("Bearer 0123456789abcde"), None),
            (Some("Bearer 0123456789abcdef0"), None),
            (Some("Bearer "), None),
            (Some("Bearer"), None),
            (Some("Basic 0123456789abcdef"), None),
            (Some("0123456789abcdef"), None),
            (Some(""), None),
            (None, None),
        ] {
            assert_eq!(callers.identify(header.map(str::as_bytes)), name, "{header:?}");
        }
    }

    #[test]
    fn an_environment_variable_parts_entries_by_commas() {
        let callers = "anna 0123456789abcdef,ben fedcba9876543210".parse::<Callers>().unwrap();
        assert_eq!(callers.identify(Some(b"Bearer fedcba9876543210")), Some("ben"));
    }

    #[test]
    fn a_caller_may_have_several_secrets() {
        let callers: Callers = "anna 0123456789abcdef\nanna fedcba9876543210".parse().unwrap();
        for secret in ["Bearer 0123456789abcdef", "Bearer fedcba9876543210"] {
            assert_eq!(callers.identify(Some(secret.as_bytes())), Some("anna"));
        }
    }

    #[test]
    fn a_bad_list_is_refused_by_entry_and_never_quoted() {
        for (list, error) in [
            ("", CallersError::Nobody),
            ("# nobody\n\n , ", CallersError::Nobody),
            ("0123456789abcdef", CallersError::Shape { entry: 1 }),
            ("anna 0123456789abcdef\nben fedcba 9876543210", CallersError::Shape { entry: 2 }),
            ("an/na 0123456789abcdef", CallersError::Name { entry: 1 }),
            ("anna 0123456789abcde", CallersError::Secret { entry: 1 }),
            ("anna 0123456789abcdéf", CallersError::Secret { entry: 1 }),
            ("anna 0123456789abcdef,anna 0123456789abcdef", CallersError::Twice { entry: 2 }),
            ("anna 0123456789abcdef,ben 0123456789abcdef", CallersError::Twice { entry: 2 }),
        ] {
            let found = list.parse::<Callers>().unwrap_err();
            assert_eq!(found, error, "{list:?}");
            assert!(!found.to_string().contains("0123"), "{found}");
        }
    }

    #[test]
    fn secrets_cannot_be_printed() {
        let shown = format!("{:?}", LIST.parse::<Callers>().unwrap());
        assert!(shown.contains("anna") && !shown.contains("0123"), "{shown}");
    }
}
