//! The conformance suite of journals, on a stream of the audit log and on the double.

use std::sync::Arc;

use medsec::Journal;
use medsec_audit::Event;
use medsec_testkit::{JournalHarness, MemoryJournal};

use crate::support::{Scene, Told};

struct Stream {
    scene: Scene,
    told: Told,
}

impl Stream {
    fn new() -> Self {
        let scene = Scene::new();
        Self { told: scene.trail(), scene }
    }
}

impl JournalHarness for Stream {
    fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.scene.writer) as _
    }

    fn found(&self) -> Vec<(u64, Event)> {
        self.told.numbered()
    }

    fn shut(&self) -> bool {
        self.scene.displace_log();
        true
    }
}

#[derive(Default)]
struct Memory(Arc<MemoryJournal>);

impl JournalHarness for Memory {
    fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.0) as _
    }

    fn found(&self) -> Vec<(u64, Event)> {
        (0..).zip(self.0.events()).collect()
    }

    fn shut(&self) -> bool {
        self.0.shut();
        true
    }
}

mod stream {
    medsec_testkit::journal_conformance!(super::Stream::new);
}

mod memory {
    medsec_testkit::journal_conformance!(super::Memory::default);
}
