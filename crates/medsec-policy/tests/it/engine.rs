//! The engine: rules, decisions, explanations, comparisons, tables and the policies to begin with.

mod controls;
mod decide;
mod diff;
mod explain;
mod load;
mod ready;
mod slice;
mod support;
mod table;
