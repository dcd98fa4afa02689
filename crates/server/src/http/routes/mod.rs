//! The routes, one file for each thing that they are about.

pub(super) mod attention;
pub(super) mod boards;
pub(super) mod cord;
pub(super) mod files;
pub(super) mod home;
pub(super) mod insight;
pub(super) mod notices;
pub(super) mod plan;
pub(super) mod planning;
mod problems;
pub(super) mod runs;
pub(super) mod tasks;
pub(super) mod verb;
pub(super) mod verb_call;
pub(super) mod verb_port;
pub(super) mod verbs;

pub(super) use problems::Problems;
