//! Memory grows with what has arrived and not with what was announced.

/// What anything may need whatever the input, in bytes.
const BASE: u64 = 64 << 10;

/// Does something with `input` bytes, which may at no time take more than `per_byte` bytes of
/// memory for each of them.
pub fn bounded<T>(input: usize, per_byte: u64, what: impl FnOnce() -> T) -> T {
    let mut done = None;
    let used = allocation_counter::measure(|| done = Some(what()));
    let most = BASE + per_byte * input as u64;
    assert!(
        used.bytes_max <= most,
        "{input} bytes of input took {} bytes of memory",
        used.bytes_max
    );
    done.expect("it was done")
}
