use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use crate::tls::Certificate;

/// Something that was found on the way to a token or to a line. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// What a name stands for; the proxy's where one stands before the server.
    Addresses {
        found: Vec<IpAddr>,
    },
    /// TCP stands; `proxy` is the name and port of the one that let it through.
    Reached {
        address: Option<SocketAddr>,
        proxy: Option<String>,
    },
    /// No encryption: the server is on this computer.
    Plain,
    Encrypted {
        certificate: Certificate,
    },
    /// A backend's answer began with a success.
    Answered {
        status: u16,
    },
    /// Where the backend's reply had the token, such as `client_secret.value`.
    Shaped {
        place: &'static str,
    },
}

/// Is told facts as they are found, on the task that finds them: it must not block.
#[derive(Clone, Default)]
pub struct Witness(Option<Arc<dyn Fn(Fact) + Send + Sync>>);

impl Witness {
    pub fn new(tell: impl Fn(Fact) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, fact: Fact) {
        if let Some(tell) = &self.0 {
            tell(fact);
        }
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Witness")
    }
}
