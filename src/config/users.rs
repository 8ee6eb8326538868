//! `user` lines. Only the default user's switch and passwords mean something so far; everything
//! else is kept.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::types::Secret;

use super::error::Complaint;
use super::quoting;

/// The user that every client is until it authenticates as another.
#[derive(Clone, PartialEq, Eq)]
pub struct DefaultUser {
    /// Whether anybody may authenticate as this user at all.
    pub on: bool,
    /// Whether every password, or none, is right.
    pub nopass: bool,
    /// The SHA-256 of each valid password.
    pub hashes: Vec<[u8; 32]>,
    /// `sanitize-payload`; kept only.
    sanitize: bool,
    /// The remaining rules in order; kept only.
    rules: Vec<String>,
}

/// A line of another user: kept as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLine {
    /// The user's name.
    pub name: String,
    /// The rules as words of a line; they may contain passwords.
    pub rules: Secret,
}

impl Default for DefaultUser {
    /// No password, everything allowed.
    fn default() -> Self {
        DefaultUser {
            on: true,
            nopass: true,
            hashes: Vec::new(),
            sanitize: true,
            rules: ["~*", "&*", "+@all"].map(str::to_owned).to_vec(),
        }
    }
}

impl DefaultUser {
    /// The default user when there is only a `requirepass`.
    pub fn with_password(password: Option<&Secret>) -> Self {
        let mut user = DefaultUser::default();
        if let Some(password) = password {
            user.add_hash(hash(password.reveal()));
        }
        user
    }

    /// The default user of a `user default …` line, which starts from nothing: off, without
    /// passwords and rights.
    pub(super) fn from_rules(rules: &[Vec<u8>]) -> Result<Self, Complaint> {
        let mut user = DefaultUser {
            on: false,
            nopass: false,
            hashes: Vec::new(),
            sanitize: true,
            rules: Vec::new(),
        };
        let mut in_selector = false;
        for rule in rules {
            in_selector |= rule.starts_with(b"(");
            if in_selector {
                user.keep(rule)?;
                in_selector = !rule.ends_with(b")");
            } else {
                user.apply(rule)?;
            }
        }
        Ok(user)
    }

    fn apply(&mut self, rule: &[u8]) -> Result<(), Complaint> {
        match rule.to_ascii_lowercase().as_slice() {
            b"on" => self.on = true,
            b"off" => self.on = false,
            b"nopass" => {
                self.nopass = true;
                self.hashes.clear();
            }
            b"resetpass" => {
                self.nopass = false;
                self.hashes.clear();
            }
            b"reset" => *self = DefaultUser::from_rules(&[])?,
            b"sanitize-payload" => self.sanitize = true,
            b"skip-sanitize-payload" => self.sanitize = false,
            b"allkeys" | b"resetkeys" | b"allchannels" | b"resetchannels" | b"allcommands"
            | b"nocommands" | b"clearselectors" => self.keep(rule)?,
            _ => match rule {
                [b'>', password @ ..] => self.add_hash(hash(password)),
                [b'<', password @ ..] => self.remove_hash(hash(password))?,
                [b'#', text @ ..] => self.add_hash(read_hash(text)?),
                [b'!', text @ ..] => self.remove_hash(read_hash(text)?)?,
                [b'~' | b'%' | b'&' | b'+' | b'-', ..] => self.keep(rule)?,
                _ => return Err(rule_error("Syntax error")),
            },
        }
        Ok(())
    }

    fn keep(&mut self, rule: &[u8]) -> Result<(), Complaint> {
        let rule = std::str::from_utf8(rule).map_err(|_| Complaint::NotUtf8)?;
        self.rules.push(rule.to_owned());
        Ok(())
    }

    fn add_hash(&mut self, hash: [u8; 32]) {
        self.nopass = false;
        if !self.hashes.contains(&hash) {
            self.hashes.push(hash);
        }
    }

    fn remove_hash(&mut self, hash: [u8; 32]) -> Result<(), Complaint> {
        let at = self.hashes.iter().position(|h| *h == hash);
        let missing = "The password you are trying to remove from the user does not exist";
        self.hashes.remove(at.ok_or(rule_error(missing))?);
        Ok(())
    }

    /// Whether the rules beside switch and passwords allow everything.
    pub(super) fn is_unrestricted(&self) -> bool {
        let has = |names: [&str; 2]| self.rules.iter().any(|rule| names.contains(&rule.as_str()));
        let harmless = ["~*", "allkeys", "&*", "allchannels", "+@all", "allcommands"];
        self.rules.iter().all(|rule| harmless.contains(&rule.as_str()))
            && has(["+@all", "allcommands"])
    }

    /// Whether this is a valid password of the user.
    pub(super) fn accepts(&self, password: &[u8]) -> bool {
        self.nopass || self.hashes.contains(&hash(password))
    }

    /// The line as it is written.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut words = vec!["user".to_owned(), "default".to_owned()];
        words.push(if self.on { "on" } else { "off" }.to_owned());
        if self.nopass {
            words.push("nopass".to_owned());
        }
        let sanitize = if self.sanitize { "sanitize-payload" } else { "skip-sanitize-payload" };
        words.push(sanitize.to_owned());
        for hash in &self.hashes {
            words.push(hash.iter().fold("#".to_owned(), |text, byte| format!("{text}{byte:02x}")));
        }
        words.extend(self.rules.iter().cloned());
        quoting::words(words.iter().map(String::as_bytes))
    }
}

impl fmt::Debug for DefaultUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultUser")
            .field("on", &self.on)
            .field("nopass", &self.nopass)
            .field("passwords", &self.hashes.len())
            .field("rules", &self.rules)
            .finish()
    }
}

impl UserLine {
    pub(super) fn new(name: &str, rules: &[Vec<u8>]) -> Self {
        let rules = quoting::words(rules.iter().map(Vec::as_slice));
        UserLine { name: name.to_owned(), rules: Secret::new(&rules) }
    }

    /// The line as it is written.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut line = quoting::words([b"user".as_slice(), self.name.as_bytes()]);
        if !self.rules.reveal().is_empty() {
            line.push(b' ');
            line.extend(self.rules.reveal());
        }
        line
    }
}

fn hash(password: &[u8]) -> [u8; 32] {
    Sha256::digest(password).into()
}

fn read_hash(text: &[u8]) -> Result<[u8; 32], Complaint> {
    let bad = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(rule_error(bad)),
    };
    if text.len() != 64 {
        return Err(rule_error(bad));
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(hash)
}

fn rule_error(problem: &'static str) -> Complaint {
    Complaint::UserRule { user: "default".to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::split_args;

    fn user(rules: &str) -> Result<DefaultUser, Complaint> {
        DefaultUser::from_rules(&split_args(rules.as_bytes()).unwrap())
    }

    #[test]
    fn a_user_line_starts_from_nothing_and_its_rules_apply_in_order() {
        let plain = user("on nopass ~* &* +@all").unwrap();
        assert_eq!(plain, DefaultUser::default());
        assert!(plain.is_unrestricted());
        assert!(!user("").unwrap().on);
        let one = user("on >a >b <a ~* &* +@all").unwrap();
        assert!(one.accepts(b"b") && !one.accepts(b"a") && !one.nopass);
        assert!(!user("on nopass ~* &* -@all +ping").unwrap().is_unrestricted());
        assert!(user("on nopass >a").unwrap().hashes.len() == 1);
    }

    #[test]
    fn a_written_user_line_reads_back_as_the_same_user() {
        for rules in ["on >s3cr3t ~* &* +@all", "off", "on nopass (+get ~x*) -@all", "on #00"] {
            let Ok(user) = user(rules) else { continue };
            let words = split_args(&user.write()).unwrap();
            assert_eq!(DefaultUser::from_rules(&words[2..]), Ok(user), "{rules}");
        }
        let secret = DefaultUser::with_password(Some(&Secret::new(b"s3cr3t")));
        assert_eq!(
            String::from_utf8(secret.write()).unwrap(),
            "user default on sanitize-payload #4e738ca5563c06cfd0018299933d58db1dd8bf97f6973dc99bf6cdc64b5550bd ~* &* +@all"
        );
    }

    #[test]
    fn the_debug_form_of_a_user_shows_no_hash() {
        let secret = DefaultUser::with_password(Some(&Secret::new(b"s3cr3t")));
        assert!(!format!("{secret:?}").contains("78"), "{secret:?}");
    }
}
