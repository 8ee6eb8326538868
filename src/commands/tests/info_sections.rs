//! INFO and SHUTDOWN.

use super::*;

fn names(page: &str) -> Vec<&str> {
    page.split("\r\n")
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split(':').next().unwrap())
        .collect()
}

/// The names of each section, with a space between, as tools expect them.
const SERVER: &str = "redis_version redis_git_sha1 redis_git_dirty redis_build_id redis_mode os arch_bits \
    monotonic_clock multiplexing_api atomicvar_api gcc_version process_id process_supervised run_id tcp_port \
    server_time_usec uptime_in_seconds uptime_in_days hz configured_hz lru_clock executable config_file \
    io_threads_active listener0 listener1";
const CLIENTS: &str = "connected_clients cluster_connections maxclients client_recent_max_input_buffer \
    client_recent_max_output_buffer blocked_clients tracking_clients clients_in_timeout_table total_blocking_keys \
    total_blocking_keys_on_nokey";
const STATS: &str = "total_connections_received total_commands_processed instantaneous_ops_per_sec \
    total_net_input_bytes total_net_output_bytes total_net_repl_input_bytes total_net_repl_output_bytes \
    instantaneous_input_kbps instantaneous_output_kbps instantaneous_input_repl_kbps instantaneous_output_repl_kbps \
    rejected_connections sync_full sync_partial_ok sync_partial_err expired_keys expired_stale_perc \
    expired_time_cap_reached_count expire_cycle_cpu_milliseconds evicted_keys evicted_clients \
    total_eviction_exceeded_time current_eviction_exceeded_time keyspace_hits keyspace_misses pubsub_channels \
    pubsub_patterns pubsubshard_channels latest_fork_usec total_forks migrate_cached_sockets \
    slave_expires_tracked_keys active_defrag_hits active_defrag_misses active_defrag_key_hits \
    active_defrag_key_misses total_active_defrag_time current_active_defrag_time tracking_total_keys \
    tracking_total_items tracking_total_prefixes unexpected_error_replies total_error_replies \
    dump_payload_sanitizations total_reads_processed total_writes_processed io_threaded_reads_processed \
    io_threaded_writes_processed reply_buffer_shrinks reply_buffer_expands eventloop_cycles eventloop_duration_sum \
    eventloop_duration_cmd_sum instantaneous_eventloop_cycles_per_sec instantaneous_eventloop_duration_usec \
    acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key acl_access_denied_channel";
const CPU: &str = "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children \
    used_cpu_sys_main_thread used_cpu_user_main_thread";
const SENTINEL: &str = "sentinel_masters sentinel_tilt sentinel_tilt_since_seconds sentinel_total_tilt \
    sentinel_running_scripts sentinel_scripts_queue_length sentinel_simulate_failure_flags master0";

#[test]
fn each_section_has_its_fields_in_order() {
    let mut stage = Stage::new();
    stage.facts.listeners = vec![
        "name=tcp,bind=*,port=26379".into(),
        "name=unix,bind=/s".into(),
    ];
    for (section, fields) in [
        ("server", SERVER),
        ("CLIENTS", CLIENTS),
        ("stats", STATS),
        ("cpu", CPU),
        ("sentinel", SENTINEL),
    ] {
        let page = text(&stage.say(&format!("info {section}")));
        assert_eq!(
            names(&page),
            fields.split_whitespace().collect::<Vec<_>>(),
            "{section}"
        );
    }
    let page = text(&stage.say("info server"));
    assert!(
        page.contains(
            "\r\nlistener0:name=tcp,bind=*,port=26379\r\nlistener1:name=unix,bind=/s\r\n"
        )
    );
}

#[test]
fn sections_are_written_in_their_own_order_with_an_empty_line_between() {
    let mut stage = Stage::new();
    let page = text(&stage.say("info Sentinel nope cpu"));
    assert!(
        page.starts_with("# CPU\r\nused_cpu_sys:0.000000\r\n"),
        "{page}"
    );
    assert!(
        page.contains("\r\n\r\n# Sentinel\r\nsentinel_masters:1\r\n"),
        "{page}"
    );
    let all = text(&stage.say("info"));
    let titles: Vec<&str> = all
        .split("\r\n")
        .filter(|line| line.starts_with('#'))
        .collect();
    assert_eq!(
        titles,
        ["# Server", "# Clients", "# Stats", "# CPU", "# Sentinel"]
    );
    for line in ["info default", "info cpu ALL", "info everything"] {
        assert_eq!(text(&stage.say(line)), all, "{line}");
    }
    assert_eq!(stage.say("info memory keyspace"), Reply::Bulk(Bytes::new()));
}

#[test]
fn each_master_has_a_line_of_its_own() {
    let mut one = master("mymaster");
    one.status = "odown";
    one.replicas = vec![replica(1, true), replica(2, false)];
    one.peers = vec![peer(true)];
    let mut stage = Stage {
        view: view(vec![one]),
        ..Stage::new()
    };
    let page = text(&stage.say("info sentinel"));
    assert!(
        page.ends_with(
            "master0:name=mymaster,status=odown,address=10.0.0.1:6379,slaves=2,sentinels=2\r\n"
        ),
        "{page}"
    );
}

#[test]
fn tilt_shows_its_age_in_seconds() {
    let mut stage = Stage::new();
    assert!(
        text(&stage.say("info sentinel"))
            .contains("sentinel_tilt:0\r\nsentinel_tilt_since_seconds:-1\r\n")
    );
    stage.view.tilt = true;
    stage.view.tilt_since = Some(2999);
    stage.view.total_tilt = 4;
    let page = text(&stage.say("info sentinel"));
    assert!(
        page.contains(
            "sentinel_tilt:1\r\nsentinel_tilt_since_seconds:2\r\nsentinel_total_tilt:4\r\n"
        ),
        "{page}"
    );
}

#[test]
fn shutdown_checks_its_words_and_then_ends_the_process() {
    let mut stage = Stage::new();
    for line in [
        "shutdown x",
        "shutdown save nosave",
        "shutdown abort now",
        "shutdown force abort",
    ] {
        assert_eq!(stage.error(line), "ERR syntax error", "{line}");
    }
    assert_eq!(
        stage.error("shutdown ABORT"),
        "ERR No shutdown in progress."
    );
    for line in ["shutdown", "SHUTDOWN nosave now force", "shutdown save"] {
        assert!(matches!(stage.next(line), Next::Shutdown), "{line}");
    }
}
