//! INFO texts of servers.

use bytes::Bytes;
use rsentinel::wire::{InfoReport, Role, ServerFailover, info};

use super::life::Life;
use super::memory::bounded;

/// What was read of a text, written as INFO writes it, reads the same; and a sentinel whose
/// servers all say this goes on, and can be restarted.
pub fn judge(data: &[u8]) {
    let text = Bytes::copy_from_slice(data);
    let report = bounded(data.len(), 64, || info::parse(text.clone()));
    assert_eq!(report.text, text);
    let again = info::parse(Bytes::from(write(&report)));
    let as_before = InfoReport {
        text: text.clone(),
        ..again
    };
    assert_eq!(as_before, report);

    let mut life = Life::begin();
    life.every_server_says(text);
    life.run(1_100);
    life.can_be_restarted();
    assert_eq!(life.view().masters.len(), 2);
}

fn write(report: &InfoReport) -> Vec<u8> {
    let mut lines = Vec::new();
    if let Some(id) = &report.run_id {
        lines.push(format!("run_id:{id}"));
    }
    let seconds = match report.link_down_ms {
        ms @ (i64::MAX | i64::MIN) => ms,
        ms => ms / 1000,
    };
    lines.push(format!("master_link_down_since_seconds:{seconds}"));
    if let Some(failover) = report.failover {
        let state = match failover {
            ServerFailover::Idle => "no-failover",
            ServerFailover::Running => "failover-in-progress",
        };
        lines.push(format!("master_failover_state:{state}"));
    }
    for (number, replica) in report.replicas.iter().enumerate() {
        let (host, port) = (&replica.host, replica.port);
        lines.push(format!("slave{number}:ip={host},port={port},state=online"));
    }
    let mut fields = Vec::new();
    let mut field = |name: &str, value: Option<String>| {
        fields.extend(value.map(|value| format!("{name}:{value}")));
    };
    let yes_no = |yes: bool, words: [&str; 2]| words[usize::from(yes)].to_owned();
    let replica = &report.replica;
    field("master_host", replica.master_host.clone());
    field("master_port", replica.master_port.map(|n| n.to_string()));
    field(
        "master_link_status",
        replica.link_up.map(|up| yes_no(up, ["down", "up"])),
    );
    field("slave_priority", replica.priority.map(|n| n.to_string()));
    field(
        "slave_repl_offset",
        replica.repl_offset.map(|n| n.to_string()),
    );
    field(
        "replica_announced",
        replica.announced.map(|yes| yes_no(yes, ["0", "1"])),
    );
    if report.role == Role::Replica || !fields.is_empty() {
        lines.push("role:slave".to_owned());
        lines.append(&mut fields);
    }
    if report.role == Role::Master {
        lines.push("role:master".to_owned());
    }
    lines.join("\r\n").into_bytes()
}
