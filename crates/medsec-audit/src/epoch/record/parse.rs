//! From JSON to the record of an epoch. That nothing is left over, and in which order it stands, shows when the
//! result is written again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Epoch, EpochReason, Loss, Retirement};
use crate::count::Count;
use crate::epoch::{Genesis, Retention};
use crate::json::{self, Node, Object};

pub(super) fn epoch(line: &[u8]) -> Option<Epoch> {
    let members = Fields(json::parse(line).ok()?);
    Some(Epoch {
        number: members.number("epoch")?,
        key: members.word("key")?,
        next: members.word("next")?,
        reason: reason(&members)?,
    })
}

fn reason(members: &Fields) -> Option<EpochReason> {
    Some(match members.text("why")? {
        "genesis" => EpochReason::Genesis(Box::new(genesis(members)?)),
        "start" => EpochReason::Start,
        "rotate" => EpochReason::Rotate,
        "recover" => EpochReason::Recover(loss(members)?),
        "close" => EpochReason::Close,
        "rekey" => EpochReason::Rekey(Box::new(members.signature()?)),
        "retire" => EpochReason::Retire(Box::new((retirement(members)?, members.signature()?))),
        _ => return None,
    })
}

fn genesis(members: &Fields) -> Option<Genesis> {
    Some(Genesis {
        log: members.word("log")?,
        stream: members.word("stream")?,
        id: members.word("id")?,
        log_key: members.word("log-key")?,
        retention: Retention::days(members.number("retention")?.get()).ok()?,
    })
}

fn retirement(members: &Fields) -> Option<Retirement> {
    let (first, last) = (members.number("first")?, members.number("last")?);
    let root = members.word("root")?;
    (first <= last).then_some(Retirement { first, last, root })
}

fn loss(members: &Fields) -> Option<Loss> {
    Some(Loss {
        bytes: members.number("bytes")?,
        digest: members.word("sha256")?,
        acknowledged: members.number("acknowledged"),
    })
}

struct Fields(Object);

impl Fields {
    fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    fn signature(&self) -> Option<[u8; 64]> {
        STANDARD.decode(self.text("sig")?).ok()?.try_into().ok()
    }

    fn number(&self, name: &str) -> Option<Count> {
        match self.get(name)? {
            Node::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn word<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }
}
