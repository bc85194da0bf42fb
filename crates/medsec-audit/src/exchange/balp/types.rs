//! How the data types of FHIR R4 are described here, and those that AuditEvent is made of.

use super::form::Form;

/// The elements of a type.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) elements: &'static [Element],
    /// Whether it may have modifier extensions.
    pub(super) is_backbone: bool,
    pub(super) also: Also,
}

/// What holds for a type beyond its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Also {
    Nothing,
    /// A value or extensions.
    Extension,
    /// One value.
    Detail,
    /// Not both a name and a query.
    Entity,
}

/// One element of a type. All have `id` and `extension` besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) is_list: bool,
}

/// What an element holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Primitive(Form),
    /// One of a required list of codes.
    Bound(&'static [&'static str]),
    Complex(&'static Type),
    /// To one of these kinds of resources; to any if there are none.
    Reference(&'static [&'static str]),
    Resource,
    /// A type that is not looked into.
    Any,
}

pub(super) const fn one(name: &'static str, kind: Kind) -> Element {
    Element { name, kind, is_required: false, is_list: false }
}

pub(super) const fn many(name: &'static str, kind: Kind) -> Element {
    Element { is_list: true, ..one(name, kind) }
}

pub(super) const fn must(element: Element) -> Element {
    Element { is_required: true, ..element }
}

const fn plain(elements: &'static [Element]) -> Type {
    Type { elements, is_backbone: false, also: Also::Nothing }
}

pub(super) const fn backbone(elements: &'static [Element], also: Also) -> Type {
    Type { elements, is_backbone: true, also }
}

pub(super) const TEXT: Kind = Kind::Primitive(Form::Text);
pub(super) const CODING_KIND: Kind = Kind::Complex(&CODING);
pub(super) const CONCEPT_KIND: Kind = Kind::Complex(&CONCEPT);

/// What every element has.
pub(super) static COMMON: [Element; 2] =
    [one("id", Kind::Primitive(Form::Text)), many("extension", Kind::Complex(&EXTENSION))];

/// Beside a primitive value, under its name with `_` in front.
pub(super) static SIBLING: Type = plain(&[]);

pub(super) static MODIFIER: Element = many("modifierExtension", Kind::Complex(&EXTENSION));

pub(super) static META: Type = plain(&[
    one("versionId", Kind::Primitive(Form::Id)),
    one("lastUpdated", Kind::Primitive(Form::Instant)),
    one("source", Kind::Primitive(Form::Uri)),
    many("profile", Kind::Primitive(Form::Uri)),
    many("security", CODING_KIND),
    many("tag", CODING_KIND),
]);

pub(super) static NARRATIVE: Type = plain(&[
    must(one("status", Kind::Bound(&["generated", "extensions", "additional", "empty"]))),
    must(one("div", Kind::Primitive(Form::Xhtml))),
]);

pub(super) static CODING: Type = plain(&[
    one("system", Kind::Primitive(Form::Uri)),
    one("version", TEXT),
    one("code", Kind::Primitive(Form::Code)),
    one("display", TEXT),
    one("userSelected", Kind::Primitive(Form::Boolean)),
]);

pub(super) static CONCEPT: Type = plain(&[many("coding", CODING_KIND), one("text", TEXT)]);

pub(super) static PERIOD: Type = plain(&[
    one("start", Kind::Primitive(Form::DateTime)),
    one("end", Kind::Primitive(Form::DateTime)),
]);

pub(super) static IDENTIFIER: Type = plain(&[
    one("use", Kind::Bound(&["usual", "official", "temp", "secondary", "old"])),
    one("type", CONCEPT_KIND),
    one("system", Kind::Primitive(Form::Uri)),
    one("value", TEXT),
    one("period", Kind::Complex(&PERIOD)),
    one("assigner", Kind::Reference(&["Organization"])),
]);

/// What a reference is made of; where it may lead is said by the element.
pub(super) static REFERENCE: Type = plain(&[
    one("reference", TEXT),
    one("type", Kind::Primitive(Form::Uri)),
    one("identifier", Kind::Complex(&IDENTIFIER)),
    one("display", TEXT),
]);

/// Values of types that no AuditEvent has elsewhere are not looked into.
pub(super) static EXTENSION: Type = Type {
    elements: &[
        must(one("url", Kind::Primitive(Form::Uri))),
        one("valueBase64Binary", Kind::Primitive(Form::Base64)),
        one("valueBoolean", Kind::Primitive(Form::Boolean)),
        one("valueCanonical", Kind::Primitive(Form::Uri)),
        one("valueCode", Kind::Primitive(Form::Code)),
        one("valueDate", Kind::Primitive(Form::Date)),
        one("valueDateTime", Kind::Primitive(Form::DateTime)),
        one("valueDecimal", Kind::Primitive(Form::Decimal)),
        one("valueId", Kind::Primitive(Form::Id)),
        one("valueInstant", Kind::Primitive(Form::Instant)),
        one("valueInteger", Kind::Primitive(Form::Integer)),
        one("valueMarkdown", TEXT),
        one("valueOid", Kind::Primitive(Form::Uri)),
        one("valuePositiveInt", Kind::Primitive(Form::Positive)),
        one("valueString", TEXT),
        one("valueTime", Kind::Primitive(Form::Time)),
        one("valueUnsignedInt", Kind::Primitive(Form::Unsigned)),
        one("valueUri", Kind::Primitive(Form::Uri)),
        one("valueUrl", Kind::Primitive(Form::Uri)),
        one("valueUuid", Kind::Primitive(Form::Uri)),
        one("valueCodeableConcept", CONCEPT_KIND),
        one("valueCoding", CODING_KIND),
        one("valueIdentifier", Kind::Complex(&IDENTIFIER)),
        one("valueMeta", Kind::Complex(&META)),
        one("valuePeriod", Kind::Complex(&PERIOD)),
        one("valueReference", Kind::Reference(&[])),
        one("valueAddress", Kind::Any),
        one("valueAge", Kind::Any),
        one("valueAnnotation", Kind::Any),
        one("valueAttachment", Kind::Any),
        one("valueContactDetail", Kind::Any),
        one("valueContactPoint", Kind::Any),
        one("valueContributor", Kind::Any),
        one("valueCount", Kind::Any),
        one("valueDataRequirement", Kind::Any),
        one("valueDistance", Kind::Any),
        one("valueDosage", Kind::Any),
        one("valueDuration", Kind::Any),
        one("valueExpression", Kind::Any),
        one("valueHumanName", Kind::Any),
        one("valueMoney", Kind::Any),
        one("valueParameterDefinition", Kind::Any),
        one("valueQuantity", Kind::Any),
        one("valueRange", Kind::Any),
        one("valueRatio", Kind::Any),
        one("valueRelatedArtifact", Kind::Any),
        one("valueSampledData", Kind::Any),
        one("valueSignature", Kind::Any),
        one("valueTiming", Kind::Any),
        one("valueTriggerDefinition", Kind::Any),
        one("valueUsageContext", Kind::Any),
    ],
    is_backbone: false,
    also: Also::Extension,
};
