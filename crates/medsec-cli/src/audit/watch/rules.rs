//! The file of rules.

use std::path::Path;

use medsec_audit::PrincipalId;
use serde::Deserialize;

use super::super::when::OffHours;
use crate::failure::Failure;

/// What `--print-rules` prints.
pub(crate) const DEFAULT: &str = include_str!("default.toml");
/// Longest file in bytes.
const MAX_LEN: usize = 64 * 1024;
/// Longest span in a rule: a hundred years.
const MAX_DAYS: u64 = 36_525;

/// All rules; one that is not there is off.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    pub(crate) denials: Option<Denials>,
    pub(crate) emergency: Option<Emergency>,
    pub(crate) stale: Option<Minutes>,
    pub(crate) verify: Option<Verify>,
    pub(crate) review: Option<Days>,
    pub(crate) rotation: Option<Days>,
    off_hours: Option<OffHoursRule>,
    pub(crate) watch: Watch,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Denials {
    pub(crate) count: usize,
    pub(crate) minutes: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Emergency {
    pub(crate) started: bool,
    pub(crate) review_days: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Minutes {
    pub(crate) minutes: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    pub(crate) minutes: u64,
    /// Of so many verifications one reads the whole log; the others, what came since.
    #[serde(default = "each_day")]
    pub(crate) whole_every: u64,
}

/// Once a day, where it is verified every hour.
const fn each_day() -> u64 {
    24
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Days {
    pub(crate) days: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OffHoursRule {
    hours: String,
    time_zone: String,
    weekends: bool,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Watch {
    pub(crate) history_days: u64,
    pub(crate) pause_seconds: u64,
    pub(crate) hook_seconds: u64,
}

impl Default for Watch {
    /// As in the default rules.
    fn default() -> Self {
        Self { history_days: 400, pause_seconds: 5, hook_seconds: 30 }
    }
}

/// When nobody is expected to work, and of whom it is nevertheless.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) hours: OffHours,
    pub(crate) except: Vec<PrincipalId>,
}

impl Rules {
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let bytes = crate::files::read_small(path, "the file of rules", MAX_LEN)?;
        let text = str::from_utf8(&bytes).map_err(|_| malformed(None))?;
        Self::parse(text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let rules: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            malformed(Some(before.matches('\n').count().saturating_add(1)))
        })?;
        rules.check()?;
        Ok(rules)
    }

    fn check(&self) -> Result<(), Failure> {
        let Self { denials, emergency, stale, verify, review, rotation, off_hours: _, watch } =
            self;
        let minutes = [
            stale.map_or(1, |rule| rule.minutes),
            verify.map_or(1, |rule| rule.minutes),
            verify.map_or(1, |rule| rule.whole_every),
        ];
        let days = [review, rotation].map(|rule| rule.map_or(1, |rule| rule.days));
        let burst = denials.is_none_or(|rule| {
            (1..=100_000).contains(&rule.count) && (1..=MAX_DAYS).contains(&rule.minutes)
        });
        let spans = minutes.iter().chain(&days).all(|number| (1..=MAX_DAYS).contains(number));
        let emergency = emergency.is_none_or(|rule| rule.review_days <= MAX_DAYS);
        let watch = (1..=MAX_DAYS).contains(&watch.history_days)
            && (1..=3600).contains(&watch.pause_seconds)
            && (1..=3600).contains(&watch.hook_seconds);
        if !(burst && spans && emergency && watch) {
            return Err(Failure::usage("a number in the file of rules is zero, or too large")
                .next("`medsec audit watch --print-rules` prints rules to begin with"));
        }
        self.off_hours().map(drop)
    }

    /// The rule of off hours, understood.
    pub(crate) fn off_hours(&self) -> Result<Option<Expected>, Failure> {
        let Some(rule) = &self.off_hours else { return Ok(None) };
        let unfit = || {
            Failure::usage("the table `off_hours` of the rules is not understood")
                .next("it is like: hours = \"19-7\", time_zone = \"+01:00\", weekends = true, except = [\"import-job\"]")
        };
        let hours = rule.hours.parse().map_err(|_| unfit())?;
        let offset = rule.time_zone.parse().map_err(|_| unfit())?;
        let except = rule.except.iter().map(|id| PrincipalId::new(id)).collect::<Result<_, _>>();
        let hours = OffHours { hours, offset, weekends: rule.weekends };
        Ok(Some(Expected { hours, except: except.map_err(|_| unfit())? }))
    }
}

/// Where it is malformed, without repeating what stands there.
fn malformed(line: Option<usize>) -> Failure {
    let place = line.map_or_else(String::new, |line| format!("line {line} of "));
    Failure::usage(format!("{place}the file of rules is not understood"))
        .next("`medsec audit watch --print-rules` prints rules to begin with")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_reject_unknown_names_and_wild_numbers() {
        for (text, line) in [
            ("[denials]\ncount = 1\n", "line 1"),
            ("[stale]\nhours = 1\n", "line 2"),
            ("x", "line 1"),
        ] {
            let failure = Rules::parse(text).unwrap_err();
            assert!(failure.message.contains(line), "{}", failure.message);
        }
        for text in [
            "[stale]\nminutes = 0\n",
            "[verify]\nminutes = 60\nwhole_every = 0\n",
            "[review]\ndays = 99999999\n",
            "[watch]\npause_seconds = 0\n",
            "[denials]\ncount = 0\nminutes = 1\n",
            "[off_hours]\nhours = \"7\"\ntime_zone = \"Z\"\nweekends = true\n",
            "[off_hours]\nhours = \"7-8\"\ntime_zone = \"Z\"\nweekends = true\nexcept = [\"=x\"]\n",
        ] {
            assert!(Rules::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn printed_rules_are_understood_and_all_on() {
        let rules = Rules::parse(DEFAULT).unwrap();
        let on = [
            rules.stale.is_some(),
            rules.verify.is_some(),
            rules.review.is_some(),
            rules.rotation.is_some(),
        ];
        assert_eq!(on, [true; 4]);
        assert!(rules.denials.is_some() && rules.emergency.is_some());
        assert!(rules.off_hours().unwrap().is_some());
        let Watch { history_days, pause_seconds, hook_seconds } = Watch::default();
        let printed =
            (rules.watch.history_days, rules.watch.pause_seconds, rules.watch.hook_seconds);
        assert_eq!(printed, (history_days, pause_seconds, hook_seconds));
    }
}
