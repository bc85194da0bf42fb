//! The medsec program
