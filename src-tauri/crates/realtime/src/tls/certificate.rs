use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustls::pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _, time::ASN1Time,
    x509::X509Name,
};

use crate::redact::redact;

/// Characters of a name that are shown.
const NAME: usize = 80;
/// Names of a certificate that are shown.
const NAMES: usize = 4;

/// What a server's certificate says of itself, for a person to read. Its names are the server's own
/// words; what cannot be read is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    pub subject: String,
    /// Whom it is made out to: the first few hosts and addresses.
    pub names: Vec<String>,
    pub issuer: String,
    /// Who issued the last certificate of the chain that the server sent.
    pub top: String,
    pub root: Root,
    pub valid_from: Option<SystemTime>,
    pub valid_until: Option<SystemTime>,
}

/// Who vouches for a certificate in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Root {
    /// An authority that this computer trusts.
    System,
    /// One of the profile's file.
    Extra,
    #[default]
    Unknown,
}

impl Certificate {
    pub(super) fn read(
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        root: Root,
    ) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(end_entity) else {
            return Self { root, ..Self::default() };
        };
        let names = names(&certificate);
        let subject = name(certificate.subject());
        let issuer = name(certificate.issuer());
        let top = intermediates
            .last()
            .and_then(|last| X509Certificate::from_der(last).ok())
            .map_or_else(|| issuer.clone(), |(_, last)| name(last.issuer()));
        let validity = certificate.validity();
        Self {
            subject: if subject.is_empty() { names.first().cloned().unwrap_or_default() } else { subject },
            names,
            issuer,
            top,
            root,
            valid_from: moment(validity.not_before),
            valid_until: moment(validity.not_after),
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "made out to \u{201c}{}\u{201d}", self.subject)?;
        write!(formatter, ", issued by \u{201c}{}\u{201d}", self.issuer)?;
        if self.top != self.issuer {
            write!(formatter, " under \u{201c}{}\u{201d}", self.top)?;
        }
        formatter.write_str(match self.root {
            Root::System => ", which this computer trusts",
            Root::Extra => ", which the profile's file of authorities trusts",
            Root::Unknown => "",
        })?;
        match self.valid_until {
            Some(end) => write!(formatter, "; valid until {}", day(end)),
            None => Ok(()),
        }
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(found)) = certificate.subject_alternative_name() else { return Vec::new() };
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(clean(name)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    };
    found.value.general_names.iter().filter_map(shown).take(NAMES).collect()
}

/// The name that people know a party by.
fn name(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().chain(name.iter_organization());
    let known = common.filter_map(|part| part.as_str().ok()).find(|text| !text.trim().is_empty());
    clean(known.unwrap_or_default())
}

fn clean(text: &str) -> String {
    let text = redact(text.trim());
    text.chars().filter(|c| !c.is_control()).take(NAME).collect()
}

fn moment(time: ASN1Time) -> Option<SystemTime> {
    let seconds = u64::try_from(time.timestamp()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The day in UTC, such as `2026-11-24`.
pub(crate) fn day(moment: SystemTime) -> String {
    time::OffsetDateTime::from(moment).date().to_string()
}
