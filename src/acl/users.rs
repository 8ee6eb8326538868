//! All users.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::SetUserError;
use super::password::PasswordHash;
use super::rule_book::RuleBook;
use super::user::User;
use super::user_name::UserName;

/// All users by name. The user `default` is always among them.
#[derive(Clone, Debug)]
pub struct Users {
    book: Arc<RuleBook>,
    by_name: BTreeMap<UserName, Arc<User>>,
}

impl Users {
    /// The default user alone, who needs no password and may do everything.
    pub fn new(book: Arc<RuleBook>) -> Self {
        let mut users = Users {
            by_name: BTreeMap::new(),
            book,
        };
        users.put(User::default_user(&users.book));
        users
    }

    /// What their rules can name.
    pub fn book(&self) -> &Arc<RuleBook> {
        &self.book
    }

    /// The user of this name.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<User>> {
        self.by_name.get(name)
    }

    /// All, in byte order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<User>> {
        self.by_name.values()
    }

    /// The user of this name, or a new one, after these words. Nothing is stored.
    pub fn edited<W: AsRef<[u8]>>(&self, name: &[u8], words: &[W]) -> Result<User, SetUserError> {
        let name = UserName::new(name).ok_or(SetUserError::Name)?;
        match self.by_name.get(&name) {
            Some(user) => user.edited(words, &self.book),
            None => User::new(name, &self.book).edited(words, &self.book),
        }
    }

    /// Stores a user; gives the one it replaces.
    pub fn put(&mut self, user: User) -> Option<Arc<User>> {
        self.by_name.insert(user.name().clone(), Arc::new(user))
    }

    /// Removes a user; `default` stays.
    pub fn remove(&mut self, name: &[u8]) -> Option<Arc<User>> {
        if name == UserName::DEFAULT.as_bytes().as_ref() {
            return None;
        }
        self.by_name.remove(name)
    }

    /// The user who may enter with this name and password. A name that nobody has takes as long
    /// as a wrong password.
    pub fn authenticate(&self, name: &[u8], password: &[u8]) -> Option<UserName> {
        let Some(user) = self.get(name) else {
            let _takes_as_long = PasswordHash::of(password).is_among(&[]);
            return None;
        };
        user.accepts(password).then(|| user.name().clone())
    }

    /// Whether the user `default` needs no password and is on: new connections are then
    /// authenticated at once.
    pub fn let_everybody_in(&self) -> bool {
        self.default_user()
            .is_some_and(|user| user.is_on() && user.is_nopass())
    }

    /// Whether the user `default` needs no password.
    pub fn need_no_password(&self) -> bool {
        self.default_user().is_some_and(|user| user.is_nopass())
    }

    fn default_user(&self) -> Option<&Arc<User>> {
        self.get(UserName::DEFAULT.as_bytes())
    }
}
