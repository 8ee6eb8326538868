//! What the bench ran on: without it the numbers say little.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

/// How many writes the time of one is taken from.
const WRITES: usize = 51;

/// The machine and the two programs.
pub struct Facts {
    pub processor: String,
    pub processors: usize,
    pub memory_mib: u64,
    pub kernel: String,
    /// Of the directory where the sentinels keep their files.
    pub file_system: String,
    /// Writing 4 KiB there durably, as a sentinel does with its file: median and maximum.
    pub write_ms: (f64, f64),
    /// Of redis-sentinel and redis-server.
    pub redis: String,
    /// Bytes of the rsentinel program.
    pub binary_size: u64,
    /// True for an unoptimized rsentinel.
    pub is_debug: bool,
    /// The load averages of 1, 5 and 15 minutes, before and after.
    pub load_before: String,
    pub load_after: String,
}

impl Facts {
    /// Looks at the machine; an error when one of the programs is missing.
    pub fn gather() -> Result<Facts, String> {
        let version = Command::new("redis-sentinel")
            .arg("--version")
            .output()
            .map_err(|error| format!("redis-sentinel does not start: {error}"))?;
        let redis = String::from_utf8_lossy(&version.stdout);
        let redis = redis
            .split_whitespace()
            .find_map(|word| word.strip_prefix("v="));
        let program = env!("CARGO_BIN_EXE_rsentinel");
        let binary_size = fs::metadata(program)
            .map_err(|error| format!("{program}: {error}"))?
            .len();
        let directory =
            TempDir::new().map_err(|error| format!("no temporary directory: {error}"))?;
        Ok(Facts {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_default(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: field("/proc/meminfo", "MemTotal")
                .and_then(|text| kib(&text))
                .unwrap_or_default()
                / 1024,
            kernel: text("/proc/sys/kernel/osrelease"),
            file_system: file_system(directory.path()),
            write_ms: time_writes(directory.path())
                .map_err(|error| format!("cannot write to a temporary directory: {error}"))?,
            redis: redis.unwrap_or("of an unknown version").to_owned(),
            binary_size,
            is_debug: cfg!(debug_assertions),
            load_before: load(),
            load_after: String::new(),
        })
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts {
            processor,
            processors,
            memory_mib,
            kernel,
            file_system,
            write_ms: (median, max),
            redis,
            binary_size,
            load_before,
            ..
        } = self;
        writeln!(
            f,
            "Machine: {processors} x {processor}, {memory_mib} MiB, Linux {kernel}, load {load_before}"
        )?;
        writeln!(
            f,
            "Files: {file_system}; 4 KiB written durably in {median:.2} ms (median), {max:.2} ms (max of {WRITES})"
        )?;
        let build = if self.is_debug { "DEBUG" } else { "release" };
        writeln!(
            f,
            "Programs: rsentinel {} ({build}, {binary_size} bytes), redis-sentinel {redis}",
            env!("CARGO_PKG_VERSION")
        )
    }
}

/// The load averages of 1, 5 and 15 minutes.
pub fn load() -> String {
    let averages = text("/proc/loadavg");
    let words: Vec<_> = averages.split(' ').take(3).collect();
    words.join(" ")
}

/// `VmRSS` of a process.
pub fn resident_kib(id: u32) -> Option<u64> {
    kib(&field(&format!("/proc/{id}/status"), "VmRSS")?)
}

fn text(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The value of the first line `name: value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = text(path);
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kib(text: &str) -> Option<u64> {
    text.strip_suffix("kB")?.trim().parse().ok()
}

/// The kind of file system a path is on.
fn file_system(path: &Path) -> String {
    let mounts = text("/proc/self/mounts");
    let kinds = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        path.starts_with(point).then_some((point.len(), kind))
    });
    // The innermost one, and the last one mounted there.
    let innermost = kinds.max_by_key(|(length, _)| *length);
    innermost.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

/// Milliseconds of a durable write: median and maximum.
fn time_writes(directory: &Path) -> std::io::Result<(f64, f64)> {
    let (new, old) = (directory.join("new"), directory.join("old"));
    let mut times = Vec::new();
    for _ in 0..WRITES {
        let began = Instant::now();
        let mut file = File::create(&new)?;
        file.write_all(&[b'#'; 4096])?;
        file.sync_all()?;
        fs::rename(&new, &old)?;
        File::open(directory)?.sync_all()?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[WRITES / 2], times[WRITES - 1]))
}
