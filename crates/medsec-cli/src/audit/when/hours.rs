//! Hours of the day at which nobody is expected to work.

use std::fmt;
use std::str::FromStr;

use medsec_audit::LogTime;

use super::{NotATime, Offset};

/// Hours in which nobody is expected to work: `19-7` is from 19:00 to 6:59.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    from: u8,
    until: u8,
}

impl FromStr for Hours {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let (from, until) = text.split_once('-').ok_or(NotATime)?;
        let hour = |text: &str| {
            let plain =
                matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten().filter(|hour: &u8| *hour < 24)
        };
        match (hour(from), hour(until)) {
            (Some(from), Some(until)) if from != until => Ok(Self { from, until }),
            _ => Err(NotATime),
        }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:00 to {:02}:00", self.from, self.until)
    }
}

/// When nobody is expected to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OffHours {
    pub(crate) hours: Hours,
    pub(crate) offset: Offset,
    pub(crate) weekends: bool,
}

impl OffHours {
    pub(crate) fn covers(&self, time: LogTime) -> bool {
        let local = self.offset.local(time);
        let Hours { from, until } = self.hours;
        let within = match from < until {
            true => (from..until).contains(&local.hour),
            false => local.hour >= from || local.hour < until,
        };
        within || (self.weekends && local.is_weekend())
    }
}

impl fmt::Display for OffHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weekends = if self.weekends { ", Saturdays and Sundays" } else { "" };
        write!(f, "{}{weekends} ({})", self.hours, self.offset)
    }
}
