//! What is made from the description of the command line: completions and the manual page.

use super::args::Arguments;
use super::plan::PlanError;
use super::terminal::print;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io::{self, Write};

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<u8, PlanError> {
    // Generating panics when the writer fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cotenant", &mut script);
    print(|out| out.write_all(&script))?;
    Ok(0)
}

/// Prints one manual page for all commands.
pub(super) fn manual_page() -> Result<u8, PlanError> {
    let mut command = Arguments::command();
    command.build();
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = Man::new(command.clone()).render(&mut page).and_then(|()| subcommands(&command, &mut page));
    print(|out| out.write_all(&page))?;
    Ok(0)
}

/// A section for each command that is no mere group.
fn subcommands(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        if sub.has_subcommands() {
            subcommands(sub, page)?;
            continue;
        }
        let name = sub.get_display_name().unwrap_or(sub.get_name()).replace('-', " ");
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        let man = Man::new(sub.clone());
        man.render_description_section(page)?;
        man.render_synopsis_section(page)?;
        man.render_options_section(page)?;
    }
    Ok(())
}
