//! The bridge from `tracing` events to log lines.
//!
//! A layer of its own instead of a formatter in tracing-subscriber's: only the message is made
//! in the thread that speaks; local time, line format, file and syslog are the writer's work.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::Shared;
use super::line::{Line, fit};
use crate::core::notice::Level;

pub(super) struct LogLayer(pub(super) Arc<Shared>);

impl<S: Subscriber> Layer<S> for LogLayer {
    /// Never remembered by the call site: the threshold changes at run time.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.0.threshold.shows(level_of(metadata))
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.submit(Line::Message {
            level: level_of(event.metadata()),
            at: SystemTime::now(),
            text: fit(text.0),
        });
    }
}

/// Sentinel's four levels on tracing's five; its ERROR and WARN are both warnings.
fn level_of(metadata: &Metadata<'_>) -> Level {
    match *metadata.level() {
        tracing::Level::TRACE => Level::Debug,
        tracing::Level::DEBUG => Level::Verbose,
        tracing::Level::INFO => Level::Notice,
        _ => Level::Warning,
    }
}

/// The message, then ` name=value` for each further field.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = if field.name() == "message" {
            write!(self.0, "{value:?}")
        } else {
            write!(self.0, " {}={value:?}", field.name())
        };
    }
}
