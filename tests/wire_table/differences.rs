//! The list of known differences, and the judgement of what is seen against it.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::conversation::Protocol;
use crate::reply::Reply;
use crate::table::{self, Case};

/// What the two sentinels answered to one conversation, step by step.
pub struct Replies {
    pub reference: Vec<Vec<Reply>>,
    pub ours: Vec<Vec<Reply>>,
}

/// The list, and what was found so far.
pub struct Differences {
    protocol: Protocol,
    /// Section and line of the table -> reason, and whether the difference was seen.
    listed: BTreeMap<(String, String), (String, bool)>,
    unlisted: Vec<String>,
    gone: Vec<String>,
}

impl Differences {
    /// Reads `differences.txt` as far as it concerns these sections in this protocol.
    ///
    /// Under `[section]`, a paragraph is a line `= <reason>` and then the lines of the table that differ for it. A
    /// line that begins with `RESP2 ` or `RESP3 ` differs in that protocol only.
    pub fn read(protocol: Protocol, sections: &[&str]) -> Differences {
        let mut listed = BTreeMap::new();
        let mut reason = String::new();
        let mut section = String::new();
        let mut known: Vec<Case> = Vec::new();
        for line in table::file("differences.txt").lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
                known = table::read(&section);
                reason.clear();
                continue;
            }
            if !sections.contains(&section.as_str()) {
                continue;
            }
            if let Some(text) = line.strip_prefix("= ") {
                reason = text.to_owned();
                continue;
            }
            assert!(!reason.is_empty(), "no reason for {line}");
            let case = match (line.strip_prefix("RESP2 "), line.strip_prefix("RESP3 ")) {
                (Some(case), _) if protocol == Protocol::Resp2 => case,
                (_, Some(case)) if protocol == Protocol::Resp3 => case,
                (Some(_), _) | (_, Some(_)) => continue,
                (None, None) => line,
            };
            assert!(
                known.iter().any(|one| one.line == case),
                "not in {section}: {case}"
            );
            let key = (section.clone(), case.to_owned());
            let twice = listed.insert(key, (reason.clone(), false));
            assert!(twice.is_none(), "listed twice in {section}: {case}");
        }
        Differences {
            protocol,
            listed,
            unlisted: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// Takes note of one conversation.
    pub fn judge(&mut self, case: &Case, replies: &Replies) {
        let view = case.view;
        let key = (case.section.clone(), case.line.clone());
        let (reference, ours) = (view.of(&replies.reference), view.of(&replies.ours));
        match (self.listed.get_mut(&key), reference == ours) {
            (Some((_, seen)), false) => *seen = true,
            (Some((reason, _)), true) => self.gone.push(format!("{} ({reason})", case.line)),
            (None, true) => {}
            (None, false) => self.unlisted.push(shown(&case.line, &reference, &ours)),
        }
    }

    /// Panics unless what differs is what is listed.
    pub fn verdict(self) {
        let mut text = String::new();
        for one in &self.unlisted {
            let _ = writeln!(text, "differs: {one}");
        }
        for one in &self.gone {
            let _ = writeln!(text, "listed, but no longer differs: {one}");
        }
        assert!(
            text.is_empty(),
            "in {:?}, {} differences not listed, {} listed in vain:\n{text}",
            self.protocol,
            self.unlisted.len(),
            self.gone.len()
        );
    }
}

fn shown(line: &str, reference: &[Vec<Reply>], ours: &[Vec<Reply>]) -> String {
    let mut text = line.to_owned();
    for step in 0..reference.len().max(ours.len()) {
        let (reference, ours) = (reference.get(step), ours.get(step));
        if reference != ours {
            let _ = write!(
                text,
                "\n  step {}\n    reference {}\n    ours      {}",
                step + 1,
                all(reference),
                all(ours)
            );
        }
    }
    text
}

fn all(replies: Option<&Vec<Reply>>) -> String {
    let replies = replies.map_or(&[] as &[Reply], Vec::as_slice);
    let texts: Vec<String> = replies.iter().map(Reply::to_string).collect();
    texts.join(" ")
}
