//! The local store behind each decorator, and behind all, under the suite that every key service passes.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_kms::{
    Breaker, BreakerLimits, Deadline, Guards, KeyAdmin, KeyContext, KeyDescription, KeyFuture,
    KeyName, KeyService, KeyServiceError, KeyServices, Limit, Retry, RetryLimits, ThreadTimer,
    Timer,
};
use medsec_testkit::KeyServiceHarness;

use crate::conformance::Local;

type Wrap = fn(Arc<dyn KeyService>) -> Arc<dyn KeyService>;

struct Decorated {
    local: Box<dyn KeyServiceHarness>,
    wrap: Wrap,
}

/// A shared service as one that is owned.
#[derive(Debug)]
struct Owned(Arc<dyn KeyService>);

impl KeyService for Owned {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        self.0.generate_dek(key, context)
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        self.0.wrap_dek(key, dek, context)
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        self.0.unwrap_dek(stanza, context)
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        self.0.rewrap_dek(stanza, key, context)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.0.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.0.describe_key(key)
    }

    fn assurance(&self) -> Assurance {
        self.0.assurance()
    }
}

impl Decorated {
    fn around(&self, service: Box<dyn KeyService>) -> Box<dyn KeyService> {
        Box::new(Owned((self.wrap)(Arc::from(service))))
    }
}

impl KeyServiceHarness for Decorated {
    fn admin(&self) -> &dyn KeyAdmin {
        self.local.admin()
    }

    fn service(&self) -> Box<dyn KeyService> {
        self.around(self.local.service())
    }

    fn stranger(&self) -> Box<dyn KeyService> {
        self.around(self.local.stranger())
    }

    fn another(&self) -> Box<dyn KeyServiceHarness> {
        Box::new(Self { local: self.local.another(), wrap: self.wrap })
    }

    fn advance(&self, time: Duration) -> bool {
        self.local.advance(time)
    }

    fn binds_dataset(&self) -> bool {
        self.local.binds_dataset()
    }

    fn names_versions(&self) -> bool {
        self.local.names_versions()
    }
}

fn timer() -> Arc<dyn Timer> {
    Arc::new(ThreadTimer)
}

macro_rules! under_the_suite {
    ($($name:ident: $wrap:expr;)+) => {$(
        mod $name {
            use super::*;

            fn make() -> Decorated {
                Decorated { local: Box::new(Local::new()), wrap: $wrap }
            }

            medsec_testkit::key_service_conformance!(make, pollster::block_on);
        }
    )+};
}

under_the_suite! {
    retry: |inner| Arc::new(Retry::new(inner, timer(), RetryLimits::default()));
    breaker: |inner| Arc::new(Breaker::new(inner, timer(), BreakerLimits::default()));
    limit: |inner| Arc::new(Limit::new(inner, NonZeroUsize::new(2).unwrap()));
    deadline: |inner| Arc::new(Deadline::new(inner, timer(), Duration::from_secs(60)));
    all: |inner| Guards::default().around(inner, &timer());
    services: |inner| Arc::new(KeyServices::new(Some(inner)));
}
