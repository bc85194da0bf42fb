module medsec.example/oracle

go 1.25

require golang.org/x/mod v0.0.0

// The copy that the Go toolchain carries; `cargo xtask test` lays it here before it builds.
replace golang.org/x/mod => ./x-mod
