//! Why a credential was refused, as the audit record has it.

use crate::text::codes;

codes!(
    /// Why a credential was refused. Never part of an answer to who showed it.
    RefusedBecause, "reason of refusal" {
        /// The time since the machine's start cannot be read, or the wall clock is before 1970.
        ClockUnreadable => "clock-unreadable",
        /// The wall clock shows much less than it did.
        ClockSetBack => "clock-set-back",

        /// The token is longer than 16 KiB.
        TokenTooLong => "token-too-long",
        /// The token has not exactly three parts.
        NotThreeParts => "not-three-parts",
        /// A part of the token is padded.
        Padding => "padding",
        /// A part of the token is not base64url in its one canonical form.
        Encoding => "encoding",
        /// The token has no signature.
        SignatureMissing => "signature-missing",
        /// The token's header is not a JSON object in UTF-8.
        HeaderJson => "header-json",
        /// A name stands twice in an object of the token's header.
        HeaderDuplicate => "header-duplicate",
        /// The token asks for an extension that must be understood.
        CriticalHeader => "critical-header",
        /// The token brings the key that it wants to be verified with, or says where it is.
        EmbeddedKey => "embedded-key",
        /// The token is of a type that is not accepted.
        TokenType => "token-type",
        /// The token names no algorithm.
        AlgorithmMissing => "algorithm-missing",
        /// The token says that it is not signed.
        AlgorithmNone => "algorithm-none",
        /// The token has a code in place of a signature, made with a secret that its verifier would share.
        AlgorithmSymmetric => "algorithm-symmetric",
        /// The algorithm is not in the list of those that are accepted.
        AlgorithmNotAllowed => "algorithm-not-allowed",
        /// The token does not name its key.
        KeyIdMissing => "key-id-missing",
        /// There is no key set to verify the token with.
        KeysUnavailable => "keys-unavailable",
        /// The key set does not have the key, nor does a newer one.
        KeyUnknown => "key-unknown",
        /// The algorithm is not for a key of this type, or this key is for another algorithm.
        KeyMismatch => "key-mismatch",
        /// The signature is not that of the key under the token.
        Signature => "signature",
        /// The token's claims are not a JSON object in UTF-8.
        ClaimsJson => "claims-json",
        /// A name stands twice in an object of the token's claims.
        ClaimsDuplicate => "claims-duplicate",
        /// No issuer.
        IssuerMissing => "issuer-missing",
        /// The issuer is not a text.
        IssuerForm => "issuer-form",
        /// Another issuer.
        IssuerOther => "issuer-other",
        /// No audience.
        AudienceMissing => "audience-missing",
        /// The audience is neither a text nor a short list of texts.
        AudienceForm => "audience-form",
        /// The token is for others, or for others too.
        AudienceOther => "audience-other",
        /// No end of validity.
        ExpiryMissing => "expiry-missing",
        /// The end of validity is not a whole number of seconds.
        ExpiryForm => "expiry-form",
        /// Validity has ended.
        Expired => "expired",
        /// No begin of validity.
        NotBeforeMissing => "not-before-missing",
        /// The begin of validity is not a whole number of seconds.
        NotBeforeForm => "not-before-form",
        /// Validity has not begun.
        NotYetValid => "not-yet-valid",
        /// No time of issue.
        IssuedMissing => "issued-missing",
        /// The time of issue is not a whole number of seconds.
        IssuedForm => "issued-form",
        /// The time of issue has not come yet.
        IssuedInFuture => "issued-in-future",
        /// The token is valid for longer than is accepted, or ends before it begins.
        Lifetime => "lifetime",
        /// No time of authentication, where one is asked for.
        AuthenticatedMissing => "authenticated-missing",
        /// The time of authentication is not a whole number of seconds.
        AuthenticatedForm => "authenticated-form",
        /// The time of authentication has not come yet.
        AuthenticatedInFuture => "authenticated-in-future",
        /// Authenticated too long ago.
        AuthenticatedTooOld => "authenticated-too-old",
        /// The token counts only together with a key that its holder would have to use.
        BoundToKey => "bound-to-key",
        /// Somebody acts for somebody else.
        Delegated => "delegated",
        /// No subject.
        SubjectMissing => "subject-missing",
        /// The subject is not a text, or empty, or too long.
        SubjectForm => "subject-form",
        /// The claim that names the principal is missing.
        NameMissing => "name-missing",
        /// The claim that names the principal is not a text.
        NameForm => "name-form",
        /// The name is that of nobody whom the policy lists.
        NameUnknown => "name-unknown",
        /// The name is another's than the key that is used with the credential.
        NameOther => "name-other",
        /// The mail address is not said to be verified.
        EmailUnverified => "email-unverified",
        /// Not a service account of Kubernetes, or its claims name two different ones.
        ServiceAccount => "service-account",
        /// The name cannot be the identifier of a principal.
        PrincipalForm => "principal-form",
        /// The name is generic, shared or reserved.
        PrincipalReserved => "principal-reserved",
        /// The claim that tells programs from persons is not a text.
        KindForm => "kind-form",
        /// What is said about factors of authentication is not a text or a short list of texts.
        FactorsForm => "factors-form",
        /// The groups are not a list of texts.
        GroupsForm => "groups-form",
        /// A group's name cannot be one.
        GroupName => "group-name",
        /// More groups than are accepted.
        GroupsTooMany => "groups-too-many",
        /// The groups stand elsewhere and not in the token.
        GroupsElsewhere => "groups-elsewhere",
        /// The token has no identifier of its own.
        TokenIdMissing => "token-id-missing",
        /// The token's identifier is not a text, or empty, or too long.
        TokenIdForm => "token-id-form",
        /// The token was used before.
        Replayed => "replayed",
        /// No more tokens can be remembered.
        ReplayMemoryFull => "replay-memory-full",

        /// No certificate.
        CertificateMissing => "certificate-missing",
        /// Too many certificates, or one that is too long.
        CertificateTooLong => "certificate-too-long",
        /// Not a certificate.
        CertificateForm => "certificate-form",
        /// No path to a trusted root, or a signature or constraint on the path does not hold.
        CertificateUntrusted => "certificate-untrusted",
        /// A certificate on the path has expired.
        CertificateExpired => "certificate-expired",
        /// A certificate on the path is not valid yet.
        CertificateNotYetValid => "certificate-not-yet-valid",
        /// The certificate is not for the authentication of clients.
        CertificateUsage => "certificate-usage",
        /// A certificate on the path is revoked.
        CertificateRevoked => "certificate-revoked",
        /// No current revocation list speaks of a certificate on the path.
        RevocationUnknown => "revocation-unknown",
        /// The certificate has no name of the kind that is asked for.
        CertificateNameMissing => "certificate-name-missing",
        /// The certificate has several names of the kind that is asked for.
        CertificateNameAmbiguous => "certificate-name-ambiguous",
    }
);
