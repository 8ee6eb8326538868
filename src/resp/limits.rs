//! What a client may make us hold before its request is complete. The numbers that a client can
//! observe are the reference's.

/// Bytes that may arrive without the end of an inline request or of a `*` / `$` header; one more
/// is an error (measured on the reference).
pub const MAX_LINE: usize = 64 * 1024;

/// Words a request may announce while authentication is required (measured): AUTH and HELLO with
/// every option need fewer.
pub const MAX_WORDS_UNAUTHENTICATED: i64 = 10;

/// Bytes a word may have while authentication is required (measured): no password is longer.
pub const MAX_WORD_UNAUTHENTICATED: i64 = 16 * 1024;

/// Words a request may announce at all (measured: the greatest 32-bit signed number). Nothing is
/// reserved for them until they arrive.
pub const MAX_WORDS: i64 = i32::MAX as i64;

/// Default of `proto-max-bulk-len`, in bytes.
pub const DEFAULT_MAX_BULK: usize = 512 * 1024 * 1024;

/// Default of `client-query-buffer-limit`, in bytes. The serving side enforces it over
/// [`super::RequestReader::held`] plus what is unread.
pub const DEFAULT_QUERY_BUFFER: usize = 1024 * 1024 * 1024;

/// Words up to this many bytes are copied out of the input buffer, longer ones share it: a copy
/// this small costs less than what sharing pins. One page of allocator classes; no client sees it.
pub const COPY_BELOW: usize = 1024;

/// What a word costs besides its bytes, in bytes: its handle. Counted so that a request of
/// millions of empty words meets the query buffer limit too.
pub const WORD_OVERHEAD: usize = std::mem::size_of::<bytes::Bytes>();
