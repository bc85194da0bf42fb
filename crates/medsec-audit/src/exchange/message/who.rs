//! The agents: who asked, for whom, from where, and which program did it.

use super::super::code::{self as c, Code};
use super::deed::Way;
use super::{Agent, Id, Network, Who};
use crate::event::{Actor, Event, Origin, Principal};

/// The principal and whom they acted for, the program, and where the request came from. Exactly one of them is the
/// requestor.
pub(super) fn agents(event: &Event, way: Option<Way>) -> Vec<Agent> {
    let mut agents = Vec::new();
    if let Some(principal) = event.actor.principal() {
        agents.push(user(event, principal, way));
        agents.extend(principal.on_behalf_of.as_ref().map(|id| {
            let who = Who::Known(Id::new("principal", id));
            agent(c::DELEGATOR, who)
        }));
    }
    agents.push(application(event, way));
    // A local request of somebody known has no agent of its own, unless a profile asks for one.
    let shown = way.is_some() || event.place.origin != Origin::Local;
    if shown || event.actor == Actor::Unknown {
        agents.push(client(event, way));
    }
    agents
}

fn user(event: &Event, principal: &Principal, way: Option<Way>) -> Agent {
    let kind = match (way, &event.actor) {
        (Some(Way::Read), _) => c::RECIPIENT,
        (Some(Way::Create | Way::Update), _) => c::AUTHOR,
        (None, Actor::Service(_)) => c::DATA_PROCESSOR,
        (None, _) => c::HUMAN_USER,
    };
    Agent {
        role: principal.role.as_ref().map(ToString::to_string),
        requestor: true,
        policy: event.ruling.map(|ruling| ruling.policy.to_string()),
        purpose: event.purpose.map(c::purpose),
        ..agent(kind, Who::Known(Id::new("principal", &principal.id)))
    }
}

fn application(event: &Event, way: Option<Way>) -> Agent {
    let place = &event.place;
    let kind = sides(way).map_or(c::APPLICATION, |(_, server)| server);
    Agent {
        process_number: place.pid,
        requestor: event.actor == Actor::System,
        network: Some(Network::Host(place.host.to_string())),
        ..agent(kind, Who::Known(Id::of_application(&place.process, &place.host)))
    }
}

/// Where the request came from. On the same machine this is the program itself.
fn client(event: &Event, way: Option<Way>) -> Agent {
    let place = &event.place;
    let kind = sides(way).map_or(c::SOURCE, |(client, _)| client);
    let (who, network) = match place.origin {
        Origin::Local => (
            Who::Known(Id::of_application(&place.process, &place.host)),
            Network::Host(place.host.to_string()),
        ),
        Origin::Remote => (Who::Word("remote"), Network::NotRecorded),
        Origin::Address(address) => {
            (Who::Known(Id::new("address", &address)), Network::Address(address))
        }
    };
    let unknown = event.actor == Actor::Unknown;
    let who = if unknown { Who::Word("unknown") } else { who };
    Agent { requestor: unknown, network: Some(network), ..agent(kind, who) }
}

/// Which side of an access client and server are on: content goes to whoever reads it, and comes from whoever
/// creates or changes it.
const fn sides(way: Option<Way>) -> Option<(Code, Code)> {
    match way {
        None => None,
        Some(Way::Read) => Some((c::DESTINATION, c::SOURCE)),
        Some(Way::Create | Way::Update) => Some((c::SOURCE, c::DESTINATION)),
    }
}

const fn agent(kind: Code, who: Who) -> Agent {
    Agent {
        kind,
        who,
        process_number: None,
        role: None,
        requestor: false,
        network: None,
        policy: None,
        purpose: None,
    }
}
