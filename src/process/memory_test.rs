//! `--test-memory`: does memory give back what was put into it?

use std::io::{self, Write};

/// Words tested at a time: one mebibyte.
const BLOCK_WORDS: usize = (1 << 20) / size_of::<u64>();

/// Alternating bits, both ways, then all and none; the address pattern comes first.
const PATTERNS: [u64; 4] = [0x5555_5555_5555_5555, 0xAAAA_AAAA_AAAA_AAAA, u64::MAX, 0];

/// Fills `megabytes` of memory with patterns and reads them back; whether every word was right.
///
/// # Errors
/// The progress cannot be written, or there is not so much memory.
pub fn run(megabytes: usize, out: &mut impl Write) -> io::Result<bool> {
    let mut memory: Vec<Vec<u64>> = Vec::new();
    for _ in 0..megabytes {
        let mut block = Vec::new();
        block
            .try_reserve_exact(BLOCK_WORDS)
            .map_err(|_| io::ErrorKind::OutOfMemory)?;
        block.resize(BLOCK_WORDS, 0);
        memory.push(block);
    }
    let mut wrong = 0;
    writeln!(out, "Testing {megabytes} MB: addresses")?;
    wrong += pass(&mut memory, |block, word| {
        ((block as u64) << 32) | word as u64
    });
    for pattern in PATTERNS {
        writeln!(out, "Testing {megabytes} MB: {pattern:016x}")?;
        wrong += pass(&mut memory, |_, _| pattern);
    }
    if wrong == 0 {
        writeln!(out, "Your memory passed this test.")?;
    } else {
        writeln!(
            out,
            "Your memory did not pass this test: {wrong} words were wrong."
        )?;
    }
    Ok(wrong == 0)
}

/// Writes every word, then reads every word; how many were wrong.
fn pass(memory: &mut [Vec<u64>], value: impl Fn(usize, usize) -> u64) -> usize {
    for (b, block) in memory.iter_mut().enumerate() {
        for (w, word) in block.iter_mut().enumerate() {
            *word = value(b, w);
        }
    }
    // Or the compiler could conclude that reading gives what was written.
    let memory = std::hint::black_box(memory);
    let wrong = |b: usize, block: &[u64]| {
        block
            .iter()
            .enumerate()
            .filter(|(w, word)| **word != value(b, *w))
            .count()
    };
    memory
        .iter()
        .enumerate()
        .map(|(b, block)| wrong(b, block))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_memory_passes() {
        let mut out = Vec::new();
        assert!(run(1, &mut out).unwrap());
        assert!(
            String::from_utf8(out)
                .unwrap()
                .ends_with("Your memory passed this test.\n")
        );
    }
}
