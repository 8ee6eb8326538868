//! Names of things: master groups, processes.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text; no format is enforced, because the wire enforces none.
            pub fn new(text: &str) -> Self {
                $name(Arc::from(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// The configured name of a master group, case-sensitive.
    MasterName
}

text_id! {
    /// The id of a process: a server's `run_id`, or a sentinel's own id. Normally 40 lower-case
    /// hex digits, but peers and servers may announce anything.
    RunId
}

impl RunId {
    /// A new id of 40 lower-case hex digits from 20 random bytes.
    pub fn random(bytes: &[u8; 20]) -> Self {
        RunId::new(&bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
    }
}
