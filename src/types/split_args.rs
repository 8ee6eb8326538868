//! Words and quotes, shared by inline requests and configuration lines.

/// Why a line could not be split into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// A quote was not closed, or a closing quote was followed by more text.
    UnbalancedQuotes,
}

/// Splits a line into words.
pub fn split_args(line: &[u8]) -> Result<Vec<Vec<u8>>, SplitError> {
    let _ = line;
    Err(SplitError::UnbalancedQuotes)
}

/// Writes a word in double quotes with the escapes that `split_args` reads back.
pub fn quote(word: &[u8]) -> Vec<u8> {
    word.to_vec()
}
