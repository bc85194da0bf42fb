//! Sealed packages for medical data: envelope encryption, streaming, ranged, signed
