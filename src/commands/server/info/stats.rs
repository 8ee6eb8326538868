//! `# Stats`.

use crate::commands::next::ServerFacts;

use super::Page;

pub(super) fn write(page: &mut Page, facts: &ServerFacts) {
    page.line(
        "total_connections_received",
        facts.total_connections_received,
    );
    page.line("total_commands_processed", facts.total_commands_processed);
    page.line("instantaneous_ops_per_sec", facts.instantaneous_ops_per_sec);
    page.line("total_net_input_bytes", facts.total_net_input_bytes);
    page.line("total_net_output_bytes", facts.total_net_output_bytes);
    page.zeros(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
    page.line(
        "instantaneous_input_kbps",
        kibibytes(facts.input_bytes_per_sec),
    );
    page.line(
        "instantaneous_output_kbps",
        kibibytes(facts.output_bytes_per_sec),
    );
    for name in [
        "instantaneous_input_repl_kbps",
        "instantaneous_output_repl_kbps",
    ] {
        page.line(name, "0.00");
    }
    page.line("rejected_connections", facts.rejected_connections);
    page.zeros(&[
        "sync_full",
        "sync_partial_ok",
        "sync_partial_err",
        "expired_keys",
    ]);
    page.line("expired_stale_perc", "0.00");
    page.zeros(&[
        "expired_time_cap_reached_count",
        "expire_cycle_cpu_milliseconds",
        "evicted_keys",
        "evicted_clients",
        "total_eviction_exceeded_time",
        "current_eviction_exceeded_time",
        "keyspace_hits",
        "keyspace_misses",
    ]);
    page.line("pubsub_channels", facts.pubsub_channels);
    page.line("pubsub_patterns", facts.pubsub_patterns);
    page.zeros(&[
        "pubsubshard_channels",
        "latest_fork_usec",
        "total_forks",
        "migrate_cached_sockets",
        "slave_expires_tracked_keys",
        "active_defrag_hits",
        "active_defrag_misses",
        "active_defrag_key_hits",
        "active_defrag_key_misses",
        "total_active_defrag_time",
        "current_active_defrag_time",
        "tracking_total_keys",
        "tracking_total_items",
    ]);
    page.line("tracking_total_prefixes", facts.tracking_prefixes);
    page.zeros(&["unexpected_error_replies"]);
    page.line("total_error_replies", facts.total_error_replies);
    page.zeros(&["dump_payload_sanitizations"]);
    page.line("total_reads_processed", facts.total_reads_processed);
    page.line("total_writes_processed", facts.total_writes_processed);
    page.zeros(&[
        "io_threaded_reads_processed",
        "io_threaded_writes_processed",
        "reply_buffer_shrinks",
        "reply_buffer_expands",
        "eventloop_cycles",
        "eventloop_duration_sum",
        "eventloop_duration_cmd_sum",
        "instantaneous_eventloop_cycles_per_sec",
        "instantaneous_eventloop_duration_usec",
    ]);
    page.line("acl_access_denied_auth", facts.acl_access_denied_auth);
    page.line("acl_access_denied_cmd", facts.acl_access_denied_cmd);
    page.zeros(&["acl_access_denied_key"]);
    page.line("acl_access_denied_channel", facts.acl_access_denied_channel);
}

/// Two decimals, cut off.
fn kibibytes(bytes: u64) -> String {
    let hundredths = bytes.saturating_mul(100) / 1024;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
