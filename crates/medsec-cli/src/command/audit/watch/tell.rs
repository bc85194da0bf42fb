//! Telling of alerts: on standard output, and the hook.

use std::collections::VecDeque;
use std::io::Write as _;

use medsec_audit::AuditLog;
use serde_json::Value;

use crate::audit::print::Stop;
use crate::audit::watch::{Alert, Hook, HookError, State};
use crate::audit::when::now;
use crate::failure::Failure;
use crate::output;
use crate::report::Report;
use crate::session::Session;
use crate::stdio::StandardOutput;

/// Most alerts that wait until the hook can be told.
const MAX_UNTOLD: usize = 1000;

/// Tells of alerts, as long as the program runs.
pub(super) struct Teller<'a> {
    session: &'a Session,
    /// The log's name.
    log: String,
    hook: Option<Hook>,
    /// Alerts of which the hook could not be told yet.
    untold: Vec<Alert>,
    /// Alerts of this run, how many, and which if they go into a document.
    pub(super) count: u64,
    told: Vec<Value>,
    hook_failures: u64,
    /// Whoever read standard output is gone; the hook is told all the same.
    reader_gone: bool,
}

impl<'a> Teller<'a> {
    pub(super) fn new(session: &'a Session, log: &AuditLog, hook: Option<Hook>) -> Self {
        Self {
            session,
            log: log.root().log().to_string(),
            hook,
            untold: Vec::new(),
            count: 0,
            told: Vec::new(),
            hook_failures: 0,
            reader_gone: false,
        }
    }

    /// What was told, where that goes into a document.
    pub(super) fn report(&mut self) -> Report {
        let mut report = Report::new();
        if self.session.json {
            report = report.field("alerts", std::mem::take(&mut self.told));
        }
        report.field("hook_failures", self.hook_failures)
    }

    /// Tells what is news, and remembers it when it was told.
    pub(super) fn tell(&mut self, alerts: Vec<Alert>, state: &mut State) -> Result<(), Stop> {
        for alert in alerts {
            let waits = self.untold.iter().any(|untold| untold.key() == alert.key());
            if waits || !state.is_news(&alert) {
                continue;
            }
            if self.session.interrupt.is_set() {
                return Err(Failure::interrupted().into());
            }
            let value = alert.value(&self.log, now());
            let line = value.to_string();
            self.count = self.count.saturating_add(1);
            let heard = self.tell_hook(&line)?;
            self.print(value, &line)?;
            match heard {
                true => state.remember_told(&alert),
                false if self.untold.len() < MAX_UNTOLD => self.untold.push(alert),
                // It is not remembered as told, and comes again when the watch begins anew.
                false => {}
            }
        }
        Ok(())
    }

    /// Tells the hook of what it did not hear, until it fails again.
    pub(super) fn tell_again(&mut self, state: &mut State) -> Result<(), Failure> {
        let mut waiting = VecDeque::from(std::mem::take(&mut self.untold));
        while let Some(alert) = waiting.pop_front() {
            let value = alert.value(&self.log, now());
            if self.tell_hook(&value.to_string())? {
                state.remember_told(&alert);
            } else {
                // Last the next time: it may be this one that the hook cannot take.
                waiting.push_back(alert);
                break;
            }
        }
        self.untold = waiting.into();
        Ok(())
    }

    /// Tells the hook, if there is one; whether it has heard.
    fn tell_hook(&mut self, line: &str) -> Result<bool, Failure> {
        let Some(hook) = &self.hook else { return Ok(true) };
        match hook.tell(line, &self.session.interrupt) {
            Ok(()) => Ok(true),
            Err(HookError::Interrupted) => Err(Failure::interrupted()),
            Err(error) => {
                self.hook_failures = self.hook_failures.saturating_add(1);
                output::note(self.session, &format!("the hook {error}, also the second time"));
                Ok(false)
            }
        }
    }

    /// Prints an alert. With a hook, it does not matter whether anybody reads it here.
    fn print(&mut self, value: Value, line: &str) -> Result<(), Stop> {
        if self.session.json {
            self.told.push(value);
            return Ok(());
        }
        if self.reader_gone {
            return Ok(());
        }
        match writeln!(StandardOutput, "{line}") {
            Err(_) if self.hook.is_some() => self.reader_gone = true,
            result => result?,
        }
        Ok(())
    }
}
