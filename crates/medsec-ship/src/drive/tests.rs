//! Drives against doubles that fail in every way, over a real log.

mod anchors;
mod diary;
mod followers;
mod scene;
