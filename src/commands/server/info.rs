//! `INFO [section …]`. Field names and their order are part of the interface: monitoring tools
//! read them. Figures that a sentinel never has are 0.

mod clients;
mod cpu;
mod sentinel;
mod server;
mod stats;

use bytes::Bytes;

use crate::commands::next::{Next, ServerFacts};
use crate::commands::row::Request;
use crate::commands::words::is;
use crate::core::view::View;
use crate::resp::Reply;

/// The sections, in the order they are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Server,
    Clients,
    Stats,
    Cpu,
    Sentinel,
}

impl Section {
    const ALL: [Section; 5] = [
        Section::Server,
        Section::Clients,
        Section::Stats,
        Section::Cpu,
        Section::Sentinel,
    ];

    fn title(self) -> &'static str {
        match self {
            Section::Server => "Server",
            Section::Clients => "Clients",
            Section::Stats => "Stats",
            Section::Cpu => "CPU",
            Section::Sentinel => "Sentinel",
        }
    }
}

/// The named sections, or all: a plain bulk string in both protocols. Other names are ignored.
pub fn run(request: Request<'_>) -> Next {
    let wanted = wanted(request.args());
    Next::Facts(Box::new(move |view, facts| {
        Reply::Bulk(Bytes::from(text(&wanted, view, facts)))
    }))
}

fn wanted(names: &[Bytes]) -> Vec<Section> {
    let everything = names.iter().any(|name| {
        ["default", "all", "everything"]
            .iter()
            .any(|all| is(name, all))
    });
    let named = |section: &Section| names.iter().any(|name| is(name, section.title()));
    Section::ALL
        .into_iter()
        .filter(|section| names.is_empty() || everything || named(section))
        .collect()
}

fn text(sections: &[Section], view: &View, facts: &ServerFacts) -> String {
    let mut page = Page::default();
    for section in sections {
        page.title(section.title());
        match section {
            Section::Server => server::write(&mut page, facts),
            Section::Clients => clients::write(&mut page, facts),
            Section::Stats => stats::write(&mut page, facts),
            Section::Cpu => cpu::write(&mut page, facts),
            Section::Sentinel => sentinel::write(&mut page, view),
        }
    }
    page.text
}

/// The text being written.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push_str("\r\n");
        }
        self.text.push_str("# ");
        self.text.push_str(title);
        self.text.push_str("\r\n");
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        use std::fmt::Write;
        // Writing to a `String` cannot fail.
        let _ = write!(self.text, "{name}:{value}\r\n");
    }

    fn zeros(&mut self, names: &[&str]) {
        for name in names {
            self.line(name, 0);
        }
    }
}
