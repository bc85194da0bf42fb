//! What lasts from the start of the program to its end: options, interruption, process hardening.

use std::cell::{Cell, OnceCell};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use medsec_crypto::{Execution, Observer, Timestamp};

use crate::args::Options;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;
use crate::output;
use crate::report::{Item, Outcome, Report};
use crate::settings::{Environment, Settings};

/// One run of the program.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) json: bool,
    options: Options,
    variables: Environment,
    settings: OnceCell<Option<Settings>>,
    pub(crate) interrupt: Interrupt,
    /// Set where standard output carries content, so that words must go elsewhere.
    pub(crate) content_on_stdout: Cell<bool>,
    /// Set once something could not be printed.
    pub(crate) stdout_failed: Cell<bool>,
}

impl Session {
    pub(crate) fn new(options: &Options) -> Self {
        Self::within(options, Environment::Heeded)
    }

    /// In the home that the options name, whatever environment variables say.
    pub(crate) fn apart(options: &Options) -> Self {
        Self::within(options, Environment::Ignored)
    }

    /// Another one of the same home, which reads its settings anew.
    pub(crate) fn again(&self) -> Self {
        Self::within(&self.options, self.variables)
    }

    fn within(options: &Options, variables: Environment) -> Self {
        Self {
            json: options.json,
            options: options.clone(),
            variables,
            settings: OnceCell::new(),
            interrupt: Interrupt::default(),
            content_on_stdout: Cell::new(false),
            stdout_failed: Cell::new(false),
        }
    }

    /// What the command line says for every command.
    #[cfg(unix)]
    pub(crate) const fn options(&self) -> &Options {
        &self.options
    }

    /// The settings; an error where nothing says where a home could be.
    pub(crate) fn settings(&self) -> Result<&Settings, Failure> {
        self.any_settings()?.ok_or_else(|| {
            Failure::usage("there is no home folder to look for the key store in")
                .next("set MEDSEC_HOME, or give --home FOLDER")
        })
    }

    /// The settings, read when they are first needed, if there can be any.
    pub(crate) fn any_settings(&self) -> Result<Option<&Settings>, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings.as_ref());
        }
        let settings = Settings::load(&self.options, self.variables)?;
        Ok(self.settings.get_or_init(|| settings).as_ref())
    }

    /// How to carry out a long operation.
    pub(crate) fn execution<'a>(&self, observer: &'a dyn Observer) -> Execution<'a> {
        let mut execution = Execution::parallel();
        execution.threads = self.threads();
        execution.observer = Some(observer);
        execution
    }

    /// How many threads work: as told, else all cores. Settings that cannot be read are no reason not
    /// to work; the commands that need them complain.
    pub(crate) fn threads(&self) -> NonZeroUsize {
        let set = self.settings().ok().and_then(|settings| settings.threads.value);
        let told = self.options.threads.or(set).map(usize::from).and_then(NonZeroUsize::new);
        told.unwrap_or_else(|| Execution::parallel().threads)
    }

    /// Leaves standard output to content: words go to standard error, and there is no JSON.
    pub(crate) fn use_stdout_for_content(&self) -> Result<(), Failure> {
        if self.json {
            return Err(Failure::usage("standard output cannot take both content and --json")
                .next("write the content to a file with -o, or leave --json away"));
        }
        self.content_on_stdout.set(true);
        Ok(())
    }

    /// Works on the inputs one after the other. What fails does not keep the others from being done;
    /// a signal does.
    pub(crate) fn each(
        &self,
        inputs: &[Input],
        mut work: impl FnMut(&Input) -> Result<Report, Failure>,
    ) -> Outcome {
        let mut items = Vec::with_capacity(inputs.len());
        for (index, input) in inputs.iter().enumerate() {
            // Work that is too short to be stopped may have outlasted a signal.
            let stopped = self.interrupt.is_set();
            let mut item = Item {
                input: index.saturating_add(1),
                result: match stopped {
                    true => Err(Failure::interrupted()),
                    false => work(input),
                },
            };
            if let Ok(report) = &mut item.result
                && let Some(first) = report.lines.first_mut()
            {
                *first = format!("input {}: {first}", item.input);
            }
            // A read that a signal stopped comes out as a failed read.
            let failed = item.result.as_ref().err().map(|failure| failure.exit);
            if self.interrupt.is_set() && failed.is_some_and(|exit| exit != Exit::Interrupted) {
                item.result = Err(Failure::interrupted());
            }
            output::item(self, &item);
            let stop = matches!(&item.result, Err(f) if f.exit == Exit::Interrupted);
            items.push(item);
            if stop {
                break;
            }
        }
        Outcome::Items(items)
    }
}

/// The present time by the machine's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

/// Set by SIGINT, SIGTERM and SIGHUP once armed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the first signal asks the work to stop and clean up; a second one ends the program
    /// at once. Called after secrets were read: a prompt should end at the first.
    pub(crate) fn arm(&self) {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let code = i32::from(Exit::Interrupted.code());
            // Where a handler cannot be set, the signal's default ends the program.
            let _ =
                signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&self.0));
            let _ = signal_hook::flag::register(signal, Arc::clone(&self.0));
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// As a signal does.
    #[cfg(test)]
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A core dump of this process would hold keys and plaintext.
pub(crate) fn disable_core_dumps() {
    // The limit does not count where cores go to a program (core(5)); this does, and it keeps other
    // processes of the same user from reading the memory.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        // Where it is not permitted the program still works; this is a second line of defence.
        let _ = setrlimit(Resource::Core, none);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        let options = Options { json: true, threads: None, home: None, no_agent: false };
        Session::new(&options)
    }

    #[test]
    fn signal_keeps_further_inputs_from_being_begun() {
        let session = session();
        let inputs = vec![Input::Stdin; 3];
        let mut begun = 0;
        let outcome = session.each(&inputs, |_| {
            begun += 1;
            session.interrupt.set();
            Ok(Report::new())
        });
        let Outcome::Items(items) = outcome else {
            panic!("one result for each input");
        };
        assert_eq!((begun, items.len()), (1, 2));
        assert_eq!(crate::report::overall(&items), Exit::Interrupted);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn process_cannot_be_dumped() {
        use rustix::process::{DumpableBehavior, dumpable_behavior};
        disable_core_dumps();
        let behaviour = dumpable_behavior().unwrap();
        assert!(matches!(behaviour, DumpableBehavior::NotDumpable));
    }
}
