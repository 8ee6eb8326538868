//! The arguments of a command as `COMMAND DOCS` describes them: hints for interactive clients,
//! never used to parse.

/// What kind of word an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ArgumentKind {
    String,
    Integer,
    Pattern,
    PureToken,
    OneOf,
    Block,
}

impl ArgumentKind {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            ArgumentKind::String => "string",
            ArgumentKind::Integer => "integer",
            ArgumentKind::Pattern => "pattern",
            ArgumentKind::PureToken => "pure-token",
            ArgumentKind::OneOf => "oneof",
            ArgumentKind::Block => "block",
        }
    }
}

/// One argument, possibly made of others.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What help shows for it.
    pub display_text: &'static str,
    /// Its kind.
    pub kind: ArgumentKind,
    /// The literal word that stands for it or before it.
    pub token: Option<&'static str>,
    /// The first version that had it, when later than the command.
    pub since: Option<&'static str>,
    /// The version that deprecated it.
    pub deprecated_since: Option<&'static str>,
    /// May be left out.
    pub optional: bool,
    /// May be repeated.
    pub multiple: bool,
    /// May be repeated with its token.
    pub multiple_token: bool,
    /// The parts of a `oneof` or `block`.
    pub parts: &'static [Argument],
}

impl Argument {
    const fn new(name: &'static str, kind: ArgumentKind) -> Self {
        Argument {
            name,
            display_text: name,
            kind,
            token: None,
            since: None,
            deprecated_since: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            parts: &[],
        }
    }

    /// Any text.
    pub const fn string(name: &'static str) -> Self {
        Argument::new(name, ArgumentKind::String)
    }

    /// Any text, which help shows in other words than its name.
    pub const fn shown_string(name: &'static str, display_text: &'static str) -> Self {
        let mut argument = Argument::string(name);
        argument.display_text = display_text;
        argument
    }

    /// A number.
    pub const fn integer(name: &'static str) -> Self {
        Argument::new(name, ArgumentKind::Integer)
    }

    /// A glob.
    pub const fn pattern(name: &'static str) -> Self {
        Argument::new(name, ArgumentKind::Pattern)
    }

    /// A literal word.
    pub const fn word(name: &'static str, token: &'static str) -> Self {
        Argument::new(name, ArgumentKind::PureToken).after(token)
    }

    /// A choice.
    pub const fn one_of(name: &'static str, parts: &'static [Argument]) -> Self {
        let mut this = Argument::new(name, ArgumentKind::OneOf);
        this.parts = parts;
        this
    }

    /// A sequence.
    pub const fn block(name: &'static str, parts: &'static [Argument]) -> Self {
        let mut this = Argument::new(name, ArgumentKind::Block);
        this.parts = parts;
        this
    }

    /// Preceded by this literal word.
    pub const fn after(mut self, token: &'static str) -> Self {
        self.token = Some(token);
        self
    }

    /// Newer than its command.
    pub const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    /// No longer to be used.
    pub const fn deprecated(mut self, since: &'static str) -> Self {
        self.deprecated_since = Some(since);
        self
    }

    /// May be left out.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// May be repeated, each time behind its token.
    pub const fn multiple_token(mut self) -> Self {
        self.multiple = true;
        self.multiple_token = true;
        self
    }

    /// May be repeated.
    pub const fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }
}
