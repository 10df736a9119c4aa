//! A private session bus, with or without a keychain.

use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::{Running, run, tool, wait_until};

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

    /// Starts a Secret Service with an empty, unlocked keychain; again after [`Bus::lock_keyring`]
    /// with what was kept.
    pub fn unlock_keyring(&mut self) -> Result<()> {
        let control = self.home.path().join("keyring");
        let mut keyring = Running::start(
            tool("gnome-keyring-daemon", "gnome-keyring")?
                .args(["--foreground", "--unlock", "--components=secrets", "--control-directory"])
                .arg(&control)
                .envs(self.env())
                .env("XDG_RUNTIME_DIR", self.home.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        keyring
            .stdin()
            .context("the keychain takes no password")?
            .write_all(b"open sesame")
            .context("unlocking a keychain")?;
        let mut question = tool("dbus-send", "dbus")?;
        question.envs(self.env()).args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.NameHasOwner",
            "string:org.freedesktop.secrets",
        ]);
        wait_until(&mut keyring, "starting a keychain", || {
            run(&mut question).ok().filter(|answer| answer.contains("boolean true"))
        })?;
        self.keyring = Some(keyring);
        Ok(())
    }

    /// Ends the Secret Service; what it keeps stays on disk until the bus is dropped.
    pub fn lock_keyring(&mut self) -> Result<()> {
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
