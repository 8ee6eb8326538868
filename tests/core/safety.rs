//! What must hold in every world at every instant, whatever the test: judged at each action.

use rsentinel::config::SentinelConf;
use rsentinel::core::action::Action;
use rsentinel::core::{Ask, Reply};
use rsentinel::types::Epoch;
use rsentinel::wire::Hello;

use super::world::World;

/// Judges one action at the moment it is carried out.
pub fn judge(world: &mut World, action: &Action) {
    match action {
        Action::Send { conn, ask, .. } => {
            let to = world.conns.get(conn).map(|c| c.to.to_string());
            judge_ask(world, ask, &to.unwrap_or_default());
        }
        Action::Reply {
            reply: Reply::Down(opinion),
            ..
        } => {
            if let Some(leader) = &opinion.leader {
                // Votes are told of by master; an opinion does not say which it is about.
                let durable = world
                    .disk_state()
                    .masters
                    .iter()
                    .map(|m| m.leader_epoch)
                    .max();
                assert!(
                    durable.unwrap_or(Epoch::MAX) >= opinion.epoch,
                    "a vote for {leader} in {} is spoken before it is on disk",
                    opinion.epoch
                );
            }
        }
        Action::Notice(notice) if notice.name.as_str() == "+vote-for-leader" => {
            let (id, epoch) = notice.text.split_once(' ').expect("id and epoch");
            let epoch: u64 = epoch.parse().expect("an epoch");
            let master = notice
                .master
                .as_ref()
                .map_or(String::new(), |m| m.to_string());
            let first = world
                .votes
                .entry((master, epoch))
                .or_insert(id.to_owned())
                .clone();
            assert_eq!(first, id, "two votes in epoch {epoch}");
        }
        _ => {}
    }
}

fn judge_ask(world: &World, ask: &Ask, to: &str) {
    let in_tilt = || world.view().tilt;
    match ask {
        Ask::Replicate { target, .. } => {
            if let Some((host, port)) = target {
                assert_ne!(to, format!("{host}:{port}"), "told to follow itself");
            }
            assert!(!in_tilt(), "a SLAVEOF in TILT");
        }
        Ask::HandOver { host, port, .. } => {
            assert_ne!(to, format!("{host}:{port}"), "told to hand over to itself");
            assert!(!in_tilt(), "a FAILOVER in TILT");
        }
        Ask::MasterDown { .. } => assert!(!in_tilt(), "an ask in TILT"),
        Ask::Hello { text, .. } => {
            let hello = Hello::parse(text).expect("a well-formed hello");
            assert!(
                hello.current_epoch <= world.disk_state().current_epoch.max(born_epoch(world)),
                "epoch {} is spoken before it is on disk",
                hello.current_epoch
            );
        }
        _ => {}
    }
}

/// The epoch a restart would begin with: that on disk, raised to every one stored with a group.
fn born_epoch(world: &World) -> Epoch {
    let groups = world.born.masters.iter();
    groups
        .map(|m| m.config_epoch.max(m.leader_epoch))
        .max()
        .unwrap_or_default()
}

/// Judges a state that is about to replace another on disk: no epoch decreases.
///
/// A group that was removed and added again may start its configuration epoch anew.
pub fn judge_write(before: &SentinelConf, after: &SentinelConf, removed: bool) {
    assert!(
        after.current_epoch >= before.current_epoch,
        "the current epoch on disk falls from {} to {}",
        before.current_epoch,
        after.current_epoch
    );
    for old in &before.masters {
        let Some(new) = after.masters.iter().find(|m| m.name == old.name) else {
            continue;
        };
        assert!(
            new.leader_epoch >= old.leader_epoch,
            "the leader epoch of {} on disk falls from {} to {}",
            old.name,
            old.leader_epoch,
            new.leader_epoch
        );
        assert!(
            removed || new.config_epoch >= old.config_epoch,
            "the config epoch of {} on disk falls from {} to {}",
            old.name,
            old.config_epoch,
            new.config_epoch
        );
    }
}
