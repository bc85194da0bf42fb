//! Doubles and conformance suites for medsec's own tests
