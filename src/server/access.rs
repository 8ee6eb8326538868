//! What ACL commands do beyond an answer: users change, connections that lost their rights end,
//! the ACL file is read and written, denials are remembered.

use std::cell::RefCell;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::acl::{AclLog, Denial, User, UserName, Users, read_file, write_file};
use crate::commands::{
    AclStep, client_line, genpass_reply, load_reply, log_reply, save_reply, unopened, user_lines,
};
use crate::config::UserLine;
use crate::core::notice::Level;
use crate::resp::Reply;
use crate::types::{Secret, Wall};

use super::clients::{Client, end};
use super::conf_files::os_text;
use super::serve::Shared;
use super::store::file::FileWriter;

/// The `user` lines of the configuration file, as its next rewrite should have them: changed by
/// the serving side, read by the store.
pub type UserLines = Arc<ArcSwap<Vec<UserLine>>>;

/// What the serving side needs to know of access beyond the users themselves.
pub struct AccessParts {
    /// The most entries of the ACL log.
    pub log_length: usize,
    /// Where changed users go.
    pub user_lines: UserLines,
    /// The password that needs no `user` line.
    pub requirepass: Option<Secret>,
}

impl Default for AccessParts {
    /// The usual log, and a file of nobody.
    fn default() -> Self {
        AccessParts {
            log_length: 128,
            user_lines: UserLines::default(),
            requirepass: None,
        }
    }
}

/// The serving side's part of access control.
pub struct Access {
    log: RefCell<AclLog>,
    user_lines: UserLines,
    requirepass: Option<Secret>,
    /// Held while the ACL file is read or written, so that an older state never replaces a newer.
    file: Mutex<()>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl From<AccessParts> for Access {
    fn from(parts: AccessParts) -> Self {
        Access {
            log: RefCell::new(AclLog::new(parts.log_length)),
            user_lines: parts.user_lines,
            requirepass: parts.requirepass,
            file: Mutex::new(()),
        }
    }
}

impl Access {
    /// Takes note of something that was refused.
    pub fn note(&self, denial: Denial, client: &Client) {
        let line = client_line(&client.info());
        self.log.borrow_mut().record(denial, line, now());
    }

    /// Hands the users on to the configuration file.
    fn publish(&self, users: &Users) {
        let lines = user_lines(users, self.requirepass.as_ref());
        self.user_lines.store(Arc::new(lines));
    }
}

/// Carries an ACL command out; the answer to it.
pub async fn carry_out(shared: &Shared, me: &Client, step: AclStep) -> Reply {
    match step {
        AclStep::GenPass(bits) => genpass_reply(bits, &rand::random()),
        AclStep::Set(user) => {
            set(shared, me, *user);
            Reply::OK
        }
        AclStep::Delete(names) => {
            let gone = names.iter().filter(|name| delete(shared, me, name)).count();
            shared.access.publish(&shared.settings.users.borrow());
            Reply::Int(i64::try_from(gone).unwrap_or(i64::MAX))
        }
        AclStep::Log(count) => log_reply(&shared.access.log.borrow(), count, now()),
        AclStep::ResetLog => {
            shared.access.log.borrow_mut().clear();
            Reply::OK
        }
        AclStep::Load => load_reply(load(shared, me).await),
        AclStep::Save => save_reply(save(shared).await),
    }
}

fn set(shared: &Shared, me: &Client, user: User) {
    let mut users = shared.settings.users.borrow_mut();
    let old = users.put(user.clone());
    shared.access.publish(&users);
    drop(users);
    if old.is_none_or(|old| user.hears_all_that(&old)) {
        return;
    }
    for client in of_user(shared, user.name()) {
        if !may_keep_listening(&client, &user) {
            end(&client, me);
        }
    }
}

fn delete(shared: &Shared, me: &Client, name: &[u8]) -> bool {
    let Some(user) = shared.settings.users.borrow_mut().remove(name) else {
        return false;
    };
    for client in of_user(shared, user.name()) {
        end(&client, me);
    }
    true
}

fn of_user(shared: &Shared, user: &UserName) -> Vec<Rc<Client>> {
    let mut clients = shared.clients.alive();
    clients.retain(|client| client.session.borrow().user == *user);
    clients
}

fn may_keep_listening(client: &Client, user: &User) -> bool {
    let session = client.session.borrow();
    session.channels.iter().all(|one| user.may_hear(one))
        && session
            .patterns
            .iter()
            .all(|one| user.may_hear_pattern(one))
}

/// Replaces all users by those of the file, or none. Connections end whose user is gone or is
/// another one than before; those of the user `default` only if they listen to what they may
/// not hear any more.
async fn load(shared: &Shared, me: &Client) -> Result<(), String> {
    let path = shared.settings.acl_file.clone().unwrap_or_default();
    let _turn = shared.access.file.lock().await;
    let opened = PathBuf::from(&path);
    let text = spawn_blocking(move || fs::read(opened)).await;
    let text = text.map_err(|_| unopened(&path, "interrupted"))?;
    let text = text.map_err(|error| unopened(&path, &os_text(&error)))?;
    let book = Arc::clone(shared.settings.users.borrow().book());
    let new = read_file(&path, &text, &book)?;
    for client in shared.clients.alive() {
        let name = client.session.borrow().user.clone();
        let users = shared.settings.users.borrow();
        let (before, after) = (users.get(name.as_bytes()), new.get(name.as_bytes()));
        let stays = match after {
            Some(user) if name == UserName::DEFAULT => may_keep_listening(&client, user),
            _ => after.is_some() && before == after,
        };
        if !stays {
            end(&client, me);
        }
    }
    shared.access.publish(&new);
    *shared.settings.users.borrow_mut() = new;
    Ok(())
}

/// Whether the users are on disk.
async fn save(shared: &Shared) -> bool {
    let path = shared.settings.acl_file.clone().unwrap_or_default();
    let _turn = shared.access.file.lock().await;
    let text = write_file(&shared.settings.users.borrow());
    let write = move || FileWriter::new(PathBuf::from(path)).replace(&text);
    let problem = match spawn_blocking(write).await {
        Ok(Ok(None)) => return true,
        Ok(Ok(Some(remark))) => {
            shared.log(Level::Warning, remark);
            return true;
        }
        Ok(Err(failure)) => failure.specific.unwrap_or_else(|| os_text(&failure.error)),
        Err(_) => "interrupted".to_owned(),
    };
    shared.log(
        Level::Warning,
        format!("There was an error trying to save the ACLs: {problem}"),
    );
    false
}

fn now() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Wall(u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX))
}
