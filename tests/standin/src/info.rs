//! The INFO text: the fields sentinels and operators read, in the order a real server has them.

use std::fmt::Write;
use std::time::Instant;

use crate::state::{ClientKind, Following, Link, Role, State};

/// The whole text; sections are not selected, because no reader minds more.
pub(crate) fn info_text(state: &State, now: Instant) -> String {
    let mut text = String::with_capacity(512);
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _ = write!(text, "{name}:{value}\r\n");
    };
    line("redis_version", &"7.0.15");
    line("redis_mode", &"standalone");
    line("process_id", &std::process::id());
    line("run_id", &state.run_id);
    line("tcp_port", &state.address.port());
    line(
        "uptime_in_seconds",
        &now.duration_since(state.started).as_secs(),
    );
    match &state.role {
        Role::Master => line("role", &"master"),
        Role::Replica(following) => replica_lines(state, following, now, &mut line),
    }
    replicas_lines(state, &mut line);
    line("master_failover_state", &"no-failover");
    line("master_replid", &state.replication_id);
    line("master_repl_offset", &state.offset);
    text
}

type Line<'a> = dyn FnMut(&str, &dyn std::fmt::Display) + 'a;

fn replica_lines(state: &State, following: &Following, now: Instant, line: &mut Line<'_>) {
    line("role", &"slave");
    line("master_host", &following.upstream.host);
    line("master_port", &following.upstream.port);
    line(
        "master_link_status",
        &if matches!(following.link, Link::Up) {
            "up"
        } else {
            "down"
        },
    );
    line("slave_repl_offset", &state.offset);
    if let Link::Down(since) = following.link {
        let seconds = since.map_or(-1, |since| now.duration_since(since).as_secs() as i64);
        line("master_link_down_since_seconds", &seconds);
    }
    line("slave_priority", &state.options.priority);
    line("slave_read_only", &1);
    line("replica_announced", &u8::from(state.options.announced));
}

fn replicas_lines(state: &State, line: &mut Line<'_>) {
    let replicas: Vec<_> = state
        .clients
        .values()
        .filter_map(|client| match client.kind {
            // A neighbour that has left is noticed when there is something to send.
            ClientKind::Replica { port, acknowledged } if !client.outbox.is_closed() => {
                Some((client.peer.ip(), port, acknowledged))
            }
            _ => None,
        })
        .collect();
    line("connected_slaves", &replicas.len());
    for (index, (ip, port, offset)) in replicas.iter().enumerate() {
        let value = format!("ip={ip},port={port},state=online,offset={offset},lag=0");
        line(&format!("slave{index}"), &value);
    }
}
