//! Drives the attribute from outside: what compiles, what runs, what is left behind.

#![forbid(unsafe_code)]

mod children;
mod fixtures;
mod recording;
mod rejections;
