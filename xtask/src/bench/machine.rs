//! What the figures were measured on.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// CPU, memory, kernel and compiler, as a Markdown list.
pub(crate) fn describe(ws: &Workspace) -> Result<String> {
    let tool = |program: &str, argument: &str| {
        let printed = process::read(process::command(program, &ws.root).arg(argument))?;
        anyhow::Ok(printed.trim().to_owned())
    };
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(format!(
        "- CPU: {}, {cores} cores\n- memory: {}\n- kernel: {}\n- compiler: {}\n",
        field(&cpus, "model name"),
        field(&memory, "MemTotal"),
        tool("uname", "-sr")?,
        tool("rustc", "--version")?,
    ))
}

/// The value of the first `name : value` line.
fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let named = |line: &'a str| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    };
    text.lines().find_map(named).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let text = "vendor_id\t: X\nmodel name\t: Some CPU: 2\nmodel name\t: other\n";
        assert_eq!(field(text, "model name"), "Some CPU: 2");
        assert_eq!(field(text, "MemTotal"), "unknown");
    }
}
