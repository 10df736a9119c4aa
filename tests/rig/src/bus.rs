//! A private session bus, with or without a keychain.

use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::{Running, run, tool, wait_until};

const SECRETS: &str = "org.freedesktop.secrets";
/// What unlocks the keychain of a [`Bus`].
pub(crate) const PASSWORD: &str = "open sesame";

/// Nothing on this bus starts by itself, so without [`Bus::unlock_keyring`] there is no Secret
/// Service, and everything that runs is owned.
#[derive(Debug)]
pub struct Bus {
    keyring: Option<Running>,
    _daemon: Running,
    home: TempDir,
    address: String,
}

impl Bus {
    pub fn start() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("rig-bus-").tempdir().context("making a folder")?;
        let configuration = home.path().join("bus.conf");
        let text = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
            home.path().join("bus").display()
        );
        std::fs::write(&configuration, text).context("writing the configuration of a session bus")?;
        let mut daemon = Running::start(
            tool("dbus-daemon", "dbus")?
                .arg(format!("--config-file={}", configuration.display()))
                .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let address = daemon.first_line().context("starting a session bus")?;
        Ok(Self { keyring: None, _daemon: daemon, home, address })
    }

    /// Starts a Secret Service with an empty, unlocked keychain; again after [`Bus::end_keyring`]
    /// with what was kept.
    pub fn unlock_keyring(&mut self) -> Result<()> {
        let mut keyring = self.start_keyring(&["--unlock"])?;
        keyring
            .stdin()
            .context("the keychain takes no password")?
            .write_all(PASSWORD.as_bytes())
            .context("unlocking a keychain")?;
        self.wait_for_owner(SECRETS, &mut keyring)?;
        self.keyring = Some(keyring);
        Ok(())
    }

    /// Starts a Secret Service on which nothing was ever kept: it has no keychain yet, and asks for a
    /// password when it needs one.
    pub fn fresh_keyring(&mut self) -> Result<()> {
        let mut keyring = self.start_keyring(&[])?;
        self.wait_for_owner(SECRETS, &mut keyring)?;
        self.keyring = Some(keyring);
        Ok(())
    }

    fn start_keyring(&self, more: &[&str]) -> Result<Running> {
        let control = self.home.path().join("keyring");
        Running::start(
            tool("gnome-keyring-daemon", "gnome-keyring")?
                .args(["--foreground", "--components=secrets", "--control-directory"])
                .arg(&control)
                .args(more)
                .envs(self.env())
                .env("XDG_RUNTIME_DIR", self.home.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
    }

    /// Waits until `program` has that name on this bus.
    pub(crate) fn wait_for_owner(&self, name: &str, program: &mut Running) -> Result<()> {
        let mut question = tool("dbus-send", "dbus")?;
        question.envs(self.env()).args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.NameHasOwner",
            &format!("string:{name}"),
        ]);
        wait_until(program, &format!("starting {name}"), || {
            run(&mut question).ok().filter(|answer| answer.contains("boolean true"))
        })
        .map(drop)
    }

    /// Locks the keychain: its service runs on, and asks for the password when something is wanted.
    pub fn lock_keyring(&self) -> Result<()> {
        let mut lock = tool("dbus-send", "dbus")?;
        lock.envs(self.env()).args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/aliases/default",
        ]);
        run(&mut lock).context("locking a keychain").map(drop)
    }

    /// Stops the Secret Service in its tracks, as if it hung, or lets it go on.
    pub fn hang_keyring(&self, hung: bool) -> Result<()> {
        let keyring = self.keyring.as_ref().context("there is no keychain that could hang")?;
        keyring.signal(if hung { "STOP" } else { "CONT" })
    }

    /// Ends the Secret Service; what it keeps stays on disk until the bus is dropped.
    pub fn end_keyring(&mut self) -> Result<()> {
        match self.keyring.take() {
            Some(keyring) => keyring.stop("TERM"),
            None => Ok(()),
        }
    }

    /// What a child process needs in its environment: this bus, and a private home.
    pub fn env(&self) -> Vec<(String, String)> {
        let folder = |name: &str| self.home.path().join(name).display().to_string();
        vec![
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), self.address.clone()),
            ("HOME".to_owned(), self.home.path().display().to_string()),
            ("XDG_DATA_HOME".to_owned(), folder("data")),
            ("XDG_CONFIG_HOME".to_owned(), folder("config")),
            ("XDG_CACHE_HOME".to_owned(), folder("cache")),
        ]
    }
}
