//! ACL GETUSER name.

use bytes::Bytes;

use crate::acl::{Selector, User};
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// What a user is made of, or a null.
pub fn run(request: Request<'_>) -> Next {
    let users = request.settings.users.borrow();
    let user = request.args().first().and_then(|name| users.get(name));
    Next::Reply(user.map_or(Reply::Null, |user| description(user)))
}

fn description(user: &User) -> Reply {
    let flags = user.flags().into_iter().map(Reply::bulk).collect();
    let hashes = user
        .passwords()
        .iter()
        .map(|hash| Reply::bulk(&hash.to_hex()))
        .collect();
    let mut pairs = vec![
        (Reply::bulk("flags"), Reply::Set(flags)),
        (Reply::bulk("passwords"), Reply::Array(hashes)),
    ];
    pairs.extend(permissions(user.root()));
    let selectors = user
        .selectors()
        .iter()
        .map(|one| Reply::Map(permissions(one).into()));
    pairs.push((Reply::bulk("selectors"), Reply::Array(selectors.collect())));
    Reply::Map(pairs)
}

fn permissions(selector: &Selector) -> [(Reply, Reply); 3] {
    let joined = |rules: Vec<Vec<u8>>| Reply::Bulk(Bytes::from(rules.join(&b' ')));
    [
        (Reply::bulk("commands"), joined(selector.command_rules())),
        (Reply::bulk("keys"), joined(selector.key_rules())),
        (Reply::bulk("channels"), joined(selector.channel_patterns())),
    ]
}
