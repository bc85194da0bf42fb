//! Key services for medsec: identities, the local key store, and the seam to key management services
