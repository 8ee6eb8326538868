//! `# CPU`: seconds with six decimals.

use crate::commands::next::ServerFacts;

use super::Page;

pub(super) fn write(page: &mut Page, facts: &ServerFacts) {
    let (sys, user) = (facts.used_cpu_sys_s, facts.used_cpu_user_s);
    for (name, seconds) in [
        ("used_cpu_sys", sys),
        ("used_cpu_user", user),
        ("used_cpu_sys_children", 0.0),
        ("used_cpu_user_children", 0.0),
        ("used_cpu_sys_main_thread", sys),
        ("used_cpu_user_main_thread", user),
    ] {
        page.line(name, format_args!("{seconds:.6}"));
    }
}
