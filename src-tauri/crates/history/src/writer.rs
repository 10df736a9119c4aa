//! The thread that owns the database.

use std::thread;
use std::time::Duration;

use flume::{Receiver, RecvTimeoutError, Sender};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::{CallEnd, CallRow, HistoryError, NewCall, Span, StoredItem, calls, items, spending};

/// Asks that may wait for the thread. A busy call makes a few a second.
pub(crate) const QUEUE: usize = 256;

/// Writes taken off the queue and not yet committed: one transaction's worth, and all that is kept
/// while the disk refuses. Behind it the queue fills, and then the callers keep what they have.
const BACKLOG: usize = 256;

/// Between two tries while the disk refuses.
const RETRY: Duration = Duration::from_millis(250);

pub(crate) enum Ask {
    Write(Write),
    Request(Request),
}

pub(crate) enum Write {
    Begin(NewCall),
    Put { call: String, item: StoredItem },
    Spend { call: String, at: i64, amount: f64 },
    End { call: String, end: CallEnd },
}

type Reply<T> = Sender<Result<T, HistoryError>>;

pub(crate) enum Request {
    Calls { limit: u32, reply: Reply<Vec<CallRow>> },
    Find { call: String, reply: Reply<Option<CallRow>> },
    Items { call: String, reply: Reply<Vec<StoredItem>> },
    Spent { span: Span, reply: Reply<f64> },
    Delete { call: String, reply: Reply<bool> },
    Flush { reply: Reply<()> },
}

pub(crate) struct Writer {
    connection: Connection,
    asks: Receiver<Ask>,
    backlog: Vec<Write>,
    /// Why the backlog could not be committed at the last try.
    trouble: Option<rusqlite::Error>,
    /// Writes dropped since the last flush, and why the last of them was.
    refused: Option<(u64, rusqlite::Error)>,
}

impl Writer {
    pub(crate) fn new(connection: Connection, asks: Receiver<Ask>) -> Self {
        Self { connection, asks, backlog: Vec::with_capacity(BACKLOG), trouble: None, refused: None }
    }

    /// Until the handle is dropped and its queue is empty.
    pub(crate) fn run(mut self) {
        loop {
            let first = if self.backlog.len() >= BACKLOG {
                // Nothing more fits, so nothing is taken: only the retry can help.
                thread::sleep(RETRY);
                if self.asks.is_disconnected() {
                    Err(RecvTimeoutError::Disconnected)
                } else {
                    Err(RecvTimeoutError::Timeout)
                }
            } else if self.backlog.is_empty() {
                self.asks.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.asks.recv_timeout(RETRY)
            };
            match first {
                Ok(ask) => self.serve(ask),
                Err(RecvTimeoutError::Timeout) => self.commit(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.close();
    }

    /// Takes what is queued up to the next request, commits it, and answers the request.
    fn serve(&mut self, first: Ask) {
        let mut next = Some(first);
        let mut request = None;
        while let Some(ask) = next.take() {
            match ask {
                Ask::Write(write) => self.backlog.push(write),
                Ask::Request(asked) => {
                    request = Some(asked);
                    break;
                }
            }
            if self.backlog.len() < BACKLOG {
                next = self.asks.try_recv().ok();
            }
        }
        self.commit();
        if let Some(request) = request {
            self.answer(request);
        }
    }

    /// All or nothing, but for writes that can never succeed: they are dropped and counted.
    fn commit(&mut self) {
        if self.backlog.is_empty() {
            return;
        }
        let mut refused = Vec::new();
        match write_all(&mut self.connection, &self.backlog, &mut refused) {
            Ok(()) => {
                self.backlog.clear();
                self.trouble = None;
            }
            Err(error) => {
                if self.trouble.is_none() {
                    tracing::error!(%error, waiting = self.backlog.len(), "the history could not be saved");
                }
                self.trouble = Some(error);
                return;
            }
        }
        for error in refused {
            tracing::error!(%error, "a write to the history made no sense and was dropped");
            let count = self.refused.take().map_or(0, |(count, _)| count);
            self.refused = Some((count + 1, error));
        }
    }

    /// A reply that nobody waits for any more is no loss.
    fn answer(&mut self, request: Request) {
        match request {
            Request::Calls { limit, reply } => {
                let rows = calls::newest(&self.connection, limit);
                reply
                    .send(rows.map_err(|source| HistoryError::Query { doing: "listing calls", source }))
                    .ok();
            }
            Request::Find { call, reply } => {
                let row = calls::find(&self.connection, &call);
                reply
                    .send(row.map_err(|source| HistoryError::Query { doing: "finding a call", source }))
                    .ok();
            }
            Request::Items { call, reply } => {
                let rows = items::of(&self.connection, &call);
                reply
                    .send(rows.map_err(|source| HistoryError::Query { doing: "reading a call", source }))
                    .ok();
            }
            Request::Spent { span, reply } => {
                let sum = spending::within(&self.connection, span);
                reply
                    .send(
                        sum.map_err(|source| HistoryError::Query {
                            doing: "adding up what was spent",
                            source,
                        }),
                    )
                    .ok();
            }
            Request::Delete { call, reply } => {
                reply.send(self.delete(&call)).ok();
            }
            Request::Flush { reply } => {
                reply.send(self.flushed()).ok();
            }
        }
    }

    fn delete(&mut self, call: &str) -> Result<bool, HistoryError> {
        let failed = |source| HistoryError::Query { doing: "deleting a call", source };
        self.backlog.retain(|write| !write.goes_with(call));
        let known = calls::delete(&self.connection, call).map_err(failed)?;
        // The log still holds the words; emptying it is what takes them off the disk.
        let busy: i64 = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(failed)?;
        if busy == 0 { Ok(known) } else { Err(HistoryError::NotErased) }
    }

    fn flushed(&mut self) -> Result<(), HistoryError> {
        if let Some(source) = self.trouble.take() {
            return Err(HistoryError::Unsaved { waiting: self.backlog.len(), source });
        }
        match self.refused.take() {
            Some((count, source)) => Err(HistoryError::Refused { count, source }),
            None => Ok(()),
        }
    }

    fn close(mut self) {
        self.commit();
        // Only a disk that refuses leaves anything here.
        let lost = self.backlog.len() + self.asks.len();
        if lost > 0 {
            tracing::error!(lost, "the history was closed with writes that could not be saved");
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::error!(%error, "the history could not be closed in good order");
        }
    }
}

impl Write {
    /// Whether nothing is left of it when the call is deleted.
    fn goes_with(&self, deleted: &str) -> bool {
        match self {
            Self::Begin(call) => call.id == deleted,
            Self::Put { call, .. } | Self::End { call, .. } => call == deleted,
            Self::Spend { .. } => false,
        }
    }

    fn apply(&self, connection: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::Begin(call) => calls::begin(connection, call),
            Self::Put { call, item } => items::put(connection, call, item),
            Self::Spend { call, at, amount } => spending::add(connection, call, *at, *amount),
            Self::End { call, end } => calls::end(connection, call, end),
        }
    }
}

fn write_all(
    connection: &mut Connection,
    backlog: &[Write],
    refused: &mut Vec<rusqlite::Error>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for write in backlog {
        match write.apply(&transaction) {
            Err(error) if is_hopeless(&error) => refused.push(error),
            other => other?,
        }
    }
    transaction.commit()
}

/// The write itself is at fault, so that no retry can help. SQLite undoes such a statement alone.
fn is_hopeless(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig
        ),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, text: &str) -> StoredItem {
        StoredItem {
            item_id: id.to_owned(),
            position: 0,
            role: crate::Role::You,
            text: text.to_owned(),
            unheard: None,
            typed: false,
            at_ms: 0,
        }
    }

    #[test]
    fn a_full_disk_keeps_the_writes_until_there_is_room() {
        let (_asks, queue) = flume::bounded(1);
        let mut writer = Writer::new(crate::open::memory().unwrap(), queue);
        let call = NewCall {
            id: "c".to_owned(),
            started_at: 0,
            with_name: "x".to_owned(),
            practice: true,
            model: None,
        };
        writer.serve(Ask::Write(Write::Begin(call)));
        let room = |writer: &Writer, pages: u32| {
            writer
                .connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        let smallest = room(&writer, 1);
        writer.serve(Ask::Write(Write::Put {
            call: "c".to_owned(),
            item: item("big", &"words ".repeat(20_000)),
        }));
        writer.serve(Ask::Write(Write::Put { call: "c".to_owned(), item: item("next", "after") }));
        let Err(HistoryError::Unsaved { waiting: 2, source }) = writer.flushed() else {
            panic!("both writes wait");
        };
        assert_eq!(source.sqlite_error_code(), Some(ErrorCode::DiskFull));
        assert_eq!(items::of(&writer.connection, "c").unwrap(), [], "nothing is half written");

        room(&writer, u32::try_from(smallest).unwrap() + 1_000);
        writer.commit();
        writer.flushed().unwrap();
        let kept: Vec<_> =
            items::of(&writer.connection, "c").unwrap().into_iter().map(|item| item.item_id).collect();
        assert_eq!(kept.len(), 2);
    }
}
