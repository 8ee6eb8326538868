//! The Rust crate `redis`: its blocking and its asynchronous sentinel client.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncTypedCommands, Cmd, Connection, ConnectionAddr, InfoDict, ProtocolVersion, RedisResult,
    TypedCommands,
};

use crate::access::Access;
use crate::failover::{Cause, Client, Library, Story, through_a_failover};
use crate::harness::{Daemon, LONG, MASTER};

/// Between two attempts while there is no master.
const PAUSE: Duration = Duration::from_millis(50);

type Said = Arc<Mutex<Vec<(&'static str, String)>>>;

/// A thread that lives through the story.
struct Living {
    said: Said,
    thread: Option<JoinHandle<RedisResult<()>>>,
}

impl Living {
    fn begin(
        story: &Story,
        live: impl FnOnce(&Story, &dyn Fn(&'static str, String)) -> RedisResult<()> + Send + 'static,
    ) -> Box<dyn Client> {
        let said = Said::default();
        let (story, list) = (story.clone(), said.clone());
        let say = move |word, text| {
            let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
            list.push((word, text));
        };
        let thread = thread::spawn(move || live(&story, &say));
        Box::new(Living {
            said,
            thread: Some(thread),
        })
    }
}

impl Client for Living {
    fn said(&mut self, word: &str) -> Option<String> {
        self.has_ended();
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut words = said.iter();
        let text = words.find(|one| one.0 == word).map(|one| one.1.clone());
        assert!(
            text.is_some() || self.thread.is_some(),
            "it ended without `{word}`"
        );
        text
    }

    fn has_ended(&mut self) -> bool {
        if let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) {
            thread.join().expect("no panic").expect("no error");
        }
        self.thread.is_none()
    }
}

fn client(story: &Story, server: SentinelServerType) -> RedisResult<SentinelClient> {
    let sentinels = story.sentinels.iter();
    let sentinels = sentinels.map(|port| ConnectionAddr::Tcp("127.0.0.1".to_owned(), *port));
    let protocol = if story.protocol == 3 {
        ProtocolVersion::RESP3
    } else {
        ProtocolVersion::RESP2
    };
    let mut builder = SentinelClientBuilder::new(sentinels, MASTER, server)?
        .set_client_to_sentinel_protocol(protocol)
        .set_client_to_redis_protocol(protocol);
    let credentials = &story.credentials;
    if let Some(user) = credentials.sentinel_user {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = credentials.sentinel_password {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if let Some(user) = credentials.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = credentials.password {
        builder = builder.set_client_to_redis_password(password);
    }
    builder.build()
}

/// The command whose answer has the port of who answers.
fn info() -> Cmd {
    let mut info = redis::cmd("INFO");
    info.arg("server");
    info
}

fn port(info: &InfoDict) -> String {
    info.get("tcp_port").expect("a port")
}

/// A connection to a sentinel, for events.
fn sentinel(client: &mut SentinelClient) -> RedisResult<Connection> {
    let connection = client.get_sentinel_client()?.get_connection()?;
    connection.set_read_timeout(Some(LONG))?;
    Ok(connection)
}

fn must_go_on(since: Instant) {
    assert!(since.elapsed() < LONG, "not within {LONG:?}");
}

fn blocking(story: &Story, say: &dyn Fn(&'static str, String)) -> RedisResult<()> {
    let mut client = client(story, SentinelServerType::Master)?;
    let mut replicas = self::client(story, SentinelServerType::Replica)?;
    let mut sentinel = sentinel(&mut client)?;
    let mut events = sentinel.as_pubsub();
    events.subscribe("+switch-master")?;
    let mut master = client.get_connection()?;
    master.set(&story.key, "before")?;
    let old = port(&info().query(&mut master)?);
    let mut replica = replicas.get_connection()?;
    assert_ne!(port(&info().query(&mut replica)?), old);
    let begin = Instant::now();
    while replica.get(&story.key)?.as_deref() != Some("before") {
        must_go_on(begin);
        thread::sleep(PAUSE);
    }
    say("before", old.clone());

    let mut write = || -> RedisResult<String> {
        let mut master = client.get_connection()?;
        master.set(&story.key, "after")?;
        Ok(port(&info().query(&mut master)?))
    };
    let begin = Instant::now();
    let new = loop {
        must_go_on(begin);
        match write() {
            Ok(port) if port != old => break port,
            // Not yet, or no master.
            _ => thread::sleep(PAUSE),
        }
    };
    say("after", new);
    say("heard", events.get_message()?.get_payload()?);
    Ok(())
}

fn asynchronous(story: &Story, say: &dyn Fn(&'static str, String)) -> RedisResult<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(live(story, say))
}

async fn live(story: &Story, say: &dyn Fn(&'static str, String)) -> RedisResult<()> {
    let mut client = client(story, SentinelServerType::Master)?;
    let mut replicas = self::client(story, SentinelServerType::Replica)?;
    let mut sentinel = sentinel(&mut client)?;
    let mut events = sentinel.as_pubsub();
    events.subscribe("+switch-master")?;
    let mut master = client.get_async_connection().await?;
    master.set(&story.key, "before").await?;
    let old = port(&info().query_async(&mut master).await?);
    let mut replica = replicas.get_async_connection().await?;
    assert_ne!(port(&info().query_async(&mut replica).await?), old);
    let begin = Instant::now();
    while replica.get(&story.key).await?.as_deref() != Some("before") {
        must_go_on(begin);
        tokio::time::sleep(PAUSE).await;
    }
    say("before", old.clone());

    let mut write = async || -> RedisResult<String> {
        let mut master = client.get_async_connection().await?;
        master.set(&story.key, "after").await?;
        Ok(port(&info().query_async(&mut master).await?))
    };
    let begin = Instant::now();
    let new = loop {
        must_go_on(begin);
        match write().await {
            Ok(port) if port != old => break port,
            // Not yet, or no master.
            _ => tokio::time::sleep(PAUSE).await,
        }
    };
    say("after", new);
    say("heard", events.get_message()?.get_payload()?);
    Ok(())
}

fn crate_redis(daemon: Daemon, access: Access, cause: Cause) {
    let blocking = |_: &Path, story: &Story| Living::begin(story, blocking);
    let asynchronous = |_: &Path, story: &Story| Living::begin(story, asynchronous);
    through_a_failover(
        daemon,
        access,
        cause,
        &[
            Library::new("redis-rs", 2, &blocking),
            Library::new("redis-rs", 3, &blocking),
            Library::new("redis-rs-async", 2, &asynchronous),
            Library::new("redis-rs-async", 3, &asynchronous),
        ],
    );
}

#[test]
fn the_crate_redis_comes_back_by_itself() {
    crate_redis(Daemon::Rsentinel, Access::Open, Cause::Death);
}

#[test]
fn the_crate_redis_comes_back_by_itself_with_passwords() {
    crate_redis(Daemon::Rsentinel, Access::Password, Cause::Death);
}

#[test]
fn the_crate_redis_comes_back_by_itself_as_a_user_with_few_rights() {
    crate_redis(Daemon::Rsentinel, Access::Users, Cause::Death);
}

#[test]
fn the_crate_redis_moves_to_the_new_master_at_an_ordered_failover() {
    crate_redis(Daemon::Rsentinel, Access::Open, Cause::Order);
}

#[test]
fn the_reference_gets_the_crate_redis_through_the_same_story() {
    crate_redis(Daemon::Reference, Access::Users, Cause::Death);
}
