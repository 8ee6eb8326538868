//! `CLIENT TRACKING on|off [REDIRECT id] [BCAST] [PREFIX prefix …] [OPTIN] [OPTOUT] [NOLOOP]`.

use crate::commands::argument::Argument;
use crate::commands::next::{ClientsQuery, Next};
use crate::commands::row::{HelpEntry, Request};

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[
    Argument::one_of(
        "status",
        &[Argument::word("on", "ON"), Argument::word("off", "OFF")],
    ),
    Argument::integer("client-id").after("REDIRECT").optional(),
    Argument::string("prefix")
        .after("PREFIX")
        .optional()
        .multiple_token(),
    Argument::word("bcast", "BCAST").optional(),
    Argument::word("optin", "OPTIN").optional(),
    Argument::word("optout", "OPTOUT").optional(),
    Argument::word("noloop", "NOLOOP").optional(),
];

/// For CLIENT HELP; the syntax takes two lines.
pub const HELP: &[HelpEntry] = &[(
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
    &[
        "     [OPTIN] [OPTOUT] [NOLOOP]",
        "Accepted and remembered; a sentinel has no keys to track.",
    ],
)];

/// Whether the redirection's target exists is known to the socket side only.
pub fn run(request: Request<'_>) -> Next {
    Next::Clients(ClientsQuery::Track(request.args().to_vec()))
}
