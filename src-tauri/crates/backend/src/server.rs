//! Accepting connections, and stopping in good order.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::mint::{Mint, MintError};
use crate::rate::Rate;
use crate::route::Routes;
use crate::{Callers, Settings, SettingsError};

/// After the system has refused a connection, as it does when it is out of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The head of a request: its line and its headers.
const LARGEST_HEAD: usize = 16 * 1024;

/// Why the backend cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(
        "listening on {0}: without a list of callers anyone who reaches it could spend the key's money; name \
         the callers, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    #[error("asking which address is listened on")]
    Address(#[source] io::Error),
    #[error(transparent)]
    Mint(#[from] MintError),
}

/// Serves on `listener` until `stop` completes, then lets running requests finish within
/// [`Limits::stop_time`](crate::Limits::stop_time).
///
/// # Errors
/// Before the first connection only: settings that cannot be used, an address beyond this computer
/// without a list of callers, no trust store. A failing connection is a line in the log.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    settings.check()?;
    let address = listener.local_addr().map_err(ServeError::Address)?;
    let callers = match settings.callers.latest() {
        Callers::AnyoneHere if !address.ip().is_loopback() => return Err(ServeError::Open(address)),
        Callers::AnyoneHere => {
            tracing::warn!("no callers are named: any program on this computer is served, and no other");
            None
        }
        Callers::Known(known) => Some(known.len()),
    };
    if !address.ip().is_loopback() {
        tracing::warn!("this is plain http: put a proxy that speaks https in front of it");
    }
    let limits = settings.limits;
    tracing::info!(
        token_url = %format_args!("http://{address}/session"),
        upstream = settings.upstream.url().host_str(),
        callers,
        per_minute = settings.per_minute,
        per_minute_for_all = settings.per_minute_for_all,
        token_seconds = settings.life.usual,
        key_file = settings.key.path().map(|path| path.display().to_string()),
        callers_file = settings.callers.path().map(|path| path.display().to_string()),
        "ready"
    );
    // Dropped with this function, which ends what it holds.
    let mut following = JoinSet::new();
    let (key, keys) = settings.key.follow(limits.file_time);
    following.spawn(keys);
    let (callers, lists) = settings.callers.follow(limits.file_time);
    following.spawn(lists);
    let routes = Arc::new(Routes {
        mint: Mint::new(settings.upstream, key, settings.offer, limits.upstream_time)?,
        callers,
        rate: Rate::new(settings.per_minute, settings.per_minute_for_all),
        life: settings.life,
        limits,
    });
    let slots = Arc::new(Semaphore::new(limits.connections));
    let (stopping, told) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (stream, slot) = accept(&listener, &slots) => {
                let serving = connection(stream, Arc::clone(&routes), limits.head_time, told.clone());
                connections.spawn(async move {
                    serving.await;
                    drop(slot);
                });
            }
        }
    }
    drop(listener);
    drop(stopping);
    tracing::info!(connections = connections.len(), "stopping");
    let finished =
        timeout(limits.stop_time, async { while connections.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        tracing::warn!(connections = connections.len(), "stopped before these had finished");
        connections.shutdown().await;
    }
    tracing::info!("stopped");
    Ok(())
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    routes: Arc<Routes>,
    head_time: Duration,
    mut told: watch::Receiver<()>,
) {
    let service = service_fn(move |request| {
        let routes = Arc::clone(&routes);
        async move { Ok::<_, Infallible>(routes.answer(request).await) }
    });
    let mut serving = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_time)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    let result = tokio::select! {
        result = serving.as_mut() => result,
        // The sender never sends: it is dropped when the backend stops.
        _ = told.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended badly");
    }
}
