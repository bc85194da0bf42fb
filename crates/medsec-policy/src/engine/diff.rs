//! Who gains and who loses what when one policy takes the place of another: found by deciding everything twice.
//!
//! Principals of whom both policies say the same, and whom no rule names, are decided once for all of them. Two
//! things are not seen: rules that ask who else sealed a package or claimed an emergency, and rules that look at
//! the age of a proof otherwise than the settings do.

mod space;

use std::collections::{BTreeMap, BTreeSet};

use self::space::{Class, Point, Space};
use super::Engine;
use super::resource_class::ResourceClass;
use crate::action::Action;
use crate::decision::{DecideError, Effect};
use crate::ids::{PrincipalId, RoleName};
use crate::purpose::Purpose;

/// The policies could not be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// It would take more decisions than are allowed.
    #[error("comparing takes {decisions} decisions; at most {most} are made")]
    TooLarge {
        /// How many.
        decisions: u64,
        /// The limit.
        most: u64,
    },
    /// A request could not be decided.
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// Gained or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Direction {
    /// Denied before, permitted now.
    Gains,
    /// Permitted before, denied now.
    Loses,
}

/// How well principals prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Proof {
    /// Just now, with two factors.
    Best,
    /// Just now, with one factor.
    OneFactor,
    /// With two factors, longer ago than either policy takes for fresh.
    Old,
}

/// The circumstances of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "it says under which circumstances both were asked")]
pub struct Under {
    /// Under an open emergency.
    pub emergency: bool,
    /// How well the principal proved who they are.
    pub proof: Proof,
}

/// One thing that some gain or lose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Change {
    /// Gained or lost.
    pub direction: Direction,
    /// What is done.
    pub action: Action,
    /// Of what.
    pub resource: ResourceClass,
    /// For these purposes; `None` is none stated.
    pub purposes: BTreeSet<Option<Purpose>>,
    /// Under these circumstances.
    pub under: BTreeSet<Under>,
    /// Who.
    pub principals: BTreeSet<PrincipalId>,
    /// The roles that all of them have: after the change if they gain, before it if they lose.
    pub roles: BTreeSet<RoleName>,
}

/// What is gained or lost, before principals are put together.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Matter {
    direction: Direction,
    action: Action,
    resource: ResourceClass,
    under: BTreeSet<Under>,
    purposes: BTreeSet<Option<Purpose>>,
}

/// The most decisions that [`diff`] is usually allowed: about a minute or two.
pub const MAX_DIFF_DECISIONS: u64 = 5_000_000;

/// Compares what all assigned principals may do, of everything, for every purpose. `most` limits the work.
///
/// # Errors
/// [`DiffError::TooLarge`] before any work if it takes more decisions than `most`; [`DiffError::Decide`] if one
/// of them fails.
pub fn diff(old: &Engine, new: &Engine, most: u64) -> Result<Vec<Change>, DiffError> {
    let space = Space::new(old, new).ok_or(DecideError::Evaluation)?;
    let decisions = space.decisions();
    if decisions > most {
        return Err(DiffError::TooLarge { decisions, most });
    }
    let mut matters: BTreeMap<Matter, Vec<&Class<'_>>> = BTreeMap::new();
    for class in space.classes() {
        for matter in matters_of(&space, class, old, new)? {
            matters.entry(matter).or_default().push(class);
        }
    }
    Ok(matters.into_iter().map(|(matter, classes)| change(matter, &classes, old, new)).collect())
}

/// What one class of principals gains and loses.
fn matters_of(
    space: &Space<'_>,
    class: &Class<'_>,
    old: &Engine,
    new: &Engine,
) -> Result<Vec<Matter>, DecideError> {
    let mut matters = Vec::new();
    for (action, resource) in space.doings(class) {
        let example = resource.example(class.example(), space.other());
        let mut by_purpose: BTreeMap<(Direction, Option<Purpose>), BTreeSet<Under>> =
            BTreeMap::new();
        for point in space.points() {
            let [before, after] =
                [old, new].map(|engine| permits(engine, class, action, &example, point));
            let direction = match (before?, after?) {
                (false, true) => Direction::Gains,
                (true, false) => Direction::Loses,
                _ => continue,
            };
            by_purpose.entry((direction, point.purpose)).or_default().insert(point.under);
        }
        let mut by_under: BTreeMap<(Direction, BTreeSet<Under>), BTreeSet<_>> = BTreeMap::new();
        for ((direction, purpose), under) in by_purpose {
            by_under.entry((direction, under)).or_default().insert(purpose);
        }
        matters.extend(by_under.into_iter().map(|((direction, under), purposes)| Matter {
            direction,
            action,
            resource: resource.clone(),
            under,
            purposes,
        }));
    }
    Ok(matters)
}

fn permits(
    engine: &Engine,
    class: &Class<'_>,
    action: Action,
    resource: &crate::request::Resource,
    point: &Point,
) -> Result<bool, DecideError> {
    let question = point.question(engine, class.example(), action, resource);
    Ok(engine.verdict(question.as_ref())?.effect == Effect::Permit)
}

fn change(matter: Matter, classes: &[&Class<'_>], old: &Engine, new: &Engine) -> Change {
    let engine = match matter.direction {
        Direction::Gains => new,
        Direction::Loses => old,
    };
    let roles = classes.iter().map(|class| engine.roles_of(class.example()));
    let Matter { direction, action, resource, under, purposes } = matter;
    Change {
        direction,
        action,
        resource,
        purposes,
        under,
        principals: classes.iter().flat_map(|class| class.members()).cloned().collect(),
        roles: roles.reduce(|a, b| a.intersection(&b).cloned().collect()).unwrap_or_default(),
    }
}

impl Engine {
    /// The roles of an assigned principal, with those that come with groups and other roles.
    fn roles_of(&self, id: &PrincipalId) -> BTreeSet<RoleName> {
        let places = self.hierarchy.principal(id).into_iter().flat_map(|standing| &standing.places);
        places.filter_map(|place| self.hierarchy.role_at(*place)).cloned().collect()
    }
}
