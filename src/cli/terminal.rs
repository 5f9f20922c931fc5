//! What standard output and standard error can show, and how the user's mistakes are told.

use super::args::ColorChoice;
use super::plan::PlanError;
use crate::report::RenderOptions;
use anstream::AutoStream;
use anstream::stream::{AsLockedWrite, RawStream};
use miette::{Diagnostic, GraphicalTheme, MietteHandler, MietteHandlerOpts, ReportHandler};
use std::fmt;
use std::io::{self, IsTerminal, Write};

/// Columns of what is no terminal.
const DEFAULT_WIDTH: usize = 100;
/// Columns beyond which lines of text are hard to follow.
const MAX_WIDTH: usize = 140;

/// The two standard streams.
pub(super) struct Terminal {
    color: ColorChoice,
}

impl Terminal {
    pub(super) fn new(color: ColorChoice) -> Self {
        Self { color }
    }

    /// How a report on standard output is laid out.
    pub(super) fn on_stdout(&self) -> RenderOptions {
        RenderOptions {
            width: width(terminal_size::terminal_size_of(io::stdout())),
            color: self.has_color(&io::stdout()),
            ..RenderOptions::default()
        }
    }

    /// How lines on standard error are laid out.
    pub(super) fn on_stderr(&self) -> RenderOptions {
        RenderOptions {
            width: width(terminal_size::terminal_size_of(io::stderr())),
            color: self.has_color(&io::stderr()),
            ..RenderOptions::default()
        }
    }

    /// `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM` are honoured unless a choice was made.
    fn has_color<S: RawStream + AsLockedWrite>(&self, stream: &S) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => AutoStream::choice(stream) != anstream::ColorChoice::Never,
        }
    }

    /// Says on standard error what is wrong with the request.
    pub(super) fn tell_mistake(&self, error: &PlanError) {
        let options = self.on_stderr();
        let handler = handler(options.width, options.color, io::stderr().is_terminal());
        self.tell(&format!("{}", Shown { handler: &handler, error }));
    }

    /// A line on standard error. Nobody can be told that it cannot be written.
    pub(super) fn tell(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", line.trim_end());
    }
}

fn width(size: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    size.map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0).min(MAX_WIDTH))
}

/// The handler finds out about colours and width by itself, but from the wrong stream and other variables.
fn handler(width: usize, color: bool, is_terminal: bool) -> MietteHandler {
    let theme = match (is_terminal, color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme { styles: miette::ThemeStyles::ansi(), ..GraphicalTheme::ascii() },
        (false, false) => GraphicalTheme::none(),
    };
    MietteHandlerOpts::new()
        .graphical_theme(theme)
        .force_graphical(true)
        .terminal_links(false)
        .show_related_errors_as_nested()
        .width(width)
        .build()
}

struct Shown<'e> {
    handler: &'e MietteHandler,
    error: &'e dyn Diagnostic,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handler.debug(self.error, f)
    }
}

/// Writes to standard output. A reader that has seen enough is no failure.
///
/// # Errors
/// If it cannot be written for another reason.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), PlanError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let help = "what was to be said is lost".to_owned();
            Err(PlanError::Usage(format!("standard output cannot be written: {error}"), help))
        }
        _ => Ok(()),
    }
}
