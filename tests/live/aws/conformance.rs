//! Both emulators under the suite that every key service passes.

mod moto {
    use crate::aws::emulator::{Emulator, Kind, block_on};

    medsec_testkit::key_service_conformance!((|| Emulator::new(Kind::Moto)), block_on);
}

mod localstack {
    use crate::aws::emulator::{Emulator, Kind, block_on};

    medsec_testkit::key_service_conformance!((|| Emulator::new(Kind::LocalStack)), block_on);
}
