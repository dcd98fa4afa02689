//! The matrix: every event in every status.
