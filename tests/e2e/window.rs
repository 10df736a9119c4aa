//! The app's window on a desk, driven over WebDriver and by real keys.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rig::Picture;
use serde_json::{Value, json};

use crate::desk::{Desk, PATIENCE};

const GLANCE: Duration = Duration::from_millis(25);

/// Where the keyboard goes: nowhere when the window has not the focus.
const FOCUS: &str = "const at = document.activeElement; if (!document.hasFocus() || at === null) return null; \
                     return at.dataset.testid ?? at.tagName.toLowerCase()";

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
        rig::real_time(false);
        let mut driver = Command::new("WebKitWebDriver");
        driver
            .arg(format!("--port={port}"))
            .envs(desk.env())
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdin(Stdio::null());
        if let Some(log) = &*desk.log.borrow() {
            driver.env("SIDETONE_LOG", "trace").stderr(std::fs::File::create(log)?);
        }
        let driver = driver.spawn().context(
            "could not start WebKitWebDriver (Debian: webkit2gtk-driver); `cargo xtask test` installs it",
        )?;
        rig::real_time(true);
        let window = Self { client: connect(port).await?, driver, desk };
        window.see("try-now").await?;
        window.desk.display.xdotool(&["windowactivate", "--sync", &window.number()?])?;
        Ok(window)
    }

    /// Ends the session and with it the app.
    pub(crate) async fn close(self) -> Result<()> {
        let number = self.desk.window("Sidetone")?;
        self.client.clone().close().await?;
        // The next window would be drawn beneath what is left of this one.
        let until = Instant::now() + PATIENCE;
        while number.as_ref().is_some_and(|number| self.desk.is_there(number)) {
            ensure!(Instant::now() < until, "the window stays though its session is closed");
            tokio::time::sleep(GLANCE).await;
        }
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

    /// Waits for whatever a selector names.
    pub(crate) async fn wait_for(&self, selector: &str) -> Result<()> {
        self.find(selector, Locator::Css(selector)).await.map(drop)
    }

    pub(crate) async fn gone(&self, id: &str) -> Result<()> {
        let script = format!("return document.querySelector('[data-testid=\"{id}\"]') === null");
        self.until(&format!("the end of {id}"), &script, |gone| *gone == true).await.map(drop)
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
        // The driver scrolls a field to the edge, where the form's bar may lie over it.
        let centre =
            format!("document.querySelector('[data-testid=\"{id}\"]').scrollIntoView({{ block: 'center' }})");
        self.ask(&centre, vec![]).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    pub(crate) async fn choose(&self, id: &str, value: &str) -> Result<()> {
        Ok(self.part(id).await?.select_by_value(value).await?)
    }

    /// Points at a list until it offers a value, then chooses it, also where the list lies unseen over a
    /// name.
    pub(crate) async fn pick(&self, id: &str, value: &str) -> Result<()> {
        let script = format!(
            "const list = document.querySelector('[data-testid=\"{id}\"]'); \
             list?.dispatchEvent(new Event('pointerenter')); \
             if (![...(list?.options ?? [])].some((one) => one.value === '{value}')) return false; \
             list.value = '{value}'; list.dispatchEvent(new Event('change', {{ bubbles: true }})); return true"
        );
        self.until(&format!("{value} in {id}"), &script, |done| *done == true).await.map(drop)
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

    /// What the page answers to a script.
    pub(crate) async fn ask(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    pub(crate) async fn captions(&self, role: &str) -> Result<Vec<String>> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)";
        let selector = format!("[data-role={role}] [data-testid=caption-text]");
        let texts = self.client.execute(script, vec![json!(selector)]).await?;
        let texts = texts.as_array().context("the captions are a list")?;
        Ok(texts.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Calls the practice agent and hears it out.
    pub(crate) async fn be_greeted(&self) -> Result<()> {
        self.be_greeted_in("Listening").await
    }

    /// The same, where another word than *Listening* is what a call rests in.
    pub(crate) async fn be_greeted_in(&self, rest: &str) -> Result<()> {
        self.click("try-now").await?;
        self.word("Speaking").await?;
        self.word(rest).await
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

    /// The window's number on the display.
    fn number(&self) -> Result<String> {
        self.desk.window("Sidetone")?.context("the window is on the screen")
    }

    pub(crate) async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = [width.to_string(), height.to_string()];
        self.desk.display.xdotool(&["windowsize", &self.number()?, &size[0], &size[1]])?;
        let script = "return [innerWidth, innerHeight]";
        self.until("the new size", script, |now| *now == json!([width, height])).await.map(drop)
    }

    /// A picture of the window, kept among the artefacts. It is taken again until it shows a drawn
    /// page: the theme's ground, and something on it.
    pub(crate) async fn picture(&self, name: &str) -> Result<Picture> {
        let until = Instant::now() + PATIENCE;
        loop {
            let two_frames =
                "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))";
            self.client.execute_async(two_frames, vec![]).await?;
            let picture = self.desk.photograph(&self.number()?, name)?;
            let theme = self.desk.theme;
            let ground = picture.share(theme.ground(), 2);
            // A page of cards shows little of its ground, but it does show some.
            let empty = if ground > 0.1 { ground + picture.share(theme.surface(), 0) } else { ground };
            if (0.4..0.995).contains(&empty) {
                return Ok(picture);
            }
            ensure!(
                Instant::now() < until,
                "{name}.png is no drawn page of this theme: {ground:.3} of it has the ground's colour"
            );
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Types a path into the system's dialog that has the keyboard, and closes it.
    pub(crate) fn name_file(&self, path: &std::path::Path) -> Result<()> {
        self.press("ctrl+a")?;
        self.type_text(path.to_str().context("a path in ASCII")?)?;
        self.press("Return")
    }

    /// The same for the dialog of that title, which opens files: it has no field for a name until one asks
    /// for it, and takes the first Return for the end of the name while it still looks for files.
    pub(crate) async fn find_file(&self, path: &std::path::Path, title: &str) -> Result<()> {
        self.press("ctrl+l")?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.name_file(path)?;
        let until = Instant::now() + PATIENCE;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            if self.desk.window(title)?.is_none() {
                return Ok(());
            }
            ensure!(Instant::now() < until, "the dialog {title:?} never went");
            self.press("Return")?;
        }
    }

    /// Presses a key on the keyboard, such as `Tab` or `ctrl+e`.
    pub(crate) fn press(&self, key: &str) -> Result<()> {
        self.desk.display.xdotool(&["key", key]).map(drop)
    }

    pub(crate) fn hold(&self, key: &str) -> Result<()> {
        self.desk.display.xdotool(&["keydown", key]).map(drop)
    }

    pub(crate) fn let_go(&self, key: &str) -> Result<()> {
        self.desk.display.xdotool(&["keyup", key]).map(drop)
    }

    pub(crate) fn type_text(&self, text: &str) -> Result<()> {
        self.desk.display.xdotool(&["type", "--delay", "20", text]).map(drop)
    }

    /// Waits until the named part has the focus: a `data-testid`, or a tag such as `h1`.
    pub(crate) async fn focus(&self, wanted: &str) -> Result<()> {
        self.until(&format!("the focus on {wanted}"), FOCUS, |now| *now == wanted).await.map(drop)
    }

    /// Goes on with Tab until the named part has the focus, and sees that it shows.
    pub(crate) async fn tab_to(&self, wanted: &str) -> Result<()> {
        let mut now = self.client.execute(FOCUS, vec![]).await?;
        for _ in 0..40 {
            if now == wanted {
                let outline = "return getComputedStyle(document.activeElement).outlineStyle";
                let outline = self.client.execute(outline, vec![]).await?;
                ensure!(outline != "none", "{wanted} does not show that it has the focus");
                return Ok(());
            }
            self.press("Tab")?;
            now = self.until("another focus", FOCUS, |next| *next != now).await?;
        }
        bail!("Tab never reaches {wanted}; it stands at {now}")
    }

    /// Asks the page until its answer is as wanted.
    async fn until(&self, what: &str, script: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.client.execute(script, vec![]).await?;
            if wanted(&answer) {
                return Ok(answer);
            }
            if Instant::now() > until {
                self.desk.picture("never-came").ok();
                bail!("{what} never came; the page says {answer}; see never-came.png");
            }
            tokio::time::sleep(GLANCE).await;
        }
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
