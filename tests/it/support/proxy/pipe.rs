//! What the proxy does with one connection.

use std::{
    future::Future,
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{Counters, Weather};

const CHUNK: usize = 16 * 1024;
/// Chunks that one direction holds back at most.
const IN_FLIGHT: usize = 16;

/// Counts a connection as open while it lives, however it ends.
struct Open(Arc<Counters>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Forwards both ways until both sides have finished, one fails, or the proxy cuts.
pub(super) async fn connection(
    mut client: TcpStream,
    sender: watch::Sender<Weather>,
    counters: Arc<Counters>,
) {
    counters.accepted.fetch_add(1, Ordering::SeqCst);
    counters.open.fetch_add(1, Ordering::SeqCst);
    let _open = Open(Arc::clone(&counters));
    let mut weather = sender.subscribe();
    let now = *weather.borrow_and_update();
    let server = if now.refusing { None } else { TcpStream::connect(now.target).await.ok() };
    let Some(mut server) = server else {
        let _ = client.set_zero_linger();
        return;
    };
    for socket in [&client, &server] {
        let _ = socket.set_nodelay(true);
    }

    let finished = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = pipe(
            from_client,
            to_server,
            (weather.clone(), now.strandings),
            || None,
            |bytes| {
                counters.up.fetch_add(bytes as u64, Ordering::SeqCst);
                Ok(())
            },
        );
        let until_cut =
            || usize::try_from(counters.fuse.load(Ordering::SeqCst)).ok().filter(|left| *left > 0);
        let down = pipe(from_server, to_client, (weather.clone(), now.strandings), until_cut, |bytes| {
            counters.down.fetch_add(bytes as u64, Ordering::SeqCst);
            burn(&counters, bytes, &sender)
        });
        tokio::select! {
            _ = weather.wait_for(|weather| weather.cuts > now.cuts) => false,
            ended = async { tokio::try_join!(up, down) } => ended.is_ok(),
        }
    };
    if !finished {
        // Without this, closing would say goodbye politely, and deliver what is still in the kernel: no cut does.
        let _ = client.set_zero_linger();
        let _ = server.set_zero_linger();
    }
}

/// Takes `bytes` off the way to a planned cut, and cuts at its end: the others by the weather, this one by the error.
fn burn(counters: &Counters, bytes: usize, sender: &watch::Sender<Weather>) -> io::Result<()> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let shorter = |left: i64| (left > 0).then(|| left.saturating_sub(bytes).max(0));
    let before = counters.fuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, shorter);
    if before.is_ok_and(|left| left <= bytes) {
        counters.fuse.store(-1, Ordering::SeqCst);
        sender.send_modify(|weather| weather.cuts += 1);
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(())
}

/// Forwards one direction until its end: a reader that stamps chunks with their arrival, and a writer that lets them wait.
/// `at_most` limits the next write, for a cut at an exact byte. Nothing moves once there were more strandings than those.
async fn pipe(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    (mut weather, strandings): (watch::Receiver<Weather>, u64),
    at_most: impl Fn() -> Option<usize>,
    count: impl Fn(usize) -> io::Result<()>,
) -> io::Result<()> {
    let (queue, mut queued) = mpsc::channel::<(Instant, Vec<u8>)>(IN_FLIGHT);
    let mut read_weather = weather.clone();
    let read = async move {
        loop {
            calm(&mut read_weather, strandings).await;
            // Room first: what we have read weighs on us, no longer on the sender.
            let Ok(room) = queue.reserve().await else { return Ok(()) };
            let mut chunk = vec![0; CHUNK];
            let length = from.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            chunk.truncate(length);
            room.send((Instant::now(), chunk));
        }
    };
    let write = async move {
        while let Some((arrived, chunk)) = queued.recv().await {
            let mut rest = chunk.as_slice();
            while !rest.is_empty() {
                until_due(&mut weather, strandings, arrived).await;
                let rate = weather.borrow().bytes_per_second;
                // At a limited rate, twenty small writes a second rather than one burst.
                let step = rate.map_or(rest.len(), |rate| (rate as usize / 20).max(1)).min(rest.len());
                let (now, later) = rest.split_at(at_most().map_or(step, |most| most.min(step)));
                to.write_all(now).await?;
                count(now.len())?;
                rest = later;
                if let Some(rate) = rate {
                    let takes = Duration::from_secs_f64(now.len() as f64 / f64::from(rate));
                    unless_changed(&mut weather, sleep(takes)).await;
                }
            }
        }
        // A peer that has gone already needs no goodbye.
        let _ = to.shutdown().await;
        Ok(())
    };
    tokio::try_join!(read, write).map(|((), ())| ())
}

/// Waits while the proxy is stalled, and for good where the connection was stranded.
async fn calm(weather: &mut watch::Receiver<Weather>, strandings: u64) {
    // Fails only without a sender, and the connection itself holds one.
    let _ = weather.wait_for(|weather| !weather.stalled && weather.strandings == strandings).await;
}

/// Waits until a chunk that arrived then may go on: nothing is stalled, and it is as late as the delay now says.
async fn until_due(weather: &mut watch::Receiver<Weather>, strandings: u64, arrived: Instant) {
    loop {
        calm(weather, strandings).await;
        let due = arrived + weather.borrow_and_update().delay;
        if Instant::now() >= due {
            return;
        }
        unless_changed(weather, sleep_until(due)).await;
    }
}

async fn unless_changed(weather: &mut watch::Receiver<Weather>, pause: impl Future<Output = ()>) {
    tokio::select! {
        () = pause => {}
        _ = weather.changed() => {}
    }
}
