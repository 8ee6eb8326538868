//! A failover, told as it happens: `cargo run --release --example demo`.
//!
//! Starts a master, two replicas and three sentinels on free loopback ports, kills the master,
//! prints what the sentinels do about it with the milliseconds since the death, and brings the
//! old master back. Uses `redis-server` or `valkey-server` when one is on PATH, an embedded
//! stand-in otherwise. Ends by itself and leaves nothing behind.
#![forbid(unsafe_code)]

#[path = "demo/client.rs"]
mod client;
#[path = "demo/process.rs"]
mod process;
#[path = "demo/sentinels.rs"]
mod sentinels;
#[path = "demo/servers.rs"]
mod servers;
#[path = "demo/timeline.rs"]
mod timeline;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use sentinels::{DOWN_AFTER_MS, SENTINEL_MODE, Sentinel};
use servers::{DataServer, ServerKind};

/// For what takes a second or two when all is well.
const SOON: Duration = Duration::from_secs(20);
/// For the way back of the old master: sentinels wait 8 s before they demote it.
const LATER: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_else(|| OsString::from("demo"));
    // The demo starts itself again as each of the sentinels, so that it never meets an
    // rsentinel binary that is missing or of another day.
    if let (Some(mode), Some(file)) = (arguments.next(), arguments.next())
        && mode == SENTINEL_MODE
    {
        return rsentinel::run([program, file]);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("no runtime: {error}")),
    };
    match runtime.block_on(until_interrupted()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(&reason),
    }
}

fn fail(reason: &str) -> ExitCode {
    eprintln!("demo: {reason}");
    ExitCode::FAILURE
}

/// The story, unless a signal ends it; either way its processes and files are gone afterwards.
async fn until_interrupted() -> Result<(), String> {
    let no_handler = |error| format!("cannot listen for signals: {error}");
    let mut interrupted = signal(SignalKind::interrupt()).map_err(no_handler)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(no_handler)?;
    tokio::select! {
        result = with_directory() => result,
        _ = interrupted.recv() => Err("interrupted".to_owned()),
        _ = terminated.recv() => Err("terminated".to_owned()),
    }
}

async fn with_directory() -> Result<(), String> {
    let directory = TempDir::with_prefix("rsentinel-demo-")
        .map_err(|error| format!("no temporary directory: {error}"))?;
    let result = story(&directory).await;
    result.map_err(|reason| format!("{reason}\n{}", process::log_tails(directory.path())))
}

async fn story(directory: &TempDir) -> Result<(), String> {
    let kind = ServerKind::find();
    println!("Servers: {kind}");
    let path = directory.path();
    let mut master = DataServer::start(&kind, path, None).await?;
    let first = DataServer::start(&kind, path, Some(master.port())).await?;
    let second = DataServer::start(&kind, path, Some(master.port())).await?;
    println!(
        "A master on port {}, replicas on ports {} and {}.",
        master.port(),
        first.port(),
        second.port()
    );
    let began = Instant::now();
    let mut sentinels = Vec::new();
    for _ in 0..3 {
        sentinels.push(Sentinel::start(path, master.port()).await?);
    }
    let ports: Vec<_> = sentinels
        .iter()
        .map(|sentinel| sentinel.port().to_string())
        .collect();
    println!(
        "Three sentinels, quorum 2, down-after-milliseconds {DOWN_AFTER_MS}, on ports {}.",
        ports.join(", ")
    );

    process::until(
        "every sentinel knows both replicas and both other sentinels",
        SOON,
        async || {
            for sentinel in &sentinels {
                if !sentinel.has_discovered(2, 2).await {
                    return None;
                }
            }
            Some(())
        },
    )
    .await?;
    println!(
        "They found the replicas and each other within {} ms of the first one's start.",
        began.elapsed().as_millis()
    );
    master.write("story", "told").await?;
    process::until("a write reaches both replicas", SOON, async || {
        let told = Some("told".to_owned());
        (first.read("story").await == told && second.read("story").await == told).then_some(())
    })
    .await?;

    println!("\nThe master is killed. Milliseconds since its death:");
    let old = master.port();
    let new = timeline::tell(&sentinels, &mut master, [&first, &second]).await?;

    println!("\nThe old master is started again.");
    let restarted = Instant::now();
    master.restart().await?;
    process::until(
        "the old master becomes a replica of the new one",
        LATER,
        async || master.follows(new).await.then_some(()),
    )
    .await?;
    println!(
        "{:>6} ms  port {old} has become a replica of port {new}.",
        restarted.elapsed().as_millis()
    );
    process::until(
        "the old master has the data of the new one",
        SOON,
        async || (master.read("story").await.as_deref() == Some("told")).then_some(()),
    )
    .await?;
    println!("\nDone; everything that was started is stopped again.");
    Ok(())
}
