//! Rules of users: the words of ACL SETUSER, and the lines of an ACL file.

use std::sync::{Arc, LazyLock};

use rsentinel::acl::{NewChannels, RuleBook, User, UserName, Users, read_file, write_file};
use rsentinel::commands::rule_book;

use super::memory::bounded;
use super::saved::{self, shown};

/// What rules can name, by what a new user begins with.
static BOOKS: LazyLock<[Arc<RuleBook>; 2]> =
    LazyLock::new(|| [NewChannels::None, NewChannels::All].map(rule_book));

/// Each line of the input is what ACL SETUSER is told next: the user's own text always makes the
/// same user again. The whole input is also read as an ACL file.
pub fn judge(data: &[u8]) {
    let [book, _] = &*BOOKS;
    let mut user = User::new(name(), book);
    for line in data.split(|byte| *byte == b'\n') {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let edited = bounded(data.len(), 256, || user.edited(&words, book));
        if let Ok(edited) = edited {
            user = edited;
            makes_itself(&user);
        }
    }
    is_saved(&user, book);
    let loaded = bounded(data.len(), 512, || read_file("users.acl", data, book));
    match loaded {
        Ok(users) => file_reads_back(&users, book),
        Err(report) => assert!(!report.contains('\n'), "{report:?}"),
    }
}

fn name() -> UserName {
    UserName::new(b"u").expect("a name")
}

/// Whatever a new user begins with.
fn makes_itself(user: &User) {
    for book in &*BOOKS {
        let again = User::new(name(), book).edited(&user.rules(), book);
        assert_eq!(again.as_ref(), Ok(user), "{}", shown(&user.line()));
    }
}

/// Both kinds of file give it back.
fn is_saved(user: &User, book: &Arc<RuleBook>) {
    let mut users = Users::new(Arc::clone(book));
    users.put(user.clone());
    file_reads_back(&users, book);
    saved::users_read_back(&users);
}

fn file_reads_back(users: &Users, book: &Arc<RuleBook>) {
    let text = write_file(users);
    let read = read_file("users.acl", &text, book);
    let read = read.unwrap_or_else(|report| panic!("{report}\nin\n{}", shown(&text)));
    saved::are_same(&read, users);
}
