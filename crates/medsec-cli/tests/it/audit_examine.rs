//! Examining the audit log through the program: on a week of events that the library wrote with a moved clock.

mod follow;
mod report;
mod review;
mod show;
mod watch;
mod watch_damage;
mod week;
