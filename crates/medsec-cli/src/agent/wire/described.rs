//! What is known of a key, as it travels.

use medsec_crypto::Timestamp;
use medsec_kms::{KeyDescription, KeyState, Standing, UtcTime};

use super::Malformed;
use super::bytes::{In, Out};
use super::fields::key_name;

pub(super) fn put_description(out: &mut Out, about: &KeyDescription) {
    out.text(about.name.as_str());
    put_state(out, about.state);
    out.maybe(about.version, Out::u32);
    out.maybe(about.oldest, Out::u32);
    let times = [about.created, about.rotated, about.rotation_due];
    times.into_iter().for_each(|time| out.maybe(time, put_time));
}

pub(super) fn description(from: &mut In<'_>) -> Result<KeyDescription, Malformed> {
    let (name, state) = (key_name(from)?, state(from)?);
    let mut about = KeyDescription::new(name, state);
    about.version = from.maybe(In::u32)?;
    about.oldest = from.maybe(In::u32)?;
    about.created = from.maybe(time)?;
    about.rotated = from.maybe(time)?;
    about.rotation_due = from.maybe(time)?;
    Ok(about)
}

fn put_state(out: &mut Out, state: KeyState) {
    match state {
        KeyState::Enabled => out.u8(0),
        KeyState::PendingDestruction { destroy_after } => {
            out.u8(2);
            put_time(out, destroy_after);
        }
        KeyState::Destroyed { at } => {
            out.u8(3);
            out.maybe(at, put_time);
        }
        // A state of a later version is not one in which it may be used.
        _ => out.u8(1),
    }
}

fn state(from: &mut In<'_>) -> Result<KeyState, Malformed> {
    Ok(match from.u8()? {
        0 => KeyState::Enabled,
        1 => KeyState::Disabled,
        2 => KeyState::PendingDestruction { destroy_after: time(from)? },
        3 => KeyState::Destroyed { at: from.maybe(time)? },
        _ => return Err(Malformed),
    })
}

fn put_time(out: &mut Out, time: UtcTime) {
    out.u64(time.timestamp().unix_seconds());
}

fn time(from: &mut In<'_>) -> Result<UtcTime, Malformed> {
    let seconds = from.u64()?;
    let time = UtcTime::from(Timestamp::from_unix_seconds(seconds));
    // Times after the year 9999 have no form of their own.
    (time.timestamp().unix_seconds() == seconds).then_some(time).ok_or(Malformed)
}

pub(super) fn put_standing(out: &mut Out, standing: &Standing) {
    out.text(standing.key.as_str());
    out.maybe(standing.version, Out::u32);
}

pub(super) fn standing(from: &mut In<'_>) -> Result<Standing, Malformed> {
    Ok(Standing { key: key_name(from)?, version: from.maybe(In::u32)? })
}
