//! Progress of a long operation, on a terminal, and its interruption.

use std::io::IsTerminal as _;
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use medsec_crypto::Observer;

use crate::session::{Interrupt, Session};

/// Shorter work shows no bar: it would only flicker.
const LEAST_BYTES: u64 = 64 * 1024 * 1024;

/// Watches one operation. The bar goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    bar: ProgressBar,
    interrupt: Interrupt,
}

impl Watch {
    /// `total` is the number of bytes to process, if known.
    pub(crate) fn new(session: &Session, total: Option<u64>) -> Self {
        let shown = !session.json
            && std::io::stderr().is_terminal()
            && total.is_none_or(|total| total >= LEAST_BYTES);
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        // Without colours, so that there is nothing that NO_COLOR would have to switch off.
        let template = match total {
            Some(_) => "  [{bar:40}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left",
            None => "  {spinner} {bytes} {bytes_per_sec}",
        };
        let bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, interrupt: session.interrupt.clone() }
    }
}

impl Observer for Watch {
    fn progress(&self, bytes: u64) -> ControlFlow<()> {
        self.bar.set_position(bytes);
        if self.interrupt.is_set() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Watches the work on a folder: files and bytes.
#[derive(Debug)]
pub(crate) struct FolderBar(ProgressBar);

impl FolderBar {
    pub(crate) fn new(session: &Session, files: u64, bytes: u64) -> Self {
        // Few and short: it would only flicker.
        let long = bytes >= LEAST_BYTES || files >= 1000;
        let shown = !session.json && std::io::stderr().is_terminal() && long;
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(files), target);
        let template = "  [{bar:40}] {pos}/{len} files, {msg}, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// One more file, and how many bytes all of them have.
    pub(crate) fn advance(&self, bytes: u64) {
        self.0.inc(1);
        if !self.0.is_hidden() {
            self.0.set_message(crate::units::size(bytes));
        }
    }
}

impl Drop for FolderBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
