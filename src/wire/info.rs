//! INFO: the request, and what a sentinel takes from the reply.

use bytes::Bytes;

use crate::types::RunId;

use super::command::{Renames, write};
use super::frame::{Frame, shown};
use super::number::{leading_i64, leading_u64};
use super::types::{InfoReport, ReplicaLine, ReplicaReport, Role, ServerFailover};

/// How long a run id is; a shorter `run_id:` is not taken, a longer one is cut. (Measured.)
const RUN_ID_LEN: usize = 40;

/// Appends `INFO`.
pub fn encode(words: &Renames, out: &mut Vec<u8>) {
    write(words, "INFO", &[], out);
}

/// Reads the reply: the report, or the text of what came instead of one.
pub fn read(reply: &Frame) -> Result<InfoReport, String> {
    match reply {
        // Copied, because the report is kept and must not keep a read buffer alive.
        Frame::Bulk(text) => Ok(parse(Bytes::copy_from_slice(text))),
        Frame::Error(text) => Err(shown(text)),
        other => Err(format!("unexpected reply: {}", other.kind())),
    }
}

/// Reads the lines of an INFO text in order. The order matters: what a replica says of itself
/// counts only on lines after its `role:slave` line. Any bytes will do; what cannot be read is
/// passed over.
pub fn parse(text: Bytes) -> InfoReport {
    let mut report = InfoReport {
        text: Bytes::new(),
        run_id: None,
        role: Role::Unknown,
        link_down_ms: 0,
        replicas: Vec::new(),
        failover: None,
        replica: ReplicaReport::default(),
    };
    let mut rest = text.as_ref();
    while !rest.is_empty() {
        let line = next_line(&mut rest);
        read_line(&String::from_utf8_lossy(line), &mut report);
    }
    report.text = text;
    report
}

/// Cuts off the line up to the next CRLF, or all.
fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let all = *rest;
    let (line, behind) = match all.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) => (&all[..end], end + 2),
        None => (all, all.len()),
    };
    *rest = &all[behind..];
    line
}

fn read_line(line: &str, report: &mut InfoReport) {
    if let Some(id) = line.strip_prefix("run_id:") {
        report.run_id = id
            .get(..RUN_ID_LEN)
            .map(RunId::new)
            .or(report.run_id.take());
    } else if let Some(replica) = replica_line(line) {
        report.replicas.push(replica);
    } else if let Some(seconds) = line.strip_prefix("master_link_down_since_seconds:") {
        report.link_down_ms = leading_i64(seconds).saturating_mul(1000);
    } else if let Some(state) = line.strip_prefix("master_failover_state:") {
        report.failover = Some(if state == "no-failover" {
            ServerFailover::Idle
        } else {
            ServerFailover::Running
        });
    } else if line.starts_with("role:master") {
        report.role = Role::Master;
    } else if line.starts_with("role:slave") {
        report.role = Role::Replica;
    } else if report.role == Role::Replica {
        read_replica_field(line, &mut report.replica);
    }
}

fn read_replica_field(line: &str, replica: &mut ReplicaReport) {
    let Some((field, value)) = line.split_once(':') else {
        return;
    };
    match field {
        "master_host" => replica.master_host = Some(value.to_owned()),
        // Out of range is as good as unknown.
        "master_port" => {
            replica.master_port = Some(u16::try_from(leading_i64(value)).unwrap_or(0));
        }
        "master_link_status" => replica.link_up = Some(value.eq_ignore_ascii_case("up")),
        "slave_priority" => replica.priority = Some(leading_i64(value)),
        "slave_repl_offset" => replica.repl_offset = Some(leading_u64(value)),
        "replica_announced" => replica.announced = Some(leading_i64(value) != 0),
        _ => {}
    }
}

/// Reads `slave<digit>…:ip=H,port=P,…`, its fields in any order, or the old form
/// `slave<digit>…:H,P,state`. A port that cannot be one makes the line void.
fn replica_line(line: &str) -> Option<ReplicaLine> {
    let numbered = line.strip_prefix("slave")?;
    if !numbered.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (_, fields) = numbered.split_once(':')?;
    let (host, port) = named_fields(fields).or_else(|| positional_fields(fields))?;
    let port = u16::try_from(leading_i64(port)).ok()?;
    (!host.is_empty()).then(|| ReplicaLine {
        host: host.to_owned(),
        port,
    })
}

fn named_fields(fields: &str) -> Option<(&str, &str)> {
    let find = |name| fields.split(',').find_map(|field| field.strip_prefix(name));
    Some((find("ip=")?, find("port=")?))
}

fn positional_fields(fields: &str) -> Option<(&str, &str)> {
    if fields.contains('=') {
        return None;
    }
    let mut parts = fields.split(',');
    let (host, port) = (parts.next()?, parts.next()?);
    // Without the state behind it, the port is not taken. (Measured.)
    parts.next()?;
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(lines: &[&str]) -> InfoReport {
        parse(Bytes::from(lines.join("\r\n")))
    }

    fn replicas(lines: &[&str]) -> Vec<(String, u16)> {
        parsed(lines)
            .replicas
            .into_iter()
            .map(|r| (r.host, r.port))
            .collect()
    }

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn info_is_asked_without_argument() {
        let mut out = Vec::new();
        encode(&Renames::new(), &mut out);
        assert_eq!(out, b"*1\r\n$4\r\nINFO\r\n");
    }

    #[test]
    fn a_master_shows_id_role_and_replicas() {
        let id = format!("run_id:{ID}");
        let report = parsed(&[
            "# Server",
            &id,
            "",
            "# Replication",
            "role:master",
            "connected_slaves:2",
            "slave0:ip=10.0.0.2,port=6379,state=online,offset=42,lag=0",
            "slave1:ip=host-b,port=0,state=wait_bgsave,offset=0,lag=0",
            "",
        ]);
        assert_eq!(report.run_id, Some(RunId::new(ID)));
        assert_eq!(report.role, Role::Master);
        assert_eq!(report.replica, ReplicaReport::default());
        let hosts: Vec<_> = report
            .replicas
            .iter()
            .map(|r| (r.host.as_str(), r.port))
            .collect();
        assert_eq!(hosts, [("10.0.0.2", 6379), ("host-b", 0)]);
        assert!(report.text.starts_with(b"# Server\r\n"));
    }

    #[test]
    fn a_replica_shows_all_its_fields() {
        let report = parsed(&[
            "role:slave",
            "master_host:10.0.0.1",
            "master_port:6379",
            "master_link_status:UP",
            "master_link_down_since_seconds:7",
            "slave_repl_offset:18446744073709551615",
            "slave_priority:5",
            "replica_announced:0",
        ]);
        assert_eq!(report.role, Role::Replica);
        assert_eq!(report.link_down_ms, 7000);
        let expected = ReplicaReport {
            master_host: Some("10.0.0.1".into()),
            master_port: Some(6379),
            link_up: Some(true),
            priority: Some(5),
            repl_offset: Some(u64::MAX),
            announced: Some(false),
        };
        assert_eq!(report.replica, expected);
    }

    #[test]
    fn replica_fields_before_role_slave_are_not_taken() {
        let report = parsed(&[
            "slave_priority:5",
            "master_host:h",
            "role:slave",
            "master_port:1",
        ]);
        let expected = ReplicaReport {
            master_port: Some(1),
            ..ReplicaReport::default()
        };
        assert_eq!(report.replica, expected);
    }

    #[test]
    fn replica_fields_after_a_later_role_master_are_not_taken() {
        let report = parsed(&["role:slave", "role:master", "slave_priority:7"]);
        assert_eq!((report.role, report.replica.priority), (Role::Master, None));
        let report = parsed(&["role:slave", "role:other", "slave_priority:7"]);
        assert_eq!(
            (report.role, report.replica.priority),
            (Role::Replica, Some(7))
        );
    }

    #[test]
    fn a_role_is_matched_by_prefix_at_the_start_of_a_line_cut_at_crlf() {
        assert_eq!(parsed(&["role:masterX"]).role, Role::Master);
        assert_eq!(parsed(&[" role:master"]).role, Role::Unknown);
        assert_eq!(parsed(&["role:master\nrole:slave"]).role, Role::Master);
        assert_eq!(parsed(&["a\nrole:slave"]).role, Role::Unknown);
        assert_eq!(parsed(&[]).role, Role::Unknown);
    }

    #[test]
    fn both_forms_of_a_replica_line_are_read() {
        let table: [(&str, Option<(&str, u16)>); 12] = [
            (
                "slave0:ip=10.1.1.1,port=7001,state=online",
                Some(("10.1.1.1", 7001)),
            ),
            ("slave12:10.1.1.2,7002,online", Some(("10.1.1.2", 7002))),
            ("slave4:ip=10.1.1.5,port=7005", Some(("10.1.1.5", 7005))),
            ("slave5:port=7006,ip=10.1.1.6,x=1", Some(("10.1.1.6", 7006))),
            ("slave6:ip=::1,port=7,state=online", Some(("::1", 7))),
            ("slave7:ip=10.1.1.8,port=abc,a=b", Some(("10.1.1.8", 0))),
            ("slave3:10.1.1.4,7004", None),
            ("slavex:ip=10.1.1.3,port=7003", None),
            ("slave6:ip=10.1.1.7,port=99999,a=b", None),
            ("slave6:ip=10.1.1.7,port=-1,a=b", None),
            ("slave8:state=x,a,b", None),
            ("slave9:ip=,port=1", None),
        ];
        for (line, expected) in table {
            let expected: Vec<_> = expected
                .map(|(h, p)| (h.to_owned(), p))
                .into_iter()
                .collect();
            assert_eq!(replicas(&["role:master", line]), expected, "{line}");
        }
    }

    #[test]
    fn an_id_shorter_than_forty_is_not_taken_and_a_longer_one_is_cut() {
        assert_eq!(parsed(&["run_id:abc"]).run_id, None);
        assert_eq!(
            parsed(&[&format!("run_id:{ID}XYZ")]).run_id,
            Some(RunId::new(ID))
        );
    }

    #[test]
    fn the_outage_is_zero_when_absent_and_negative_when_unknown() {
        assert_eq!(parsed(&["role:slave"]).link_down_ms, 0);
        assert_eq!(
            parsed(&["master_link_down_since_seconds:-1"]).link_down_ms,
            -1000
        );
        assert_eq!(
            parsed(&["master_link_down_since_seconds:x"]).link_down_ms,
            0
        );
        let far = parsed(&["master_link_down_since_seconds:9223372036854775807"]);
        assert_eq!(far.link_down_ms, i64::MAX);
    }

    #[test]
    fn odd_values_of_a_replica_are_read_leniently() {
        let report = parsed(&[
            "role:slave",
            "master_host:",
            "master_port:70000",
            "slave_priority:-5x",
            "slave_repl_offset:-1",
            "replica_announced:2",
            "master_link_status:upx",
        ]);
        let expected = ReplicaReport {
            master_host: Some(String::new()),
            master_port: Some(0),
            link_up: Some(false),
            priority: Some(-5),
            repl_offset: Some(0),
            announced: Some(true),
        };
        assert_eq!(report.replica, expected);
    }

    #[test]
    fn an_error_reply_is_no_report() {
        let error = Frame::Error(Bytes::from_static(b"NOAUTH Authentication required."));
        assert_eq!(read(&error), Err("NOAUTH Authentication required.".into()));
        assert!(read(&Frame::Null).is_err());
        assert!(read(&Frame::Bulk(Bytes::from_static(b"role:master"))).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_parse_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let report = parse(Bytes::from(bytes.clone()));
            prop_assert_eq!(report.text.as_ref(), bytes.as_slice());
        }

        #[test]
        fn any_values_of_known_fields_parse_without_panic(
            lines in proptest::collection::vec(
                "(run_id|slave0|slave10|role|master_host|master_port|slave_priority|slave_repl_offset|replica_announced|master_link_status|master_link_down_since_seconds):(master|slave|ip=|port=|[-+,=:0-9aé ]|\\PC){0,12}",
                0..12,
            )
        ) {
            let text = lines.join("\r\n");
            let role_lines = lines.iter().filter(|l| l.starts_with("role:slave")).count();
            let report = parse(Bytes::from(text));
            if role_lines == 0 {
                prop_assert_eq!(report.replica, ReplicaReport::default());
            }
        }
    }
}
