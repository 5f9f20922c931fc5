//! How far a scan is, and a bar that shows it on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A run that is over sooner than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two drawings.
const FRAME: Duration = Duration::from_millis(100);

/// How far the pipeline is. The workers write it, the bar reads it.
#[derive(Default, Debug)]
pub struct Progress {
    /// Bytes of class files that have been read.
    pub done: AtomicU64,
    /// Bytes of class files that there are to read.
    pub total: AtomicU64,
    phase: Mutex<&'static str>,
}

impl Progress {
    /// Notes which phase begins.
    pub(super) fn enter(&self, phase: &'static str) {
        if let Ok(mut present) = self.phase.lock() {
            *present = phase;
        }
    }

    fn phase(&self) -> &'static str {
        self.phase.lock().map_or("", |phase| *phase)
    }
}

/// A bar on standard error, drawn by a thread of its own until this is dropped.
pub struct Bar {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Shows the progress from half a second on. Nothing is drawn unless standard error is a terminal.
    pub fn show(progress: &Arc<Progress>) -> Self {
        let (stop, stopped) = channel();
        let progress = Arc::clone(progress);
        let thread = std::thread::Builder::new().spawn(move || draw(&progress, &stopped)).ok();
        Self { stop: Some(stop), thread }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A bar that could not be drawn is no reason to fail.
            let _ = thread.join();
        }
    }
}

fn draw(progress: &Progress, stopped: &Receiver<()>) {
    if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let template = "{spinner} {msg:10} [{bar:30}] {decimal_bytes}/{decimal_total_bytes} {elapsed}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    while stopped.recv_timeout(FRAME) == Err(RecvTimeoutError::Timeout) {
        bar.set_length(progress.total.load(Ordering::Relaxed));
        bar.set_position(progress.done.load(Ordering::Relaxed));
        bar.set_message(progress.phase());
        bar.tick();
    }
    bar.finish_and_clear();
}
