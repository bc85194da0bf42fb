//! `medsec side-car`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use medsec_crypto::{Access, Header, Limits, SideCar, write_file};

use crate::failure::Failure;
use crate::input::{open_file, refuse_dash};
use crate::progress::Watch;
use crate::report::Report;
use crate::session::Session;
use crate::target;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::SIDE_CAR)]
pub(crate) struct Options {
    /// The signed package.
    #[arg(value_name = "FILE")]
    input: PathBuf,
    /// The side-car to write. Never replaces a file.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    refuse_dash(&options.output, "-o")?;
    session.interrupt.arm();
    let begun = Instant::now();
    let (mut file, about) = open_file(&options.input)?;
    let header = Header::read_patiently(&mut file)?;
    let watch = Watch::new(session, Some(about.len()));
    let limit = Limits::default().max_chunks;
    let side_car = SideCar::build(&header, file, limit, &session.execution(&watch))?;
    drop(watch);
    let mut bytes = Vec::new();
    side_car
        .write(&mut bytes)
        .map_err(|error| Failure::io("the side-car could not be written", &error))?;
    write_file(&options.output, &bytes, target::options(Access::Umask))?;
    let took = begun.elapsed();
    Ok(Report::new()
        .line(format!(
            "side-car of {} written; the signature verifies ({})",
            units::size(bytes.len() as u64),
            units::time(took)
        ))
        .field("package_id", header.core().package_id.to_string())
        .field("side_car_len", bytes.len())
        .field("seconds", units::seconds(took)))
}
