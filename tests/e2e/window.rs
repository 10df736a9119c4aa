//! A desk with a display, a sound server, a keychain and the app's window on it. Everything is a
//! child process that ends with its owner.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long a person would wait for anything here.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(25);

pub(crate) struct Desk {
    pub(crate) sound: rig::Sound,
    display: rig::Display,
    bus: rig::Bus,
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn set_up(keychain: bool) -> Result<Self> {
        let mut bus = rig::Bus::start()?;
        if keychain {
            bus.unlock_keyring()?;
        }
        let sound = rig::Sound::start()?;
        let display = rig::Display::start(1280, 800)?;
        Ok(Self { sound, display, bus, folder: tempfile::tempdir()? })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn picture(&self, name: &str) -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/e2e");
        std::fs::create_dir_all(&folder)?;
        self.display.screenshot(&folder.join(format!("{name}.png")))
    }

    fn env(&self) -> Vec<(String, String)> {
        // The bus has the private home; the sound server's runtime folder must win over the bus's.
        [self.display.env(), self.bus.env(), self.sound.env()].concat()
    }

    /// Files below the private home that contain these bytes.
    pub(crate) fn files_that_contain(&self, words: &str) -> Result<Vec<PathBuf>> {
        let env = self.bus.env();
        let (_, home) = env.iter().find(|(name, _)| name == "HOME").context("the bus has a private home")?;
        let mut found = Vec::new();
        let mut folders = vec![PathBuf::from(home)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let bytes = std::fs::read(entry.path()).unwrap_or_default();
                    if bytes.windows(words.len()).any(|window| window == words.as_bytes()) {
                        found.push(entry.path());
                    }
                }
            }
        }
        Ok(found)
    }
}

pub(crate) struct Window<'a> {
    client: Client,
    driver: Child,
    desk: &'a Desk,
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        // A test that failed leaves its driver and, through it, the app.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl<'a> Window<'a> {
    pub(crate) async fn open(desk: &'a Desk) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let driver = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .envs(desk.env())
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdin(Stdio::null())
            .spawn()
            .context(
                "could not start WebKitWebDriver (Debian: webkit2gtk-driver); `cargo xtask test` installs it",
            )?;
        let window = Self { client: connect(port).await?, driver, desk };
        window.see("try-now").await?;
        Ok(window)
    }

    /// Ends the session and with it the app.
    pub(crate) async fn close(self) -> Result<()> {
        self.client.clone().close().await?;
        Ok(())
    }

    async fn find(&self, what: &str, locator: Locator<'_>) -> Result<Element> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok(element) = self.client.find(locator).await
                && element.is_displayed().await.unwrap_or(false)
            {
                return Ok(element);
            }
            if Instant::now() > until {
                self.desk.picture("never-came").ok();
                bail!("{what} never came; see never-came.png");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    async fn part(&self, id: &str) -> Result<Element> {
        self.find(id, Locator::Css(&format!("[data-testid=\"{id}\"]"))).await
    }

    pub(crate) async fn see(&self, id: &str) -> Result<()> {
        self.part(id).await.map(drop)
    }

    pub(crate) async fn click(&self, id: &str) -> Result<()> {
        Ok(self.part(id).await?.click().await?)
    }

    pub(crate) async fn click_summary(&self, id: &str) -> Result<()> {
        let summary = format!("[data-testid=\"{id}\"] summary");
        Ok(self.find(id, Locator::Css(&summary)).await?.click().await?)
    }

    pub(crate) async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let field = self.part(id).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    pub(crate) async fn choose(&self, id: &str, value: &str) -> Result<()> {
        Ok(self.part(id).await?.select_by_value(value).await?)
    }

    pub(crate) async fn text(&self, id: &str) -> Result<String> {
        Ok(self.part(id).await?.text().await?.trim().to_owned())
    }

    /// Waits until a part of the window says what is wanted.
    pub(crate) async fn wait(&self, what: &str, id: &str, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let mut seen = String::new();
        while Instant::now() < until {
            let script = "return document.querySelector(arguments[0])?.textContent ?? ''";
            let text = self.client.execute(script, vec![json!(format!("[data-testid=\"{id}\"]"))]).await?;
            seen = text.as_str().unwrap_or_default().trim().to_owned();
            if wanted(&seen) {
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
        }
        self.desk.picture("never-came").ok();
        bail!("{what} never came; {id} says {seen:?}; see never-came.png")
    }

    /// Waits for the state word.
    pub(crate) async fn word(&self, word: &str) -> Result<()> {
        self.wait(word, "state-word", |text| text == word).await
    }

    pub(crate) async fn captions(&self, role: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)";
        let selector = format!("[data-role={role}] [data-testid=caption-text]");
        let texts = self.client.execute(script, vec![json!(selector)]).await?;
        let texts = texts.as_array().context("the captions are a list")?;
        Ok(texts.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Makes a profile of a backend and saves it.
    pub(crate) async fn connect(&self, agent: &practice::Practice, secret: &str) -> Result<()> {
        self.click("connect-backend").await?;
        self.fill_in(agent, secret).await?;
        self.click("save-profile").await?;
        self.see("start-call").await
    }

    /// Fills in the open form of a profile.
    pub(crate) async fn fill_in(&self, agent: &practice::Practice, secret: &str) -> Result<()> {
        self.fill("field-name", "My own").await?;
        self.fill("field-tokenUrl", &agent.token_url()).await?;
        self.choose("field-caller", "bearer").await?;
        self.fill("field-secret", secret).await?;
        self.click_summary("advanced").await?;
        self.fill("field-realtimeUrl", &agent.realtime_url()).await
    }

    pub(crate) fn narrow(&self) -> Result<()> {
        let id = self.desk.display.xdotool(&["search", "--onlyvisible", "--name", "^Sidetone$"])?;
        let id = id.lines().next().context("the window is on the screen")?;
        self.desk.display.xdotool(&["windowsize", "--sync", id, "480", "640"]).map(drop)
    }
}

async fn connect(port: u16) -> Result<Client> {
    let capabilities = json!({
        "webkitgtk:browserOptions": { "binary": env!("CARGO_BIN_EXE_sidetone"), "args": [] }
    });
    let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
    let until = Instant::now() + PATIENCE;
    loop {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.clone());
        match builder.connect(&format!("http://127.0.0.1:{port}")).await {
            Ok(client) => return Ok(client),
            Err(error) if Instant::now() > until => return Err(error).context("the window did not open"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
