//! Fields that several messages have.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use medsec::LoggedIn;
use medsec_audit::SessionId;
use medsec_crypto::{Bind, DatasetId, KeyRef, Stanza, StanzaKind};
use medsec_kms::{KeyContext, KeyName};
use medsec_policy::{Factors, GroupName, Principal, PrincipalId, PrincipalKind};

use super::Malformed;
use super::bytes::{In, Out};

const KINDS: [StanzaKind; 6] = [
    StanzaKind::LocalKek,
    StanzaKind::AwsKms,
    StanzaKind::VaultTransit,
    StanzaKind::Pkcs11,
    StanzaKind::HpkeX25519,
    StanzaKind::HpkeXWing,
];

/// To the nanosecond, up to 584 years: what is longer is as long as can be.
pub(super) fn put_duration(out: &mut Out, time: Duration) {
    out.u64(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
}

pub(super) fn duration(from: &mut In<'_>) -> Result<Duration, Malformed> {
    from.u64().map(Duration::from_nanos)
}

pub(super) fn put_logged_in(out: &mut Out, who: &LoggedIn) {
    let LoggedIn { principal, session, authentication_age, origin } = who;
    put_principal(out, principal);
    out.fixed(session.as_bytes());
    put_duration(out, *authentication_age);
    out.text(&origin.to_string());
}

pub(super) fn logged_in(from: &mut In<'_>) -> Result<LoggedIn, Malformed> {
    Ok(LoggedIn {
        principal: principal(from)?,
        session: SessionId::from_bytes(*from.array()?),
        authentication_age: duration(from)?,
        origin: from.word()?,
    })
}

fn put_principal(out: &mut Out, principal: &Principal) {
    let Principal { id, kind, method, factors, authenticated_at, groups } = principal;
    out.text(id.as_str());
    out.u8(u8::from(*kind == PrincipalKind::Service));
    out.text(method.name());
    out.u8(u8::from(*factors == Factors::Two));
    // Before 1970 is as never: nothing that asks for a fresh proof takes either.
    put_duration(out, authenticated_at.duration_since(UNIX_EPOCH).unwrap_or_default());
    out.count(groups.len());
    groups.iter().for_each(|group| out.text(group.as_str()));
}

fn principal(from: &mut In<'_>) -> Result<Principal, Malformed> {
    let id = PrincipalId::new(from.text()?).map_err(|_| Malformed)?;
    let kind = match from.u8()? {
        0 => PrincipalKind::Person,
        1 => PrincipalKind::Service,
        _ => return Err(Malformed),
    };
    let method = from.word()?;
    let factors = match from.u8()? {
        0 => Factors::One,
        1 => Factors::Two,
        _ => return Err(Malformed),
    };
    let authenticated_at: SystemTime = UNIX_EPOCH.checked_add(duration(from)?).ok_or(Malformed)?;
    let list = from.list(|from| GroupName::new(from.text()?).map_err(|_| Malformed))?;
    // One order, no group twice.
    let sorted = list.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let groups = sorted.then(|| list.into_iter().collect()).ok_or(Malformed)?;
    Ok(Principal { id, kind, method, factors, authenticated_at, groups })
}

pub(super) fn put_key_ref(out: &mut Out, key_ref: &KeyRef) {
    out.u8(key_ref.kind().number());
    out.bytes16(key_ref.as_bytes());
}

pub(super) fn key_ref(from: &mut In<'_>) -> Result<KeyRef, Malformed> {
    let number = from.u8()?;
    let kind = KINDS.into_iter().find(|kind| kind.number() == number);
    let kind = kind.unwrap_or(StanzaKind::Unknown(number));
    KeyRef::new(kind, from.bytes16()?).map_err(|_| Malformed)
}

pub(super) fn put_stanza(out: &mut Out, stanza: &Stanza) {
    put_key_ref(out, stanza.key_ref());
    out.bytes16(stanza.wrapped());
}

pub(super) fn stanza(from: &mut In<'_>) -> Result<Stanza, Malformed> {
    let key_ref = key_ref(from)?;
    Stanza::new(key_ref, from.bytes16()?.to_vec()).map_err(|_| Malformed)
}

pub(super) fn put_context(out: &mut Out, context: &KeyContext) {
    out.fixed(context.bind.as_bytes());
    out.maybe(context.dataset.as_ref(), |out, dataset| out.text(dataset.as_str()));
}

pub(super) fn context(from: &mut In<'_>) -> Result<KeyContext, Malformed> {
    let bind = Bind::from_bytes(*from.array()?);
    let dataset = from.maybe(|from| DatasetId::new(from.text()?).map_err(|_| Malformed))?;
    Ok(KeyContext { bind, dataset })
}

pub(super) fn key_name(from: &mut In<'_>) -> Result<KeyName, Malformed> {
    from.word()
}
