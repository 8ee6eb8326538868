//! From the death of the master to the moment everybody follows the new one.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::client::Client;
use super::sentinels::{DOWN_AFTER_MS, Sentinel, master_port};
use super::servers::{DataServer, followed_master};

/// The whole failover has to be over by then.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a replica.
const LOOK: Duration = Duration::from_millis(5);

/// What happens, in the order in which it is noticed.
enum News {
    Heard(Heard),
    Follows {
        at: Instant,
        replica: u16,
        master: u16,
    },
}

/// What a subscriber of one sentinel hears.
struct Heard {
    at: Instant,
    /// Which sentinel, counted from 1.
    sentinel: usize,
    event: String,
    text: String,
    /// With `+switch-master`: the port the sentinel gives to clients at this moment.
    answers: Option<u16>,
}

/// Kills the master and tells what follows; the port of the new one.
pub async fn tell(
    sentinels: &[Sentinel],
    master: &mut DataServer,
    replicas: [&DataServer; 2],
) -> Result<u16, String> {
    let (sender, mut news) = mpsc::unbounded_channel();
    let mut subscribers = JoinSet::new();
    let mut ids = Vec::new();
    for (index, sentinel) in sentinels.iter().enumerate() {
        let port = sentinel.port();
        let cannot = |error| format!("cannot subscribe to the sentinel on port {port}: {error}");
        let mut client = Client::connect(port).await.map_err(cannot)?;
        client.send(&["SENTINEL", "MYID"]).await.map_err(cannot)?;
        ids.extend(client.read().await.map_err(cannot)?);
        client.send(&["PSUBSCRIBE", "*"]).await.map_err(cannot)?;
        client.read().await.map_err(cannot)?;
        subscribers.spawn(listen(client, port, index + 1, sender.clone()));
    }

    master.kill().await;
    let death = Instant::now();
    let old = master.port();
    for replica in replicas {
        subscribers.spawn(watch(replica.port(), old, sender.clone()));
    }
    let mut story = Story {
        death,
        old,
        ids,
        switched: 0,
        followed: false,
        first_switch: None,
    };
    while story.switched < sentinels.len() || !story.followed {
        let left = PATIENCE.saturating_sub(death.elapsed());
        let news = tokio::time::timeout(left, news.recv()).await;
        let Ok(Some(news)) = news else {
            return Err(story.unfinished(sentinels.len()));
        };
        story.go_on(&news)?;
    }
    let Some((first_switch, Some(new))) = story.first_switch else {
        return Err("a sentinel announced a new master but does not answer".to_owned());
    };
    for sentinel in sentinels {
        if sentinel.master_port().await != Some(new) {
            return Err("the sentinels do not agree on the new master".to_owned());
        }
    }
    println!(
        "Clients were told the new address {} ms after the death; {DOWN_AFTER_MS} ms of that are down-after-milliseconds.",
        story.since(first_switch)
    );
    Ok(new)
}

/// What has been told so far.
struct Story {
    death: Instant,
    /// The port of the dead master.
    old: u16,
    /// The ids of the sentinels.
    ids: Vec<String>,
    /// How many sentinels have announced a new master.
    switched: usize,
    /// True once a replica follows the new master.
    followed: bool,
    /// When the first sentinel announced a new master, and what it then answered to clients.
    first_switch: Option<(Instant, Option<u16>)>,
}

impl Story {
    fn go_on(&mut self, news: &News) -> Result<(), String> {
        match news {
            News::Follows {
                at,
                replica,
                master,
            } => {
                self.followed = true;
                println!(
                    "{:>6} ms  the replica on port {replica} follows port {master}",
                    self.since(*at)
                );
            }
            News::Heard(heard) => {
                if let Some(line) = words(heard, &self.ids) {
                    println!(
                        "{:>6} ms  sentinel {}  {line}",
                        self.since(heard.at),
                        heard.sentinel
                    );
                }
                if heard.event == "+switch-master" {
                    self.switched += 1;
                    self.first_switch.get_or_insert((heard.at, heard.answers));
                }
                if heard.answers == Some(self.old) {
                    let sentinel = heard.sentinel;
                    return Err(format!(
                        "sentinel {sentinel} announced the switch but still gives the old address"
                    ));
                }
            }
        }
        Ok(())
    }

    fn since(&self, at: Instant) -> u128 {
        at.duration_since(self.death).as_millis()
    }

    fn unfinished(&self, sentinels: usize) -> String {
        let Story {
            switched, followed, ..
        } = self;
        let follows = if *followed {
            "the other replica follows it"
        } else {
            "no replica follows it"
        };
        format!(
            "after {} s only {switched} of {sentinels} sentinels have announced a new master; {follows}",
            PATIENCE.as_secs()
        )
    }
}

/// Passes on what one sentinel announces.
async fn listen(mut client: Client, port: u16, sentinel: usize, news: mpsc::UnboundedSender<News>) {
    while let Ok(push) = client.read().await {
        let at = Instant::now();
        let [_, _, event, text] = &push[..] else {
            continue;
        };
        let answers = if event == "+switch-master" {
            master_port(port).await
        } else {
            None
        };
        let heard = Heard {
            at,
            sentinel,
            event: event.clone(),
            text: text.clone(),
            answers,
        };
        let _ = news.send(News::Heard(heard));
    }
}

/// Tells when a replica follows another master than the old one, and is linked to it.
async fn watch(replica: u16, old: u16, news: mpsc::UnboundedSender<News>) {
    loop {
        if let Some(master) = followed_master(replica).await
            && master != old
        {
            let _ = news.send(News::Follows {
                at: Instant::now(),
                replica,
                master,
            });
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The event in plain words; none for those that add nothing to the story.
fn words(heard: &Heard, ids: &[String]) -> Option<String> {
    let fields: Vec<_> = heard.text.split(' ').collect();
    let port = fields.get(3).copied().unwrap_or("?");
    let line = match heard.event.as_str() {
        "+sdown" if fields[0] == "master" => {
            format!("no answer from port {port}: subjectively down")
        }
        "+odown" => format!(
            "enough sentinels agree ({}): objectively down",
            fields.last().copied().unwrap_or("?")
        ),
        "+try-failover" => "wants to lead the failover".to_owned(),
        "+vote-for-leader" => {
            let candidate = ids
                .iter()
                .position(|id| id == fields[0])
                .map_or(0, |index| index + 1);
            format!(
                "votes for sentinel {candidate} in epoch {}",
                fields.get(1).copied().unwrap_or("?")
            )
        }
        "+elected-leader" => "is elected to lead it".to_owned(),
        "+selected-slave" => format!("chooses the replica on port {port}"),
        "+promoted-slave" => format!("sees port {port} promoted to master"),
        "+slave-reconf-done" => format!("sees port {port} follow the new master"),
        "+failover-end" => "has finished the failover".to_owned(),
        "+switch-master" => {
            let answers = heard
                .answers
                .map_or_else(|| "nothing".to_owned(), |port| format!("port {port}"));
            format!("announces the new master; asked by a client, it answers {answers}")
        }
        _ => return None,
    };
    Some(line)
}
