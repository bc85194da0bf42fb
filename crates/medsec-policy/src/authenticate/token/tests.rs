#![expect(clippy::arithmetic_side_effects, reason = "times of tests are small")]

mod accepted;
mod bad;
mod issuers;
mod making;
mod mapping;
mod rotation;
mod times;
