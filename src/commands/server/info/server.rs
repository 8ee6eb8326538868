//! `# Server`.

use crate::commands::next::ServerFacts;

use super::Page;

/// Seconds in a day.
const DAY: u64 = 24 * 60 * 60;

/// The bits of a clock that counts seconds since 1970 in the servers' `lru_clock`.
const LRU_CLOCK_MASK: u64 = (1 << 24) - 1;

/// The frequency of the reference's timer; this daemon has no such timer.
const HZ: u32 = 10;

pub(super) fn write(page: &mut Page, facts: &ServerFacts) {
    page.line("redis_version", &facts.redis_version);
    page.line("redis_git_sha1", "00000000");
    page.line("redis_git_dirty", 0);
    page.line("redis_build_id", "0000000000000000");
    page.line("redis_mode", "sentinel");
    page.line("os", &facts.os);
    page.line("arch_bits", usize::BITS);
    page.line("monotonic_clock", "POSIX clock_gettime");
    page.line("multiplexing_api", "epoll");
    page.line("atomicvar_api", "c11-builtin");
    page.line("gcc_version", "0.0.0");
    page.line("process_id", facts.process_id);
    page.line("process_supervised", facts.process_supervised);
    page.line("run_id", &facts.run_id);
    page.line("tcp_port", facts.tcp_port);
    page.line("server_time_usec", facts.now_usec);
    page.line("uptime_in_seconds", facts.uptime_s);
    page.line("uptime_in_days", facts.uptime_s / DAY);
    page.line("hz", HZ);
    page.line("configured_hz", HZ);
    page.line("lru_clock", (facts.now_usec / 1_000_000) & LRU_CLOCK_MASK);
    page.line("executable", &facts.executable);
    page.line("config_file", &facts.config_file);
    page.line("io_threads_active", 0);
    for (index, listener) in facts.listeners.iter().enumerate() {
        page.line(&format!("listener{index}"), listener);
    }
}
