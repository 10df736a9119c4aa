//! What was said, kept on this computer: one SQLite file of calls and the items in them.
//!
//! One thread owns the database. [`History`] is the sending end of its bounded queue and the handle
//! to join it; dropping it writes what is queued and ends the thread.
//!
//! It does not know what a call is beyond these rows, it runs no async code, and it keeps no sound.
//!
//! # What survives what
//!
//! - [`History::put`] answering `Ok` means *queued*. The thread commits a queued write as soon as it
//!   reaches it; it never waits for more to come.
//! - A committed write survives the death of the process, however violent. [`History::flush`] answering
//!   `Ok` means that everything queued before it is committed.
//! - A killed process can therefore lose only what was still queued, and always the newest of it:
//!   what survives has no holes.
//! - A power cut may also lose the last committed moments, never the file: the log is not forced to
//!   the disk at every commit.

mod calendar;
mod calls;
mod error;
mod export;
mod files;
mod items;
mod open;
mod spending;
mod writer;

pub use calendar::{Calendar, Span};
pub use calls::{CallEnd, CallRow, ENDED_UNEXPECTEDLY, NewCall};
pub use error::HistoryError;
pub use export::{file_name, plain_text};
pub use files::set_aside;
pub use items::{Role, StoredItem};

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use flume::{Receiver, Sender, TrySendError};
use rusqlite::Connection;

use writer::{Ask, QUEUE, Request, Write, Writer};

/// How long a question waits for the thread: longer than a slow disk, shorter than a person.
const PATIENCE: Duration = Duration::from_secs(10);

/// The open history. Share it behind an `Arc`; it needs no lock.
///
/// [`begin`](Self::begin), [`put`](Self::put), [`spend`](Self::spend) and [`end`](Self::end) never wait. Everything else
/// waits for the thread, up to ten seconds: call it where waiting is allowed.
#[derive(Debug)]
pub struct History {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl History {
    /// Opens the file at `path`, making it and its folder if they are missing and bringing an older
    /// one up to date. Calls left open by a process that died are closed as [`ENDED_UNEXPECTEDLY`].
    ///
    /// On Unix the file is readable by its owner alone.
    ///
    /// # Errors
    /// [`HistoryError::Damaged`], [`HistoryError::Newer`] and [`HistoryError::NotOurs`] leave the file
    /// as it is; [`set_aside`] moves it out of the way when the person wants that. Otherwise what the
    /// disk or SQLite said.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        Self::over(open::file(path)?)
    }

    /// A history that is gone when it is dropped.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn in_memory() -> Result<Self, HistoryError> {
        Self::over(open::memory()?)
    }

    fn over(connection: Connection) -> Result<Self, HistoryError> {
        let (asks, queue) = flume::bounded(QUEUE);
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || Writer::new(connection, queue).run())
            .map_err(HistoryError::Thread)?;
        Ok(Self { asks: Some(asks), thread: Some(thread) })
    }

    /// Notes that a call has begun. It must be queued before the call's first item.
    ///
    /// # Errors
    /// [`HistoryError::Full`]: nothing was queued, try again. [`HistoryError::Gone`].
    pub fn begin(&self, call: NewCall) -> Result<(), HistoryError> {
        self.write(Write::Begin(call))
    }

    /// Keeps an item, or replaces the one with the same id in the same call.
    ///
    /// `Ok` means queued; see the crate's page for what that promises. An item of a call that was
    /// never begun, or has been deleted, is refused: the next [`flush`](Self::flush) says so.
    ///
    /// # Errors
    /// [`HistoryError::Full`]: nothing was queued and the caller still has the item to give.
    /// [`HistoryError::Gone`].
    pub fn put(&self, call: &str, item: StoredItem) -> Result<(), HistoryError> {
        self.write(Write::Put { call: call.to_owned(), item })
    }

    /// Notes that a call has ended.
    ///
    /// # Errors
    /// [`HistoryError::Full`]: nothing was queued, try again. [`HistoryError::Gone`].
    pub fn end(&self, call: &str, end: CallEnd) -> Result<(), HistoryError> {
        self.write(Write::End { call: call.to_owned(), end })
    }

    /// Notes that the call has cost `amount` more, at `at` (Unix time in ms). Such notes outlive the call.
    ///
    /// # Errors
    /// [`HistoryError::Full`]: nothing was queued, try again. [`HistoryError::Gone`].
    pub fn spend(&self, call: &str, at: i64, amount: f64) -> Result<(), HistoryError> {
        self.write(Write::Spend { call: call.to_owned(), at, amount })
    }

    /// What was spent within the span, of calls that were deleted since, too. Times are kept to the
    /// quarter of an hour.
    ///
    /// # Errors
    /// [`HistoryError::Query`], [`HistoryError::Slow`], [`HistoryError::Gone`].
    pub fn spent(&self, span: Span) -> Result<f64, HistoryError> {
        self.ask(|reply| Request::Spent { span, reply })
    }

    /// The newest calls first, at most `limit` of them.
    ///
    /// # Errors
    /// [`HistoryError::Query`], [`HistoryError::Slow`], [`HistoryError::Gone`].
    pub fn calls(&self, limit: u32) -> Result<Vec<CallRow>, HistoryError> {
        self.ask(|reply| Request::Calls { limit, reply })
    }

    /// One call, if it is known.
    ///
    /// # Errors
    /// [`HistoryError::Query`], [`HistoryError::Slow`], [`HistoryError::Gone`].
    pub fn find(&self, call: &str) -> Result<Option<CallRow>, HistoryError> {
        self.ask(|reply| Request::Find { call: call.to_owned(), reply })
    }

    /// A call's items in the order of the conversation; none if the call is not known.
    ///
    /// # Errors
    /// [`HistoryError::Query`], [`HistoryError::Slow`], [`HistoryError::Gone`].
    pub fn items(&self, call: &str) -> Result<Vec<StoredItem>, HistoryError> {
        self.ask(|reply| Request::Items { call: call.to_owned(), reply })
    }

    /// Removes a call and overwrites its words in the database and in its log. `false` if the call
    /// is not known. What it cost stays in the sums.
    ///
    /// What the file system or the drive keeps of overwritten blocks is beyond reach.
    ///
    /// # Errors
    /// [`HistoryError::NotErased`] if another program is reading the file, so that its log could not
    /// be emptied; [`HistoryError::Query`], [`HistoryError::Slow`], [`HistoryError::Gone`].
    pub fn delete(&self, call: &str) -> Result<bool, HistoryError> {
        self.ask(|reply| Request::Delete { call: call.to_owned(), reply })
    }

    /// Waits until everything queued so far is committed.
    ///
    /// # Errors
    /// [`HistoryError::Unsaved`] if the disk refused, in which case it is tried again by itself;
    /// [`HistoryError::Refused`] if something queued since the last flush made no sense and was
    /// dropped; [`HistoryError::Slow`], [`HistoryError::Gone`].
    pub fn flush(&self) -> Result<(), HistoryError> {
        self.ask(|reply| Request::Flush { reply })
    }

    fn write(&self, write: Write) -> Result<(), HistoryError> {
        let asks = self.asks.as_ref().ok_or(HistoryError::Gone)?;
        asks.try_send(Ask::Write(write)).map_err(|error| match error {
            TrySendError::Full(_) => HistoryError::Full,
            TrySendError::Disconnected(_) => HistoryError::Gone,
        })
    }

    fn ask<T>(
        &self,
        request: impl FnOnce(Sender<Result<T, HistoryError>>) -> Request,
    ) -> Result<T, HistoryError> {
        let (reply, answer): (_, Receiver<Result<T, HistoryError>>) = flume::bounded(1);
        let asks = self.asks.as_ref().ok_or(HistoryError::Gone)?;
        asks.send_timeout(Ask::Request(request(reply)), PATIENCE).map_err(|error| match error {
            flume::SendTimeoutError::Timeout(_) => HistoryError::Slow,
            flume::SendTimeoutError::Disconnected(_) => HistoryError::Gone,
        })?;
        answer.recv_timeout(PATIENCE).map_err(|error| match error {
            flume::RecvTimeoutError::Timeout => HistoryError::Slow,
            flume::RecvTimeoutError::Disconnected => HistoryError::Gone,
        })?
    }
}

impl Drop for History {
    fn drop(&mut self) {
        drop(self.asks.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the history thread had panicked");
        }
    }
}
