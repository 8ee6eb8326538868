//! `# Clients`.

use crate::commands::next::ServerFacts;

use super::Page;

pub(super) fn write(page: &mut Page, facts: &ServerFacts) {
    page.line("connected_clients", facts.connected_clients);
    page.line("cluster_connections", 0);
    page.line("maxclients", facts.maxclients);
    page.line(
        "client_recent_max_input_buffer",
        facts.recent_max_input_buffer,
    );
    page.line(
        "client_recent_max_output_buffer",
        facts.recent_max_output_buffer,
    );
    page.line("blocked_clients", facts.blocked_clients);
    page.line("tracking_clients", facts.tracking_clients);
    page.zeros(&[
        "clients_in_timeout_table",
        "total_blocking_keys",
        "total_blocking_keys_on_nokey",
    ]);
}
