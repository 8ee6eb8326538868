//! `# Sentinel`.

use crate::core::view::{ScriptState, ScriptView, View};

use super::Page;

pub(super) fn write(page: &mut Page, view: &View) {
    page.line("sentinel_masters", view.masters.len());
    page.line("sentinel_tilt", u8::from(view.tilt));
    match view.tilt_since {
        Some(ms) if view.tilt => page.line("sentinel_tilt_since_seconds", ms / 1000),
        _ => page.line("sentinel_tilt_since_seconds", -1),
    }
    page.line("sentinel_total_tilt", view.total_tilt);
    let running = |script: &&ScriptView| matches!(script.state, ScriptState::Running { .. });
    page.line(
        "sentinel_running_scripts",
        view.scripts.iter().filter(running).count(),
    );
    page.line("sentinel_scripts_queue_length", view.scripts.len());
    page.line(
        "sentinel_simulate_failure_flags",
        view.simulate_failure_flags,
    );
    for (index, master) in view.masters.iter().enumerate() {
        let instance = &master.instance;
        page.line(
            &format!("master{index}"),
            format_args!(
                "name={},status={},address={}:{},slaves={},sentinels={}",
                instance.name,
                master.status,
                instance.ip,
                instance.port,
                master.replicas.len(),
                master.peers.len() + 1
            ),
        );
    }
}
