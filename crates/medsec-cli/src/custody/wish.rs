//! Why something is done, as the user states it.

use clap::Args;
use medsec_policy::Purpose;

use crate::settings::Settings;

/// The purpose of use.
#[derive(Clone, Debug, Args)]
pub(crate) struct PurposeOption {
    /// Why: a code of HL7's purposes of use, such as TREAT (treatment), HRESCH (research) or HOPERAT (operations).
    /// By default the one in the settings.
    #[arg(long, value_name = "CODE")]
    pub(crate) purpose: Option<Purpose>,
}

impl PurposeOption {
    /// As stated, here or in the settings.
    pub(crate) fn of(&self, settings: &Settings) -> Option<Purpose> {
        self.purpose.or(settings.purpose.value)
    }
}
