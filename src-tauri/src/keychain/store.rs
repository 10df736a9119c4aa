//! The system's keychain: the Secret Service, the macOS keychain or the Windows credential manager.
//!
//! `keyring` speaks to those of macOS and Windows. A Secret Service is opened anew by every call, which
//! `keyring` does once and for good: a connection lasts no longer than the service behind it, and one that
//! waits for a prompt is locked against every other call.

use keyring_core::Error;
use secrecy::{ExposeSecret as _, SecretString};

use super::KeychainError;

/// The service under which every secret stands; the user name is the profile's id.
const SERVICE: &str = "dev.sidetone.desktop";

/// Where secrets outlive the app. Any call may block for ever.
pub(crate) trait Store: Send + Sync + 'static {
    /// Whether it is there and open. Wakes no prompt.
    fn state(&self) -> Result<(), KeychainError>;
    fn keep(&self, id: &str, secret: &SecretString) -> Result<(), KeychainError>;
    fn find(&self, id: &str) -> Result<Option<SecretString>, KeychainError>;
    /// A secret that is not there is no error.
    fn erase(&self, id: &str) -> Result<(), KeychainError>;
}

#[derive(Debug)]
pub(crate) struct System;

impl Store for System {
    fn state(&self) -> Result<(), KeychainError> {
        system::state()
    }

    fn keep(&self, id: &str, secret: &SecretString) -> Result<(), KeychainError> {
        system::make_room()?;
        system::entry(id)?.set_password(secret.expose_secret()).map_err(translate)
    }

    fn find(&self, id: &str) -> Result<Option<SecretString>, KeychainError> {
        match system::entry(id)?.get_password() {
            Ok(secret) => Ok(Some(secret.into())),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(translate(error)),
        }
    }

    fn erase(&self, id: &str) -> Result<(), KeychainError> {
        match system::entry(id)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(translate(error)),
        }
    }
}

fn translate(error: Error) -> KeychainError {
    match error {
        Error::NoStorageAccess(error) => {
            system::named(&*error).unwrap_or_else(|| KeychainError::Denied(error.to_string()))
        }
        Error::PlatformFailure(error) => {
            system::named(&*error).unwrap_or_else(|| KeychainError::Failed(error.to_string()))
        }
        Error::NoDefaultStore => KeychainError::Missing(error.to_string()),
        error => KeychainError::Failed(error.to_string()),
    }
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
mod system {
    use secret_service::blocking::SecretService;
    use secret_service::{EncryptionType, Error as Refusal};
    use zbus_secret_service_keyring_store::Store;

    use keyring_core::Entry;
    use keyring_core::api::CredentialStoreApi as _;

    use super::{KeychainError, SERVICE, translate};

    pub(super) fn entry(id: &str) -> Result<Entry, KeychainError> {
        let store = Store::new().map_err(|error| KeychainError::Missing(error.to_string()))?;
        store.build(SERVICE, id, None).map_err(translate)
    }

    pub(super) fn state() -> Result<(), KeychainError> {
        let service = connect()?;
        match service.get_default_collection() {
            Ok(keyring) if keyring.is_locked().map_err(refused)? => Err(KeychainError::Locked),
            // Without a keyring one is made when it is needed.
            Ok(_) | Err(Refusal::NoResult) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }

    /// A Secret Service on which nothing was ever kept has no keyring; it asks for a password to make one.
    pub(super) fn make_room() -> Result<(), KeychainError> {
        let service = connect()?;
        match service.get_default_collection() {
            Ok(_) => Ok(()),
            Err(Refusal::NoResult) => {
                service.create_collection("Login", "default").map(drop).map_err(refused)
            }
            Err(error) => Err(refused(error)),
        }
    }

    pub(super) fn named(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeychainError> {
        match error.downcast_ref::<Refusal>()? {
            Refusal::Prompt => Some(KeychainError::Denied(error.to_string())),
            Refusal::Locked => Some(KeychainError::Locked),
            _ => None,
        }
    }

    fn refused(error: Refusal) -> KeychainError {
        named(&error).unwrap_or_else(|| KeychainError::Failed(error.to_string()))
    }

    /// Nothing secret goes over this connection.
    fn connect() -> Result<SecretService<'static>, KeychainError> {
        SecretService::connect(EncryptionType::Plain)
            .map_err(|error| KeychainError::Missing(error.to_string()))
    }
}

#[cfg(any(target_os = "macos", target_os = "windows"))]
mod system {
    use keyring::Entry;

    use super::{Error, KeychainError, SERVICE, translate};

    pub(super) fn entry(id: &str) -> Result<Entry, KeychainError> {
        Entry::new(SERVICE, id).map_err(translate)
    }

    /// Looking for what is not there shows that the keychain answers.
    pub(super) fn state() -> Result<(), KeychainError> {
        match entry("probe")?.get_password() {
            Ok(_) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(translate(error)),
        }
    }

    pub(super) fn make_room() -> Result<(), KeychainError> {
        Ok(())
    }

    pub(super) fn named(_: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeychainError> {
        None
    }
}
