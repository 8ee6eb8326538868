//! A user: a switch, passwords, and permissions.

use bytes::Bytes;

use super::error::{RuleError, SetUserError};
use super::password::PasswordHash;
use super::rule_book::RuleBook;
use super::selector::{Denied, Selector, Stopped, Wanted, WantedChannels};
use super::user_name::UserName;
use super::words;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: UserName,
    on: bool,
    nopass: bool,
    sanitize_payload: bool,
    passwords: Vec<PasswordHash>,
    root: Selector,
    selectors: Vec<Selector>,
}

impl User {
    /// A new user: off, without passwords and rights.
    pub fn new(name: UserName, book: &RuleBook) -> Self {
        User {
            name,
            on: false,
            nopass: false,
            sanitize_payload: true,
            passwords: Vec::new(),
            root: Selector::new(book),
            selectors: Vec::new(),
        }
    }

    /// The user `default` when nothing is said of it: no password, everything permitted.
    pub fn default_user(book: &RuleBook) -> Self {
        let mut user = User::new(UserName::DEFAULT, book);
        user.on = true;
        user.nopass = true;
        user.root.keys.allow_all();
        user.root.channels = super::channels::Channels::All;
        user.root.commands.reset(true);
        user
    }

    /// The same with a password: what `requirepass` makes of it.
    pub fn default_user_with(password: &[u8], book: &RuleBook) -> Self {
        let mut user = User::default_user(book);
        user.nopass = false;
        user.passwords.push(PasswordHash::of(password));
        user
    }

    /// The same user after these words; nothing changes when one of them is wrong.
    pub fn edited<W: AsRef<[u8]>>(
        &self,
        words: &[W],
        book: &RuleBook,
    ) -> Result<User, SetUserError> {
        let mut user = self.clone();
        for rule in words::join_selectors(words)? {
            let applied = user.apply(&rule, book);
            applied.map_err(|why| SetUserError::Rule(rule, why))?;
        }
        Ok(user)
    }

    fn apply(&mut self, rule: &[u8], book: &RuleBook) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"on" => self.on = true,
            b"off" => self.on = false,
            b"nopass" => {
                self.nopass = true;
                self.passwords.clear();
            }
            b"resetpass" => {
                self.nopass = false;
                self.passwords.clear();
            }
            b"sanitize-payload" => self.sanitize_payload = true,
            b"skip-sanitize-payload" => self.sanitize_payload = false,
            b"clearselectors" => self.selectors.clear(),
            b"reset" => *self = User::new(self.name.clone(), book),
            _ => match rule {
                [b'>', password @ ..] => self.add(PasswordHash::of(password)),
                [b'#', hash @ ..] => self.add(PasswordHash::read(hash)?),
                [b'<', password @ ..] => self.remove(PasswordHash::of(password))?,
                [b'!', hash @ ..] => self.remove(PasswordHash::read(hash)?)?,
                [b'(', ..] => {
                    let mut selector = Selector::new(book);
                    for inner in words::inside(rule).ok_or(RuleError::Syntax)? {
                        selector.apply(&inner, book)?;
                    }
                    self.selectors.push(selector);
                }
                _ => self.root.apply(rule, book)?,
            },
        }
        Ok(())
    }

    fn add(&mut self, password: PasswordHash) {
        self.nopass = false;
        if !self.passwords.contains(&password) {
            self.passwords.push(password);
        }
    }

    fn remove(&mut self, password: PasswordHash) -> Result<(), RuleError> {
        let at = self.passwords.iter().position(|one| *one == password);
        self.passwords.remove(at.ok_or(RuleError::NoSuchPassword)?);
        Ok(())
    }

    /// Its name.
    pub fn name(&self) -> &UserName {
        &self.name
    }

    /// Whether anybody may authenticate as it.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Whether every password, or none, is right.
    pub fn is_nopass(&self) -> bool {
        self.nopass
    }

    /// Whether this password opens it. The time it takes does not tell how nearly it was right.
    pub fn accepts(&self, password: &[u8]) -> bool {
        let known = self.has_password(password);
        self.on && (self.nopass || known)
    }

    /// Whether this is one of its passwords, on or off.
    pub fn has_password(&self, password: &[u8]) -> bool {
        PasswordHash::of(password).is_among(&self.passwords)
    }

    /// Whether nothing that a sentinel has is forbidden to it.
    pub fn is_unrestricted(&self) -> bool {
        self.root.is_unrestricted()
    }

    /// Whether it may do this: one selector has to permit all of it. Otherwise tells what
    /// stopped the selector that came farthest.
    pub fn check<'w>(&self, wanted: &Wanted<'_, 'w>) -> Result<(), Denied<'w>> {
        let mut farthest = Stopped::AtCommand;
        for selector in self.all_selectors() {
            match selector.check(wanted) {
                Ok(()) => return Ok(()),
                Err(stopped) => farthest = farthest.max(stopped),
            }
        }
        let (Stopped::AtChannel(at), WantedChannels::Named(all) | WantedChannels::Matching(all)) =
            (farthest, wanted.channels)
        else {
            return Err(Denied::Command);
        };
        Err(all.get(at).map_or(Denied::Command, Denied::Channel))
    }

    /// Whether a subscription to this channel may stay.
    pub fn may_hear(&self, channel: &Bytes) -> bool {
        self.all_selectors().any(|one| one.channels.hold(channel))
    }

    /// Whether a subscription to this pattern may stay.
    pub fn may_hear_pattern(&self, pattern: &Bytes) -> bool {
        self.all_selectors()
            .any(|one| one.channels.hold_pattern(pattern))
    }

    /// Whether every channel pattern of `other` is one of this user's, so that nothing was taken
    /// away on the way from `other` to this.
    pub fn hears_all_that(&self, other: &User) -> bool {
        use super::channels::Channels;
        let all = |user: &User| user.all_selectors().any(|s| s.channels == Channels::All);
        let mine: Vec<Vec<u8>> = self
            .all_selectors()
            .flat_map(|s| s.channels.patterns())
            .collect();
        let mut theirs = other.all_selectors().flat_map(|s| s.channels.patterns());
        all(self) || theirs.all(|pattern| mine.contains(&pattern))
    }

    fn all_selectors(&self) -> impl Iterator<Item = &Selector> {
        std::iter::once(&self.root).chain(&self.selectors)
    }

    /// The words of switch and passwords, in the order of listings.
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.on { "on" } else { "off" }];
        if self.nopass {
            flags.push("nopass");
        }
        flags.push(if self.sanitize_payload {
            "sanitize-payload"
        } else {
            "skip-sanitize-payload"
        });
        flags
    }

    /// The hashes of its passwords, in the order in which they were added.
    pub fn passwords(&self) -> &[PasswordHash] {
        &self.passwords
    }

    /// The permissions that no parentheses are around.
    pub fn root(&self) -> &Selector {
        &self.root
    }

    /// The permissions in parentheses.
    pub fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// The canonical words: applied to a new user of the same name, they make this user.
    pub fn rules(&self) -> Vec<Vec<u8>> {
        let mut rules: Vec<Vec<u8>> = self.flags().iter().map(|f| f.as_bytes().to_vec()).collect();
        let hashes = self.passwords.iter();
        rules.extend(hashes.map(|hash| format!("#{}", hash.to_hex()).into_bytes()));
        rules.extend(self.root.rules());
        for selector in &self.selectors {
            let mut inner: Vec<Vec<u8>> = selector
                .rules()
                .iter()
                .map(|rule| words::quoted(rule))
                .collect();
            // There always are words about channels and commands.
            if let Some(first) = inner.first_mut() {
                first.insert(0, b'(');
            }
            if let Some(last) = inner.last_mut() {
                last.push(b')');
            }
            rules.extend(inner);
        }
        rules
    }

    /// `user <name> <rules>`, as ACL LIST and the ACL file show it.
    pub fn line(&self) -> Vec<u8> {
        let mut words = vec![b"user".to_vec(), self.name.as_bytes().to_vec()];
        words.extend(self.rules());
        words.join(&b' ')
    }
}
