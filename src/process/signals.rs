//! Signals: what asks for a clean stop, and what is ignored.
//!
//! Before [`Signals::install`] the system's defaults hold, so a start that hangs can be ended.
//! USR1, USR2 and QUIT keep their default: they kill.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::logging::LogControl;

/// The exit status after a second SIGINT.
const INSISTED: i32 = 1;

/// The signals the daemon listens for.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// The end of a child. (Whoever started us may have ignored it, and then no script's exit
    /// status could be had.)
    child: Signal,
    /// Taken over and never read: a reload, a lost terminal or an alarm ends nothing. (A
    /// handler, unlike "ignore", is not inherited by the scripts we start.)
    _ignored: [Signal; 3],
}

impl Signals {
    /// Takes the signals over; to be called inside a tokio runtime, whose driver serves them.
    ///
    /// # Errors
    /// A handler cannot be installed.
    pub fn install() -> io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            child: signal(SignalKind::child())?,
            _ignored: [
                signal(SignalKind::hangup())?,
                signal(SignalKind::pipe())?,
                signal(SignalKind::alarm())?,
            ],
        })
    }

    /// Serves signals for the life of the process: the first SIGTERM or SIGINT calls `stop`,
    /// which should set off the clean stop and return at once; a SIGINT after that ends the
    /// process on the spot, with status 1 and nothing cleaned up. `child_ended` is called at the
    /// beginning, and whenever at least one child has ended since; it should return at once.
    pub async fn serve(mut self, log: LogControl, stop: impl FnOnce(), child_ended: impl Fn()) {
        let mut stop = Some(stop);
        child_ended();
        loop {
            let Some(asked) = self.next().await else {
                child_ended();
                continue;
            };
            match asked.answer(stop.is_none()) {
                Answer::Stop(text) => {
                    log.signal_handler_line(text);
                    if let Some(stop) = stop.take() {
                        stop();
                    }
                }
                Answer::Again(text) => log.signal_handler_line(text),
                Answer::ExitNow(text) => {
                    log.signal_handler_line(text);
                    log.flush();
                    std::process::exit(INSISTED);
                }
            }
        }
    }

    /// What is asked for; `None`: a child has ended.
    async fn next(&mut self) -> Option<Asked> {
        tokio::select! {
            _ = self.terminate.recv() => Some(Asked::Terminate),
            _ = self.interrupt.recv() => Some(Asked::Interrupt),
            _ = self.child.recv() => None,
        }
    }
}

/// Which signal asked for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Terminate,
    Interrupt,
}

/// What to do about it, and what to say.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Stop(&'static str),
    Again(&'static str),
    ExitNow(&'static str),
}

impl Asked {
    fn answer(self, stopping: bool) -> Answer {
        let text = match self {
            Asked::Terminate => "Received SIGTERM scheduling shutdown...",
            Asked::Interrupt => "Received SIGINT scheduling shutdown...",
        };
        match (self, stopping) {
            (_, false) => Answer::Stop(text),
            (Asked::Terminate, true) => Answer::Again(text),
            (Asked::Interrupt, true) => Answer::ExitNow("You insist... exiting now."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_stops_and_only_a_later_sigint_insists() {
        let term = "Received SIGTERM scheduling shutdown...";
        assert_eq!(Asked::Terminate.answer(false), Answer::Stop(term));
        assert_eq!(
            Asked::Interrupt.answer(false),
            Answer::Stop("Received SIGINT scheduling shutdown...")
        );
        assert_eq!(Asked::Terminate.answer(true), Answer::Again(term));
        assert_eq!(
            Asked::Interrupt.answer(true),
            Answer::ExitNow("You insist... exiting now.")
        );
    }
}
